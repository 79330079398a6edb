"""Statements as a Parquet file, for tools that read columns, and back from one.

A row is a statement: what tables are joined and filtered by stands in columns of its own, the whole
statement beside them as the text it is answered as. Rows are written and read a group at a time, so
memory does not grow with the file. pyarrow weighs more than the rest of Verkan together, so it
comes with the extra ``parquet`` and is imported when a Parquet file is met.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import msgspec
import orjson

from lrs.errors import BadInput
from lrs.store.ahead import ahead
from lrs.store.database import Database
from lrs.store.reading import Found, every_statement
from lrs.store.statement_files import Element
from lrs.xapi.agents import normal_form
from lrs.xapi.dumps import COLUMNS
from lrs.xapi.versions import WRITTEN

MAGIC = b"PAR1"
_GROUP_ROWS = 10_000
_GROUP_BYTES = 32_000_000
_READ_ROWS = 500


def write_parquet(
    database: Database,
    tenant_id: int,
    file: IO[bytes],
    *,
    since: int | None,
    progress: Callable[[int], None] | None,
) -> int:
    """Write the statements in the order stored; return how many.

    Columns: ``id``, ``stored`` and ``timestamp`` (microseconds, UTC), ``actor`` (the identifier as
    Verkan compares it; empty: an anonymous group), ``verb``, ``activity`` (empty: the object is
    none), ``registration``, ``version``, ``voided``, ``statement`` (JSON text).
    """
    arrow = _arrow()
    schema = _schema(arrow)
    written = 0
    with arrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        # Packing them is done without the interpreter, which makes the next ones meanwhile.
        for table in ahead(
            _tables(arrow, schema, every_statement(database, tenant_id, since=since)), 1
        ):
            writer.write_table(table)
            written += table.num_rows
            if progress is not None:
                progress(written)
    return written


def _tables(arrow: Any, schema: Any, found: Iterator[Found]) -> Iterator[Any]:
    for group in _groups(found):
        columns = zip(*map(_row, group), strict=True)
        arrays = [
            arrow.array(values, field.type) for values, field in zip(columns, schema, strict=True)
        ]
        yield arrow.Table.from_arrays(arrays, schema=schema)


class ParquetStatements:
    """A Parquet file with a column that holds statements as JSON text.

    It gives what `lrs.store.statement_files.StatementFile` gives, of a table.
    """

    def __init__(self, path: Path, *, largest: int) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.read_bytes = 0
        """How far it is read."""
        self._largest = largest
        self._arrow = _arrow()
        self._column = self._find_column()

    def digest(self) -> bytes:
        """Return 16 bytes of SHA-256 of the file as it lies there."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()[:16]

    def place(self, number: int) -> str:
        """Return where an element stands, for a reader of messages."""
        return f"{self.path.name} row {number}"

    def elements(self) -> Iterator[Element]:
        """Yield each row's statement, in the form of a document that holds it."""
        number = 0
        with self._opened() as file:
            rows = file.metadata.num_rows
            for batch in file.iter_batches(batch_size=_READ_ROWS, columns=[self._column]):
                for value in batch.column(0).to_pylist():
                    number += 1
                    self.read_bytes = self.size * number // rows
                    yield Element(number, self._element(value))

    def _element(self, value: Any) -> bytes:
        held = value.encode() if isinstance(value, str) else value
        if not isinstance(held, bytes) or not held:
            return b"null"
        if len(held) > self._largest:
            return held[: self._largest]  # enough to refuse it by
        if self._column == "statement":
            return held
        # Bytes that are no UTF-8 are seen when the row is read, and it is refused alone.
        return json.dumps({self._column: held.decode(errors="surrogateescape")}).encode()

    def _find_column(self) -> str:
        with self._opened() as file:
            names = set(file.schema_arrow.names)
        for name in ("statement", *sorted(COLUMNS)):
            if name in names:
                return name
        raise BadInput(
            "no column of this Parquet file holds statements",
            where=str(self.path),
            hint="name the column that holds them as JSON text `statement`",
        )

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        try:
            with self._arrow.parquet.ParquetFile(self.path) as file:
                yield file
        except (OSError, ValueError) as exc:  # pyarrow's own faults are of these kinds
            raise BadInput(
                f"the Parquet file cannot be read: {exc}",
                where=str(self.path),
                hint="import a whole copy of it",
            ) from exc


def is_parquet(path: Path) -> bool:
    """Return whether the file says of itself that it is Parquet."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False  # whoever opens it next says why


def _arrow() -> Any:
    try:
        import_module("pyarrow.parquet")
        return import_module("pyarrow")
    except ModuleNotFoundError as exc:
        raise BadInput(
            "Parquet needs the package pyarrow, which is not installed",
            where="parquet",
            hint="pip install 'verkan[parquet]'",
        ) from exc


def _schema(arrow: Any) -> Any:
    text, instant = arrow.string(), arrow.timestamp("us", tz="UTC")
    return arrow.schema(
        [
            arrow.field("id", text, nullable=False),
            arrow.field("stored", instant, nullable=False),
            arrow.field("timestamp", instant, nullable=False),
            arrow.field("actor", text),
            arrow.field("verb", text, nullable=False),
            arrow.field("activity", text),
            arrow.field("registration", text),
            arrow.field("version", text, nullable=False),
            arrow.field("voided", arrow.bool_(), nullable=False),
            arrow.field("statement", text, nullable=False),
        ]
    )


def _groups(found: Iterator[Found]) -> Iterator[list[Found]]:
    group: list[Found] = []
    size = 0
    for one in found:
        group.append(one)
        size += len(one.answer)
        if len(group) == _GROUP_ROWS or size > _GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


class _Verb(msgspec.Struct, gc=False):
    id: str


class _Thing(msgspec.Struct, gc=False):
    objectType: str = "Activity"  # noqa: N815 - the name of the specification
    id: str | None = None


class _Context(msgspec.Struct, frozen=True, gc=False):
    registration: str | None = None


class _Told(msgspec.Struct, gc=False):
    """What of a statement stands in columns of its own; the rest is passed over."""

    actor: msgspec.Raw
    verb: _Verb
    object: _Thing
    context: _Context = _Context()
    version: str | None = None


_told = msgspec.json.Decoder(_Told).decode


@lru_cache(maxsize=4_096)
def _identifier(actor: bytes) -> str | None:
    return normal_form(orjson.loads(actor))


def _row(one: Found) -> tuple[Any, ...]:
    """Return the values of a row, in the order of the columns."""
    told = _told(one.answer)
    return (
        str(one.id),
        one.stored_at,
        one.timestamp_at,
        _identifier(bytes(told.actor)),
        told.verb.id,
        told.object.id if told.object.objectType == "Activity" else None,
        told.context.registration,
        told.version or WRITTEN[one.version],
        one.voided,
        one.answer,
    )
