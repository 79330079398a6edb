"""Cuts a file of statements into statements, without reading it whole.

A file is one statement a line (NDJSON), one array, one answer of another store
(``{"statements": [...]}``), a table (CSV) with a column that holds statements, or a single
statement; gzip is seen by its first bytes. What one
element looks like inside is not judged here: a broken one is handed on as it is, so that it can be
refused alone, with its place, and the rest goes in.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, NamedTuple, cast

import orjson

from lrs.errors import BadInput
from lrs.xapi.dumps import COLUMNS

_CHUNK = 1 << 20
_HEAD = 1 << 16
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_ARRAY = re.compile(rb"\s*\[")
_RESULT = re.compile(rb'\s*\{\s*"statements"\s*:\s*\[')
_MARK_BETWEEN = re.compile(rb'["\[\]{},]')
_MARK_INSIDE = re.compile(rb'["\[\]{}]')
Form = Literal["lines", "array", "object", "table"]

_REST_OF_STRING = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


class Element(NamedTuple):
    """One element of a file: its number, counted from 1, and its bytes."""

    number: int
    raw: bytes


class StatementFile:
    """A file of statements; ``largest`` is the size in bytes over which an element is refused."""

    def __init__(self, path: Path, *, largest: int) -> None:
        self.path = path
        self._position: IO[bytes] | None = None
        self._largest = largest
        try:
            self.size = path.stat().st_size
            with path.open("rb") as file:
                self._is_gzip = file.read(2) == b"\x1f\x8b"
        except OSError as exc:
            raise BadInput(f"the file cannot be read: {exc.strerror}", where=str(path)) from exc
        self._begins_with = b""
        self._delimiter = ","
        self._form = self._find_form()

    def digest(self) -> bytes:
        """Return 16 bytes of SHA-256 of the file as it lies there."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()[:16]

    def place(self, number: int) -> str:
        """Return where an element stands, for a reader of messages."""
        if self._form == "lines":
            return f"{self.path.name}:{number}"
        if self._form == "table":
            return f"{self.path.name} row {number}"
        return f"{self.path.name}[{number - 1}]"

    @property
    def read_bytes(self) -> int:
        """How far its elements are read, while they are; the system must tell, so ask seldom."""
        return self.size if self._position is None else self._position.tell()

    def elements(self) -> Iterator[Element]:
        """Yield the elements in order; blank lines are none, but are counted."""
        with self._opened() as (file, position):
            file.read(len(self._begins_with))
            self._position = position
            try:
                for number, raw in enumerate(self._cut(file), 1):
                    if raw:
                        yield Element(number, raw)
            finally:
                self._position = None

    @contextmanager
    def _opened(self) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """Yield the content, and the file under it, which knows how far it was read."""
        with self.path.open("rb") as file:
            if not self._is_gzip:
                yield file, file
                return
            try:
                with gzip.GzipFile(fileobj=file) as content:
                    yield cast(IO[bytes], content), file
            except (EOFError, gzip.BadGzipFile, zlib.error) as exc:
                raise BadInput(
                    f"the gzip file is broken: {exc}",
                    where=str(self.path),
                    hint="what stands before the break is stored; import a whole copy to go on",
                ) from exc

    def _cut(self, file: IO[bytes]) -> Iterator[bytes]:
        if self._form == "array":
            return _array(file, self._largest, self.path)
        if self._form == "object":
            return iter([file.read().strip()])
        if self._form == "table":
            return self._rows(file)
        return self._lines(file)

    def _find_form(self) -> Form:
        with self._opened() as (file, _):
            head = file.read(_HEAD)
        if head[:2] in _UTF16:
            raise BadInput(
                "the file is UTF-16", where=str(self.path), hint="save it as UTF-8 and try again"
            )
        bom = _BOM if head.startswith(_BOM) else b""
        found = _ARRAY.match(head, len(bom)) or _RESULT.match(head, len(bom))
        self._begins_with = head[: found.end()] if found else bom
        if found:
            return "array"
        delimiter = _delimiter(head[len(bom) :])
        if delimiter is not None:
            self._delimiter = delimiter
            return "table"
        return "object" if self._is_one_object() else "lines"

    def _is_one_object(self) -> bool:
        """Return whether this is one statement on several lines."""
        with self._opened() as (file, _):
            file.read(len(self._begins_with))
            first = file.readline(self._largest)
            if _is_json(first):
                return False
            whole = first + file.read(self._largest)
        return len(whole) <= self._largest and _is_json(whole)

    def _lines(self, file: IO[bytes]) -> Iterator[bytes]:
        while line := file.readline(self._largest):
            whole = line
            while not whole.endswith(b"\n") and (whole := file.readline(self._largest)):
                pass  # too long to be kept; its beginning is enough to refuse it by
            yield line.strip()

    def _rows(self, file: IO[bytes]) -> Iterator[bytes]:
        """Yield each row as an object of texts."""
        # A limit of the whole process; no other table that it reads has cells as large.
        csv.field_size_limit(max(csv.field_size_limit(), self._largest))
        lines = (line.decode(errors="surrogateescape") for line in _each_line(file, self._largest))
        try:
            for row in csv.DictReader(lines, delimiter=self._delimiter):
                named = {name: text for name, text in row.items() if name is not None}
                # Bytes that are no UTF-8 are seen when the row is read, and it is refused alone.
                yield json.dumps(named).encode()
        except csv.Error as exc:
            raise BadInput(f"the table cannot be read: {exc}", where=str(self.path)) from exc


def _each_line(file: IO[bytes], largest: int) -> Iterator[bytes]:
    while line := file.readline(largest):
        yield line


def _delimiter(head: bytes) -> str | None:
    """Return what parts the columns, if the first line names one that holds statements."""
    first = head.partition(b"\n")[0].strip().decode(errors="replace")
    if first.startswith(("{", "[")):
        return None
    for delimiter in ",;\t":
        if COLUMNS.intersection(name.strip('"') for name in first.split(delimiter)):
            return delimiter
    return None


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _array(file: IO[bytes], largest: int, path: Path) -> Iterator[bytes]:
    """Yield what stands between the commas of an array whose opening bracket was read."""
    cutter = _Cutter()
    while True:
        yield from cutter.elements()
        if cutter.is_closed:
            return
        more = file.read(_CHUNK)
        if not more:
            raise BadInput(
                "the file ends before its array does",
                where=str(path),
                hint="what stands before the end is stored; import a whole copy to go on",
            )
        if cutter.feed(more) > largest + _CHUNK:
            raise BadInput(f"an element is larger than {largest} bytes", where=str(path))


class _Cutter:
    """Finds the commas of an array by counting brackets, passing over strings."""

    def __init__(self) -> None:
        self.is_closed = False
        self._buffer = b""
        self._start = self._at = self._depth = 0

    def feed(self, more: bytes) -> int:
        """Take more of the file; return how much is waiting for its end."""
        self._buffer = self._buffer[self._start :] + more
        self._at -= self._start
        self._start = 0
        return len(self._buffer)

    def elements(self) -> Iterator[bytes]:
        """Yield the elements that are whole."""
        while not self.is_closed and (sign := self._next_sign()):
            if sign in b"{[":
                self._depth += 1
            elif self._depth:
                self._depth -= 1
            elif sign in b",]":
                element = self._buffer[self._start : self._at - 1].strip()
                self._start = self._at
                self.is_closed = sign == b"]"
                if element or not self.is_closed:
                    yield element

    def _next_sign(self) -> bytes:
        """Step to just past the next bracket, or comma between elements; nothing: feed me."""
        marks = _MARK_INSIDE if self._depth else _MARK_BETWEEN
        while mark := marks.search(self._buffer, self._at):
            if mark.group() != b'"':
                self._at = mark.end()
                return mark.group()
            string = _REST_OF_STRING.match(self._buffer, mark.end())
            if string is None:
                self._at = mark.start()
                return b""
            self._at = string.end()
        self._at = len(self._buffer)
        return b""
