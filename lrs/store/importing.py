"""Statements from a file, by the same way in as those that are posted.

An import can be broken off and begun again: how far a file is done is kept by a hash of its
content, until the file is done. Done twice, a file changes nothing, for a statement without an id
gets one made from its bytes. What is refused is kept with its place and its reason.

A statement that names its own authority, as another store's export does, keeps it; the others are
vouched for by the authority that the import is given. What another store's dump holds as voided is
voided here too, also where the statement that voided it is not in the file.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from msgspec.structs import replace

from lrs.errors import BadInput, VerkanError
from lrs.store.ahead import ahead
from lrs.store.authorities import Authority, as_authority, authority_written
from lrs.store.database import Database
from lrs.store.parquet import ParquetStatements, is_parquet
from lrs.store.refusals import Refusal, keep_refusals
from lrs.store.rows import Incoming
from lrs.store.schema import import_state
from lrs.store.statement_files import Element, StatementFile
from lrs.store.voiding import void_as_there
from lrs.store.writing import NO_PARTS, Prepared, number_ahead, store_batch, taken
from lrs.xapi.dumps import DumpForm, Unwrapped, recognise, unwrap
from lrs.xapi.glancing import glanced
from lrs.xapi.multipart import Part
from lrs.xapi.parsing import parse_statement
from lrs.xapi.statement import Statement, check
from lrs.xapi.versions import stated_version

#: Vouches for imported statements that name no authority; `.invalid` belongs to nobody, for ever.
IMPORT_AUTHORITY: Mapping[str, Any] = {
    "objectType": "Agent",
    "account": {"homePage": "https://verkan.invalid", "name": "import"},
}

_IDS = uuid.UUID("6f1c6f0e-5d1b-5e0a-9a53-2f8d5b1f7c11")
_BATCH = 2_000
_BATCH_BYTES = 8_000_000
_SHOWN = 10
_LOOKED_AT = 20

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
    file = _opened(path, largest=database.settings.max_body_bytes)
    run = _Import(database, tenant_id, file, as_authority(authority), form or _form_of(file))
    for batch, prepared in ahead(map(run.numbered, ahead(_batches(run)))):
        run.store(batch, prepared)
        if progress is not None:
            progress(batch[-1].element.read_bytes, file.size)
    run.finish()
    return run.count


def id_of_bytes(raw: bytes) -> uuid.UUID:
    """Return the id of a statement that has none: the same for the same bytes."""
    return uuid.uuid5(_IDS, raw.hex())


class StoredRead(NamedTuple):
    """What became of statements that came from elsewhere."""

    new: int
    duplicate: int
    faults: dict[int, VerkanError]
    """By place: why those were not stored."""


def read_one(raw: bytes, authority: Authority) -> Incoming | VerkanError:
    """Hold a statement to the version it states; what names its own authority keeps it."""
    try:
        found = glanced(raw) or _looked_at(raw)
    except BadInput as exc:
        return exc
    if not found.id_given:
        found = replace(found, id=id_of_bytes(raw))
    own = found.authority
    return Incoming(found, authority if own is None else authority_written(own))


def _looked_at(raw: bytes) -> Statement:
    parsed = parse_statement(raw)
    return check(parsed, stated_version(parsed.body))


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


class _Read(NamedTuple):
    """An element of the file, and the statement it is or why it is none."""

    element: Element
    raw: bytes
    read: Incoming | VerkanError


class _Import:
    """One run over one file."""

    def __init__(
        self,
        database: Database,
        tenant_id: int,
        file: StatementFile | ParquetStatements,
        authority: Authority,
        form: DumpForm,
    ) -> None:
        self.file = file
        self.count = ImportCount()
        self._database = database
        self._tenant_id = tenant_id
        self._authority = authority
        self._form = form
        self._voided: list[uuid.UUID] = []
        self._digest = file.digest()
        self._done = self._resume()

    def elements(self) -> Iterator[_Read]:
        """Yield what is left to do, checked."""
        for element in self.file.elements():
            if element.number > self._done:
                yield self._read(element)
            elif self._form is not DumpForm.STATEMENTS:
                self._read(element)  # what it says of voiding is needed at the end

    def numbered(self, batch: list[_Read]) -> tuple[list[_Read], Prepared]:
        """Return a batch with what it names numbered, as far as that can be done ahead."""
        holds = [one.read for one in batch if isinstance(one.read, Incoming)]
        return batch, number_ahead(self._database, self._tenant_id, holds)

    def store(self, batch: list[_Read], prepared: Prepared) -> None:
        """Store a batch, keep what is refused of it, and note how far the file is done."""
        read = [one.read for one in batch]
        found = store_read(self._database, self._tenant_id, read, prepared=prepared)
        refusals = [self._refusal(batch[n], why) for n, why in sorted(found.faults.items())]
        self.count.stored += found.new
        self.count.duplicate += found.duplicate
        self.count.rejected += len(refusals)
        self.count.read += len(batch)
        self.count.refusals += refusals[: _SHOWN - len(self.count.refusals)]
        self._note(batch[-1].element.number, refusals)

    def finish(self) -> None:
        """Void what is voided there, and forget how far the file was done.

        The next run begins it anew, and finds duplicates.
        """
        self.count.voided = void_as_there(
            self._database, self._tenant_id, self._voided, self._authority
        )
        with self._database.write() as conn:
            conn.execute(sa.delete(import_state).where(*self._mine()))

    def _read(self, element: Element) -> _Read:
        try:
            held = unwrap(element.raw, self._form)
        except BadInput as exc:
            return _Read(element, element.raw, exc)
        read = read_one(held.raw, self._authority)
        self._note_voided(held, read)
        return _Read(element, held.raw, read)

    def _note_voided(self, held: Unwrapped, read: Incoming | VerkanError) -> None:
        if held.voided and isinstance(read, Incoming):
            self._voided.append(read.statement.id)

    def _refusal(self, one: _Read, why: VerkanError) -> Refusal:
        return Refusal(
            self.file.place(one.element.number), why.code, why.where, why.message, one.raw
        )

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


def _opened(path: Path, *, largest: int) -> StatementFile | ParquetStatements:
    if is_parquet(path):
        return ParquetStatements(path, largest=largest)
    return StatementFile(path, largest=largest)


def _form_of(file: StatementFile | ParquetStatements) -> DumpForm:
    """Return what the first element that says how it is kept says."""
    for element in islice(file.elements(), _LOOKED_AT):
        form = recognise(element.raw)
        if form is not None:
            return form
    return DumpForm.STATEMENTS


def _batches(run: _Import) -> Iterator[list[_Read]]:
    """Yield batches that name no id twice, so that the second of two is compared with the first."""
    batch: list[_Read] = []
    ids: set[uuid.UUID] = set()
    size = 0
    for one in run.elements():
        statement_id = one.read.statement.id if isinstance(one.read, Incoming) else None
        if len(batch) == _BATCH or size > _BATCH_BYTES or statement_id in ids:
            yield batch
            batch, ids, size = [], set(), 0
        batch.append(one)
        size += len(one.element.raw)
        if statement_id is not None:
            ids.add(statement_id)
    if batch:
        yield batch
