"""Statements from a file, by the same way in as those that are posted.

An import can be broken off and begun again: how far a file is done is kept by a hash of its
content, until the file is done. Done twice, a file changes nothing, for a statement without an id
gets one made from its bytes. What is refused is kept with its place and its reason.

A statement that names its own authority, as another store's export does, keeps it; the others are
vouched for by the authority that the import is given. What another store's dump holds as voided is
voided here too, also where the statement that voided it is not in the file.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from lrs.errors import VerkanError
from lrs.store import schema
from lrs.store.ahead import ahead
from lrs.store.aside import pieces_aside
from lrs.store.authorities import Authority, as_authority
from lrs.store.checkpoints import bring_in
from lrs.store.database import Database
from lrs.store.parquet import ParquetStatements
from lrs.store.preparing import Prepared, number_ahead
from lrs.store.refusals import Refusal, keep_refusals
from lrs.store.rows import Incoming
from lrs.store.schema import import_state
from lrs.store.statement_files import StatementFile
from lrs.store.taking_in import Job, Piece, Read, opened, pieces
from lrs.store.voiding import void_as_there
from lrs.store.waiting import put_in_order
from lrs.store.writing import NO_PARTS, store_batch, taken
from lrs.xapi.dumps import DumpForm, recognise
from lrs.xapi.multipart import Part
from lrs.xapi.statement import Statement

#: Vouches for imported statements that name no authority; `.invalid` belongs to nobody, for ever.
IMPORT_AUTHORITY: Mapping[str, Any] = {
    "objectType": "Agent",
    "account": {"homePage": "https://verkan.invalid", "name": "import"},
}

_SHOWN = 10
_LOOKED_AT = 20

_WORTH_A_PROCESS = 8_000_000
"""Bytes of a file; a smaller one is read sooner than another process has begun."""

_WORTH_COUNTING = 10_000
"""Statements; PostgreSQL comes to count the tables by itself only a minute or so after they grew."""

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class ImportCount:
    """What became of the statements of a file."""

    read: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    #: Voided here because the dump says so, though no statement in it does.
    voided: int = 0
    #: The first few that were refused, to be shown; all of them are in the store.
    refusals: list[Refusal] = field(default_factory=list)


def import_statements(
    database: Database,
    tenant_id: int,
    path: Path,
    *,
    authority: Mapping[str, Any] = IMPORT_AUTHORITY,
    progress: Progress | None = None,
    form: DumpForm | None = None,
) -> ImportCount:
    """Store the statements of a file; raises `BadInput` when the file as a whole cannot be used.

    ``form`` is how they are kept in it; None: its first elements tell.
    ``progress`` is told how many bytes of the file are done, and of how many.
    """
    file = opened(path, largest=database.settings.max_body_bytes)
    run = _Import(database, tenant_id, file)
    job = Job(
        path,
        database.settings.max_body_bytes,
        as_authority(authority),
        form or _form_of(file),
        run.done,
    )
    read = pieces_aside(job) if _is_worth_a_process(file.size) else pieces(job)
    prepared = map(run.numbered, read)
    # PostgreSQL works in a process of its own; for SQLite there would be nothing to gain.
    for piece, ready in prepared if database.is_sqlite else ahead(prepared):
        run.store(piece, ready)
        if progress is not None and piece.elements:
            progress(piece.read_bytes, file.size)
    run.finish(job.authority)
    if database.is_sqlite:
        bring_in(database)  # rather than leave that to whoever writes next
    return run.count


def _is_worth_a_process(size: int) -> bool:
    return size >= _WORTH_A_PROCESS and bool(sys.executable) and (os.cpu_count() or 1) > 1


class StoredRead(NamedTuple):
    """What became of statements that came from elsewhere."""

    new: int
    duplicate: int
    faults: dict[int, VerkanError]
    """By place: why those were not stored."""


def store_read(
    database: Database,
    tenant_id: int,
    read: Sequence[Incoming | VerkanError],
    *,
    parts: Mapping[str, Part] = NO_PARTS,
    prepared: Prepared | None = None,
) -> StoredRead:
    """Store what holds, no id of it twice; what does not hold keeps nothing else from it.

    ``prepared`` is what was made ready of what holds.
    """
    places = [n for n, one in enumerate(read) if isinstance(one, Incoming)]
    faults = {n: one for n, one in enumerate(read) if isinstance(one, VerkanError)}
    conflicts: dict[int, VerkanError] = {}

    def left_out(place: int, sent: Statement) -> None:
        conflicts[places[place]] = taken(sent, "$.id")

    written = store_batch(
        database,
        tenant_id,
        [one for one in read if isinstance(one, Incoming)],
        key_id=None,
        on_conflict=left_out,
        parts=parts,
        prepared=prepared,
    )
    new = sum(one.new for one in written)
    return StoredRead(new, len(places) - new - len(conflicts), faults | conflicts)


class _Import:
    """One run over one file."""

    def __init__(
        self, database: Database, tenant_id: int, file: StatementFile | ParquetStatements
    ) -> None:
        self.count = ImportCount()
        self._database = database
        self._tenant_id = tenant_id
        self._file = file
        self._voided: list[uuid.UUID] = []
        self._digest = file.digest()
        self.done = self._resume()
        """The number of the last element that an earlier run stored."""

    def numbered(self, piece: Piece) -> tuple[Piece, Prepared]:
        """Return a piece with what it names numbered, as far as that can be done ahead."""
        incoming = [one.read for one in piece.elements if isinstance(one.read, Incoming)]
        return piece, number_ahead(self._database, self._tenant_id, incoming, piece.gathered)

    def store(self, piece: Piece, prepared: Prepared) -> None:
        """Store a piece, keep what is refused of it, and note how far the file is done."""
        self._voided += piece.voided
        if not piece.elements:
            return
        read = [one.read for one in piece.elements]
        found = store_read(self._database, self._tenant_id, read, prepared=prepared)
        refusals = [
            self._refusal(piece.elements[n], why) for n, why in sorted(found.faults.items())
        ]
        self.count.stored += found.new
        self.count.duplicate += found.duplicate
        self.count.rejected += len(refusals)
        self.count.read += len(read)
        self.count.refusals += refusals[: _SHOWN - len(self.count.refusals)]
        self._note(piece.elements[-1].number, refusals)

    def finish(self, authority: Authority) -> None:
        """Void what is voided there, and forget how far the file was done.

        The next run begins it anew, and finds duplicates.
        """
        self.count.voided = void_as_there(self._database, self._tenant_id, self._voided, authority)
        with self._database.write() as conn:
            conn.execute(sa.delete(import_state).where(*self._mine()))
            put_in_order(conn)
            if self.count.stored >= _WORTH_COUNTING:
                _count_anew(conn)

    def _refusal(self, one: Read, why: VerkanError) -> Refusal:
        return Refusal(self._file.place(one.number), why.code, why.where, why.message, one.raw)

    def _resume(self) -> int:
        with self._database.read() as conn:
            row = conn.execute(sa.select(import_state).where(*self._mine())).first()
        if row is None:
            return 0
        self.count.stored = row.stored
        self.count.duplicate = row.duplicate
        self.count.rejected = row.rejected
        self.count.read = row.stored + row.duplicate + row.rejected
        return int(row.line)

    def _note(self, number: int, refusals: list[Refusal]) -> None:
        state = {
            "line": number,
            "stored": self.count.stored,
            "duplicate": self.count.duplicate,
            "rejected": self.count.rejected,
        }
        with self._database.write() as conn:
            keep_refusals(conn, self._tenant_id, refusals, at=time.time_ns() // 1000)
            changed = conn.execute(sa.update(import_state).where(*self._mine()).values(**state))
            if changed.rowcount == 0:
                mine = {"tenant_id": self._tenant_id, "digest": self._digest}
                conn.execute(sa.insert(import_state).values(**mine, **state))

    def _mine(self) -> tuple[sa.ColumnElement[bool], ...]:
        return (
            import_state.c.tenant_id == self._tenant_id,
            import_state.c.digest == self._digest,
        )


def _count_anew(conn: sa.Connection) -> None:
    """Have PostgreSQL see how large the tables have become, for it chooses by that how to read them."""
    if conn.dialect.name != "sqlite":
        s = schema
        tables = (s.statement, s.statement_body, s.ref, s.term, s.definition, s.authority)
        conn.exec_driver_sql(f"ANALYZE {', '.join(table.name for table in tables)}")


def _form_of(file: StatementFile | ParquetStatements) -> DumpForm:
    """Return what the first element that says how it is kept says."""
    for element in islice(file.elements(), _LOOKED_AT):
        form = recognise(element.raw)
        if form is not None:
            return form
    return DumpForm.STATEMENTS
