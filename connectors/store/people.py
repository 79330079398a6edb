"""Writing what a file tells of people: only the difference to what is known, a page at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from connectors.files.staging import Staged
from connectors.model.days import iso
from connectors.model.history import History, Piece, beside, continued, first_day, settled, topic
from connectors.model.people import PersonHistory
from connectors.reporting import ImportReport
from connectors.store.histories import (
    Added,
    Kept,
    Origin,
    add_pieces,
    read_histories,
    supersede_pieces,
)
from connectors.store.schema import employment, person, reporting_line
from connectors.store.units import Units
from lrs.store.bulk import among, insert_rows

_EXAMPLES = 5


class Told(NamedTuple):
    """What a file tells of one person, the digest of the rows it stands in, and the rows."""

    person: PersonHistory
    raw_hash: bytes
    rows: Sequence[Staged]


class Known(NamedTuple):
    """A person who is kept."""

    id: int
    raw_hash: bytes | None
    display: str | None
    erased: bool


@dataclass(frozen=True, slots=True)
class Authority:
    """How far a file's word goes for people who are known.

    A file says how it was from the earliest day it names for a person (or from ``as_of``, for one
    that shows the state of a day). What was known before that day stays, or a file of today would
    wipe out the past; ``whole_history`` takes the file's word for that too.
    """

    as_of: int | None = None
    whole_history: bool = False


class PeopleWriter:
    """Writes pages of people in one run."""

    def __init__(
        self,
        origin: Origin,
        report: ImportReport,
        authority: Authority,
        topics: Collection[str],
    ) -> None:
        self._origin = origin
        self._topics = topics
        self._report = report
        self._authority = authority
        self._units = Units(origin.tenant_id, origin.source)
        self._page: dict[str, Known] = {}
        self.past_kept = 0

    def unchanged(self, conn: sa.Connection, digests: Mapping[str, bytes]) -> set[str]:
        """Return the keys of those who are known just as these digests of their rows tell."""
        self._page = self._known(conn, list(digests))
        return {
            key
            for key, known in self._page.items()
            if known.raw_hash == digests[key] and not known.erased
        }

    def write(self, conn: sa.Connection, told: Sequence[Told]) -> list[Told]:
        """Bring what is kept of these people to what is told of them; return those once erased.

        `unchanged` was asked for all of them before, in the same transaction.
        """
        erased = [one for one in told if _is_erased(self._page.get(one.person.key))]
        told = [one for one in told if not _is_erased(self._page.get(one.person.key))]
        fresh = [one for one in told if one.person.key not in self._page]
        altered = [one for one in told if one.person.key in self._page]
        self._report.new += _rows(fresh)
        if told:
            numbers = {one.person.key: self._page[one.person.key].id for one in altered}
            numbers.update(self._add(conn, fresh))
            self._keep_units(conn, told)
            before = read_histories(
                conn, self._origin, [numbers[one.person.key] for one in altered]
            )
            self._write_difference(conn, told, numbers, before)
            self._touch(conn, altered)
            self._link_rehires(conn, numbers.values())
        return erased

    def link_managers(self, conn: sa.Connection) -> None:
        """Join the reporting lines whose manager is a person by now."""
        manager = (
            sa.select(person.c.id)
            .where(person.c.tenant_id == self._origin.tenant_id)
            .where(person.c.source == reporting_line.c.source)
            .where(person.c.source_key == reporting_line.c.manager_key)
        )
        conn.execute(
            sa.update(reporting_line)
            .where(reporting_line.c.tenant_id == self._origin.tenant_id)
            .where(reporting_line.c.manager_id.is_(None))
            .where(reporting_line.c.superseded_run.is_(None))
            .where(manager.exists())
            .values(manager_id=manager.scalar_subquery())
        )

    def _known(self, conn: sa.Connection, keys: Sequence[str]) -> dict[str, Known]:
        at = person.c
        rows = conn.execute(
            sa.select(at.source_key, at.id, at.raw_hash, at.display, at.erased_at)
            .where(at.tenant_id == self._origin.tenant_id, at.source == self._origin.source)
            .where(among(conn, at.source_key, keys))
        )
        return {row[0]: Known(row[1], row[2], row[3], row[4] is not None) for row in rows}

    def _add(self, conn: sa.Connection, fresh: Sequence[Told]) -> dict[str, int]:
        if not fresh:
            return {}
        rows = [
            (
                *(self._origin.tenant_id, self._origin.source, one.person.key),
                *(one.person.display, one.raw_hash),
            )
            for one in fresh
        ]
        columns = ("tenant_id", "source", "source_key", "display", "raw_hash")
        insert_rows(conn, person, columns, rows)
        self._report.kinds["person"] += len(rows)
        known = self._known(conn, [one.person.key for one in fresh])
        return {key: found.id for key, found in known.items()}

    def _keep_units(self, conn: sa.Connection, told: Sequence[Told]) -> None:
        units: dict[tuple[str, str], tuple[str | None, str | None]] = {}
        for one in told:
            for unit, (name, above) in one.person.units.items():
                before = units.get(unit, (None, None))
                units[unit] = (name or before[0], above or before[1])
        self._units.keep(conn, units, self._report.kinds)

    def _write_difference(
        self,
        conn: sa.Connection,
        told: Sequence[Told],
        numbers: Mapping[str, int],
        before: Mapping[int, Kept],
    ) -> None:
        added: list[Added] = []
        gone: list[tuple[Piece, int]] = []
        for one in told:
            number = numbers[one.person.key]
            kept = before[number]
            history = self._history(conn, one.person.history, kept)
            fresh = sorted(history - kept.keys(), key=_in_order)
            lost = [(piece, row) for piece, row in kept.items() if piece not in history]
            added.extend(Added(number, piece, one.person.key, one.raw_hash) for piece in fresh)
            gone.extend(lost)
            if one.person.key in self._page:
                self._count(one, fresh, lost)
        supersede_pieces(conn, self._origin, gone, self._report.kinds)
        add_pieces(conn, self._origin, added, self._report.kinds)

    def _history(self, conn: sa.Connection, told: History, kept: Kept) -> History:
        """Return what is to be in force: what is told, after what was known before it."""
        history = frozenset(self._with_units(conn, told))
        first, known = first_day(history), first_day(kept)
        if first is None or known is None:
            return history
        day = max(first, self._authority.as_of or first)
        if known < day and not self._authority.whole_history:
            self.past_kept += 1
            heard = [piece for piece in kept if topic(piece) in self._topics]
            history = continued(heard, history, day)
        return settled(beside(history, kept, self._topics))

    def _with_units(self, conn: sa.Connection, history: History) -> Iterator[Piece]:
        for piece in history:
            if piece.kind == "membership":
                yield piece._replace(values=(self._units.id_of(conn, "team", piece.values[0]),))
            else:
                yield piece

    def _count(
        self, one: Told, fresh: Collection[Piece], lost: Collection[tuple[Piece, int]]
    ) -> None:
        if not fresh and not lost:
            self._report.unchanged += len(one.rows)
            return
        self._report.changed += len(one.rows)
        for piece in fresh:
            if len(self._report.examples) < _EXAMPLES:
                self._report.examples.append(
                    f"{one.person.key}: {piece.kind} from {iso(piece.start)} to {iso(piece.end)}"
                )

    def _touch(self, conn: sa.Connection, altered: Sequence[Told]) -> None:
        """Keep the new digest and name of those whose rows are others than before."""
        values = [
            {
                "number": self._page[one.person.key].id,
                "digest": one.raw_hash,
                "name": one.person.display or self._page[one.person.key].display,
            }
            for one in altered
        ]
        if values:
            conn.execute(
                sa.update(person)
                .where(person.c.tenant_id == self._origin.tenant_id)
                .where(person.c.id == sa.bindparam("number"))
                .values(raw_hash=sa.bindparam("digest"), display=sa.bindparam("name")),
                values,
            )

    def _link_rehires(self, conn: sa.Connection, persons: Collection[int]) -> None:
        """Point each employment of someone who came back at the one before it."""
        former, returned = employment.alias("former"), employment
        before = (
            sa.select(sa.func.max(former.c.id))
            .where(former.c.tenant_id == self._origin.tenant_id)
            .where(former.c.person_id == returned.c.person_id)
            .where(former.c.superseded_run.is_(None))
            .where(former.c.end_reason.is_not(None))
            .where(former.c.valid_to < returned.c.valid_from)
            .where(former.c.valid_to == _last_end_before(self._origin.tenant_id, returned))
        ).scalar_subquery()
        conn.execute(
            sa.update(returned)
            .where(returned.c.tenant_id == self._origin.tenant_id)
            .where(among(conn, returned.c.person_id, list(persons)))
            .where(returned.c.superseded_run.is_(None))
            .where(returned.c.valid_from > returned.c.original_start)
            .where(before.is_not(None))
            .values(rehire_of=before)
        )


def _in_order(piece: Piece) -> tuple[str, int, str]:
    """Rows are written in the same order on every run, and earlier ones first."""
    return piece.kind, piece.start, str(piece.values[0])


def _is_erased(known: Known | None) -> bool:
    return known is not None and known.erased


def _rows(told: Sequence[Told]) -> int:
    return sum(len(one.rows) for one in told)


def _last_end_before(tenant_id: int, returned: Any) -> sa.ScalarSelect[Any]:
    earlier = employment.alias("earlier")
    return (
        sa.select(sa.func.max(earlier.c.valid_to))
        .where(earlier.c.tenant_id == tenant_id)
        .where(earlier.c.person_id == returned.c.person_id)
        .where(earlier.c.superseded_run.is_(None))
        .where(earlier.c.valid_to <= returned.c.valid_from)
        .scalar_subquery()
    )
