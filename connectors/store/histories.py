"""Pieces of history as rows: which table holds which kind, reading them, and writing a difference.

A row is never changed: what no longer counts is marked with the run that superseded it, and what
counts instead is a new row (`connectors.md`, "Canonical model").
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from connectors.model.history import Piece
from connectors.store.schema import (
    attribute,
    compensation,
    employment,
    identifier,
    job,
    membership,
    reporting_line,
)
from lrs.store.bulk import among, insert_rows


@dataclass(frozen=True, slots=True)
class Kind:
    """The table of a kind of piece, the columns its values stand in, and what else a row says."""

    table: sa.Table
    columns: tuple[str, ...]
    also: dict[str, Any] = field(default_factory=dict)


KINDS: dict[str, Kind] = {
    "identifier": Kind(
        identifier,
        ("scheme", "system", "normal"),
        {"confidence": 1.0, "evidence": "the record says so"},
    ),
    "employment": Kind(employment, ("fte", "hours_week", "original_start", "end_reason")),
    "job": Kind(job, ("title", "location")),
    "membership": Kind(membership, ("unit_id",), {"is_primary": 1}),
    "reporting_line": Kind(reporting_line, ("manager_key",)),
    "compensation": Kind(compensation, ("monthly_cost", "currency")),
    "attribute": Kind(attribute, ("name", "value")),
}

_SPAN = ("valid_from", "valid_to", "basis")
_PROVENANCE = ("source", "stream", "source_key", "raw_hash", "run_id")


@dataclass(frozen=True, slots=True)
class Origin:
    """The stream a write belongs to, and its run."""

    tenant_id: int
    source: str
    stream: str
    run_id: int


@dataclass(frozen=True, slots=True)
class Added:
    """A piece to write, of whom, and the record it came with."""

    person_id: int
    piece: Piece
    source_key: str
    raw_hash: bytes


Kept = dict[Piece, int]
"""The pieces in force of one person, with the number of each row."""


def read_histories(
    conn: sa.Connection, origin: Origin, persons: Collection[int]
) -> defaultdict[int, Kept]:
    """Return what is in force, from this stream, of each of the persons."""
    found: defaultdict[int, Kept] = defaultdict(dict)
    if not persons:
        return found
    for name, kind in KINDS.items():
        columns = kind.table.c
        rows = conn.execute(
            sa.select(
                columns.id,
                columns.person_id,
                *(columns[span] for span in _SPAN),
                *(columns[column] for column in kind.columns),
            )
            .where(columns.tenant_id == origin.tenant_id)
            .where(among(conn, columns.person_id, persons))
            .where(columns.source == origin.source, columns.stream == origin.stream)
            .where(columns.superseded_run.is_(None))
        )
        for number, person_id, start, end, basis, *values in rows:
            found[person_id][Piece(name, tuple(values), start, end, basis)] = number
    return found


def add_pieces(
    conn: sa.Connection, origin: Origin, added: Iterable[Added], kinds: Counter[str]
) -> None:
    """Write the pieces as rows in force."""
    by_kind: defaultdict[str, list[Added]] = defaultdict(list)
    for one in added:
        by_kind[one.piece.kind].append(one)
    for name, pieces in by_kind.items():
        kind = KINDS[name]
        columns = ("tenant_id", "person_id", *kind.columns, *kind.also, *_SPAN, *_PROVENANCE)
        insert_rows(conn, kind.table, columns, list(_rows(origin, kind, pieces)))
        kinds[name] += len(pieces)


def _rows(origin: Origin, kind: Kind, added: Sequence[Added]) -> Iterator[tuple[Any, ...]]:
    also = tuple(kind.also.values())
    for one in added:
        _, values, start, end, basis = one.piece
        yield (
            *(origin.tenant_id, one.person_id, *values, *also, start, end, basis),
            *(origin.source, origin.stream, one.source_key, one.raw_hash, origin.run_id),
        )


def supersede_pieces(
    conn: sa.Connection, origin: Origin, gone: Iterable[tuple[Piece, int]], kinds: Counter[str]
) -> None:
    """Mark the rows as no longer in force."""
    by_kind: defaultdict[str, list[int]] = defaultdict(list)
    for piece, number in gone:
        by_kind[piece.kind].append(number)
    for name, numbers in by_kind.items():
        supersede_rows(conn, KINDS[name].table, origin, numbers)
        kinds[f"{name} superseded"] += len(numbers)


def supersede_rows(
    conn: sa.Connection, table: sa.Table, origin: Origin, numbers: Collection[int]
) -> None:
    """Mark rows of a table as superseded by this run."""
    conn.execute(
        sa.update(table)
        .where(table.c.tenant_id == origin.tenant_id)
        .where(among(conn, table.c.id, numbers))
        .values(superseded_run=origin.run_id)
    )
