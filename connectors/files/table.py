"""Reading a table from a CSV file: UTF-8, comma, semicolon or tab, quoted fields, rows by their line.

Whatever makes the file as a whole unusable raises `BadInput` that names the line. A row with the
wrong number of fields is the row's own fault, and is told with it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lrs.errors import BadInput
from lrs.xapi.digests import digest16

_DELIMITERS = (",", ";", "\t")
_LONGEST_FIELD = 1 << 20
_EXCEL = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Record(NamedTuple):
    """One row: the line it begins on, its fields, and what is wrong with it as a row, if anything."""

    line: int
    fields: list[str]
    fault: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file whose header was read."""

    path: Path
    header: tuple[str, ...]
    delimiter: str

    @property
    def name(self) -> str:
        """Return what messages call the file."""
        return self.path.name

    @property
    def layout(self) -> bytes:
        """Return the digest of the header, by which a mapping is remembered."""
        return digest16("\x1f".join(name.casefold() for name in self.header))

    def records(self) -> Iterator[Record]:
        """Yield the rows below the header; blank lines are passed over."""
        width = len(self.header)
        for line, fields in _rows(self.path, self.delimiter, skip=1):
            yield Record(line, fields, _fault(fields, width))


def read_table(path: Path) -> Table:
    """Return the table in the file; raises `BadInput` when there is none."""
    _refuse_other_formats(path)
    delimiter = _delimiter(path)
    for line, fields in _rows(path, delimiter):
        header = _header(fields, f"{path.name}:{line}")
        return Table(path, header, delimiter)
    raise BadInput("the file is empty", where=path.name, hint="the first line names the columns")


def _refuse_other_formats(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as exc:
        raise BadInput(f"the file cannot be read: {exc.strerror}", where=str(path)) from exc
    if start.startswith(_EXCEL):
        raise BadInput(
            "this is an Excel file, not a CSV file",
            where=path.name,
            hint='save it as "CSV UTF-8" and import that',
        )
    if start.startswith(_UTF16):
        raise BadInput("the file is UTF-16", where=path.name, hint="save it as UTF-8")


def _delimiter(path: Path) -> str:
    """Return the delimiter that parts the header best; quoted names do not count."""
    line = _first_line(path)
    outside = "".join(line.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        for raw in file:
            if raw.strip(b"\xef\xbb\xbf \t\r\n"):
                return raw.decode("utf-8-sig", errors="replace")
    return ""


def _header(fields: list[str], where: str) -> tuple[str, ...]:
    names = tuple(field.strip() for field in fields)
    while names and not names[-1]:
        names = names[:-1]
    seen: set[str] = set()
    for name in names:
        if name and name.casefold() in seen:
            raise BadInput(
                f"the column {name!r} is there twice", where=where, hint="rename or remove one"
            )
        seen.add(name.casefold())
    return names


def _rows(path: Path, delimiter: str, skip: int = 0) -> Iterator[tuple[int, list[str]]]:
    """Yield (line it begins on, fields, stripped) of every row that is not blank."""
    csv.field_size_limit(_LONGEST_FIELD)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        begins = 1
        try:
            for fields in reader:
                line, begins = begins, reader.line_num + 1
                stripped = [field.strip() for field in fields]
                if not any(stripped):
                    continue
                if skip:
                    skip -= 1
                    continue
                yield line, stripped
        except csv.Error as exc:
            raise BadInput(
                f"the row that begins here is not CSV: {exc}",
                where=f"{path.name}:{begins}",
                hint='a field with a quote in it is written "like ""this"""',
            ) from exc
        except UnicodeDecodeError as exc:
            raise BadInput(
                "the file is not UTF-8",
                where=f"{path.name}, near line {begins}",
                hint='save it as "CSV UTF-8"',
            ) from exc


def _fault(fields: list[str], width: int) -> str | None:
    while len(fields) > width and not fields[-1]:
        fields.pop()
    if len(fields) > width:
        return f"the row has {len(fields)} fields, the header {width} columns"
    if len(fields) < width:
        return f"the row has only {len(fields)} of the header's {width} columns"
    if any("\0" in field for field in fields):
        return "the row holds the character NUL"
    return None
