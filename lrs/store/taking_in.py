"""Statements from a file, held to their rules and gathered, a piece at a time.

No database is needed for it: it may be done in a process beside (`lrs.store.aside`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from lrs.errors import BadInput, VerkanError
from lrs.store.authorities import Authority, authority_written
from lrs.store.gathered import Gathered, Gathering
from lrs.store.parquet import ParquetStatements, is_parquet
from lrs.store.rows import Incoming
from lrs.store.statement_files import Element, StatementFile
from lrs.xapi.dumps import DumpForm, unwrap
from lrs.xapi.glancing import glanced
from lrs.xapi.parsing import parse_statement
from lrs.xapi.statement import Statement, check
from lrs.xapi.versions import stated_version

_IDS = uuid.UUID("6f1c6f0e-5d1b-5e0a-9a53-2f8d5b1f7c11")
_BATCH = 2_000
_BATCH_BYTES = 8_000_000


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


def id_of_bytes(raw: bytes) -> uuid.UUID:
    """Return the id of a statement that has none: the same for the same bytes."""
    return uuid.uuid5(_IDS, raw.hex())


class Job(NamedTuple):
    """What is to be read of a file."""

    path: Path
    largest: int
    """The size in bytes over which an element is refused."""
    authority: Authority
    """Vouches for statements that name no authority."""
    form: DumpForm
    done: int
    """The number of the last element that is stored already."""


class Read(NamedTuple):
    """An element of the file, and the statement it is or why it is none."""

    number: int
    raw: bytes
    read: Incoming | VerkanError


class Piece(NamedTuple):
    """Elements that follow each other and name no id twice."""

    elements: list[Read]
    gathered: Gathered
    """What the statements among them name."""
    voided: list[uuid.UUID]
    """What the file holds as voided, up to here and since the last piece."""
    read_bytes: int
    """How far the file is read, or some elements less."""


def opened(path: Path, *, largest: int) -> StatementFile | ParquetStatements:
    """Return the file as what it is; raises `BadInput` when it cannot be used as a whole."""
    if is_parquet(path):
        return ParquetStatements(path, largest=largest)
    return StatementFile(path, largest=largest)


def pieces(job: Job) -> Iterator[Piece]:
    """Yield what is left to do, in the order of the file.

    A piece names no id twice, so that the second of two is compared with the first. The last may be
    without elements.
    """
    pile = _Pile()
    file = opened(job.path, largest=job.largest)
    for element in file.elements():
        is_left = element.number > job.done
        if not is_left and job.form is DumpForm.STATEMENTS:
            continue  # a dump's are read all the same: what it says of voiding is needed at the end
        read = _read(element, job, pile.voided)
        if not is_left:
            continue
        if pile.is_full(read):
            yield pile.piece(file.read_bytes)
            pile = _Pile()
        pile.add(read)
    yield pile.piece(file.read_bytes)


def _read(element: Element, job: Job, voided: list[uuid.UUID]) -> Read:
    try:
        held = unwrap(element.raw, job.form)
    except BadInput as exc:
        return Read(element.number, element.raw, exc)
    read = read_one(held.raw, job.authority)
    if held.voided and isinstance(read, Incoming):
        voided.append(read.statement.id)
    return Read(element.number, held.raw, read)


class _Pile:
    """The elements of a piece, gathered one by one while they are at hand."""

    def __init__(self) -> None:
        self.voided: list[uuid.UUID] = []
        self._elements: list[Read] = []
        self._gathering = Gathering()
        self._ids: set[uuid.UUID] = set()
        self._bytes = 0

    def is_full(self, read: Read) -> bool:
        """Return whether one more does not belong to it."""
        if len(self._elements) == _BATCH or self._bytes > _BATCH_BYTES:
            return True
        return isinstance(read.read, Incoming) and read.read.statement.id in self._ids

    def add(self, read: Read) -> None:
        self._elements.append(read)
        self._bytes += len(read.raw)
        if isinstance(read.read, Incoming):
            self._ids.add(read.read.statement.id)
            self._gathering.add(read.read)

    def piece(self, read_bytes: int) -> Piece:
        return Piece(self._elements, self._gathering.done(), self.voided, read_bytes)
