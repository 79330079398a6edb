"""Team cells: what each outcome of people comes to by team and month, kept between reports.

A report on another path, or after more learning, asks for the same cells. They are made anew for the
months in which an import wrote an outcome, or put somebody into another team; where that is more than a
few, for all.

They are added up from one state of the data, while others write, and written down in parts. Until all
parts are there, or when somebody else began anew meanwhile, reports read the records themselves.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from itertools import chain, islice, pairwise
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa

from analytics.packing import AsNewAs, history_rows, pack_people, still_hold
from analytics.store import stage
from analytics.store.kept import ended_since, kept_lines, kept_row, runs_of
from analytics.store.measure import KEPT_AS, Measure, measure, quickest
from analytics.store.moves import months_moved
from analytics.store.packed import MADE_AS
from analytics.store.people import stage_people
from analytics.store.reading import Months, Reading
from analytics.store.records import Line, Records
from analytics.store.schema import kept_cell, kept_month, kept_outcome, kept_seen
from analytics.store.seen import BITS, Bits
from analytics.store.staff import Staff, people_line, staff_in, unpacked_staff
from connectors.metrics import Metric, metrics
from connectors.store.schema import employment, membership, sync_run
from lrs.store.bulk import insert_rows, upsert
from lrs.store.database import Database
from lrs.store.one_moment import one_moment

_AT_ONCE = 20_000
"""People who are written in one transaction: others who write wait for no more."""

_FEW = 4
"""One in so many months, or fewer, are looked up; to read all that lies costs less than to look up more."""

_SECOND = 1_000_000
_LEFT_TO_IT = 600 * _SECOND
"""How long, microseconds, somebody who began is left to it."""

_BROKEN_OFF = 86_400 * _SECOND
"""After how long, microseconds, an import without an end writes no more."""


class Imports(NamedTuple):
    """The imports there are: the newest, and when the last of them ended."""

    run: int
    end: int


class Task(NamedTuple):
    """One outcome that is to be made anew: in which months, and of which records are read, and how."""

    line: sa.Row[Any] | None
    metric: Metric
    measure: Measure | None
    """None: nothing is kept, for it has no record, or is of teams, or reaches over too many months."""
    first: int = 0
    last: int = 0
    wrote: tuple[int, ...] = ()
    """In which months records changed; of others people are only in another team."""

    months: tuple[int, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Return whether all records are read."""
        return len(self.wrote) == self.last - self.first + 1

    def parts(self) -> Iterator[Measure]:
        """Yield the measure of each run of months to read, or of all as they lie."""
        if self.measure is None or not self.wrote:
            return
        if self.is_whole:
            yield self.measure
            return
        ends = [at for at, (a, b) in enumerate(pairwise(self.wrote)) if b > a + 1]
        for begin, end in pairwise([-1, *ends, len(self.wrote) - 1]):
            yield self.measure.between(self.wrote[begin + 1], self.wrote[end])


class _OvertakenError(Exception):
    """Somebody else began to make the same."""


def refresh_cells(database: Database, tenant_id: int) -> int:
    """Make anew what is kept of outcomes that changed; return how many months were added up.

    Whoever finds that somebody else began after them leaves the rest to that one.
    """
    try:
        return _refreshed(database, tenant_id)
    except _OvertakenError:
        return 0


def _refreshed(database: Database, tenant_id: int) -> int:
    at = time.time_ns() // 1000
    with one_moment(database, scratch=True) as conn:
        behind, people = list(_behind(conn, tenant_id, at)), _People(conn, tenant_id)
        if not behind and not people.may_be_behind:
            return 0
        with stage.staged(conn):
            imports = _imports(conn, tenant_id)
            tasks = [_task(people, metric, line) for metric, line in behind]
            people.pack(database, AsNewAs(at, *imports))
            making = (_Making(database, tenant_id, task, imports, at) for task in tasks)
            return sum(one.make(conn, people) for one in making)


def _imports(conn: sa.Connection, tenant_id: int) -> Imports:
    run = sync_run.c
    newest = (sa.func.coalesce(sa.func.max(column), 0) for column in (run.id, run.ended_at))
    return Imports(*conn.execute(sa.select(*newest).where(run.tenant_id == tenant_id)).one())


def _behind(
    conn: sa.Connection, tenant_id: int, at: int
) -> Iterator[tuple[Metric, sa.Row[Any] | None]]:
    """Yield the outcomes that imports were made since, or that are not kept whole."""
    for metric in metrics(conn, tenant_id):
        line = kept_row(conn, tenant_id, metric.id)
        if line is None or not _is_settled(conn, line, metric.kind, at):
            yield metric, line


def _is_settled(conn: sa.Connection, line: sa.Row[Any], kind: str, at: int) -> bool:
    if not line.whole:
        return bool(at - line.made_at < _LEFT_TO_IT)
    as_now = line.kind == kind and (not line.read_as or line.read_as.startswith(KEPT_AS))
    return as_now and not conn.execute(sa.select(_since(line).exists())).scalar_one()


def _since(line: sa.Row[Any]) -> sa.Select[Any]:
    """Return the imports of which not all may be in what is kept."""
    run = sync_run.c
    writes = sa.and_(run.ended_at.is_(None), run.started_at > line.made_at - _BROKEN_OFF)
    return runs_of(line, sa.or_(ended_since(line), writes))


class _People:
    """Who was in which team: read or staged once, and compared with what it was before some imports."""

    def __init__(self, conn: sa.Connection, tenant_id: int) -> None:
        self.conn = conn
        self.tenant_id = tenant_id
        self._line = people_line(conn, tenant_id)
        self._is_staged = False
        self._moved: dict[tuple[int, ...], set[range] | None] = {}

    @cached_property
    def may_be_behind(self) -> bool:
        """Return whether imports were made since people were packed, or they are not."""
        line = self._line
        if line is None or line.made_as != MADE_AS:
            return True
        return bool(self.conn.execute(sa.select(_since(line).exists())).scalar_one())

    @cached_property
    def _is_behind(self) -> bool:
        line = self._line
        if not self.may_be_behind:
            return False
        if line is None or line.made_as != MADE_AS or self._are_touched_by(_since(line)):
            return True
        return bool(line.history_rows != history_rows(self.conn, self.tenant_id))

    @cached_property
    def staff(self) -> Staff:
        if not self._is_behind:
            return unpacked_staff(self.conn, self.tenant_id)
        if not self._is_staged:
            stage_people(self.conn, self.tenant_id)
            self._is_staged = True
        return staff_in(self.conn)

    def pack(self, database: Database, new: AsNewAs) -> None:
        """Pack them anew if they are others by now."""
        if self._is_behind:
            pack_people(database, self.conn, self.tenant_id, self.staff, new)
        elif self.may_be_behind and self._line is not None:
            still_hold(database, self._line, new)

    def moved_since(self, line: sa.Row[Any]) -> set[range] | None:
        """Return the months in which somebody changed sides; None: too many to list."""
        then = (line.upto_run, line.upto_end, line.made_at)
        if then not in self._moved:
            since = _since(line)
            self._moved[then] = set()
            if self._are_touched_by(since):
                self._moved[then] = months_moved(self.conn, self.tenant_id, since)
                self._is_staged = True
        return self._moved[then]

    def _are_touched_by(self, runs: sa.Select[Any]) -> bool:
        touched = (
            sa.exists().where(
                table.c.tenant_id == self.tenant_id,
                sa.or_(table.c.run_id.in_(runs), table.c.superseded_run.in_(runs)),
            )
            for table in (employment, membership)
        )
        return any(self.conn.execute(sa.select(each)).scalar_one() for each in touched)


def _task(people: _People, metric: Metric, line: sa.Row[Any] | None) -> Task:
    """Return what to make anew of an outcome."""
    conn, tenant_id = people.conn, people.tenant_id
    found = measure(conn, tenant_id, metric.id, metric.kind)
    if found is None or found.grain == "team":
        return Task(line, metric, None)
    first, last = conn.execute(found.reach()).one()
    if line is None or not line.whole or line.read_as != found.read_as or first < line.first_ix:
        return _read_all(line, metric, found, range(first, last + 1))
    every = range(line.first_ix, max(last, line.last_ix) + 1)
    touched = set(conn.execute(quickest(conn, found).touched_by(_since(line))).scalars())
    wrote = tuple(m for m in every if m in touched or m > line.last_ix)
    if len(wrote) * _FEW > len(every):
        return _read_all(line, metric, found, every)
    moved = people.moved_since(line)
    months = [m for m in every if moved is None or m in wrote or any(m in one for one in moved)]
    return Task(line, metric, found, every[0], every[-1], wrote, tuple(months))


def _read_all(line: sa.Row[Any] | None, metric: Metric, found: Measure, every: range) -> Task:
    if len(every) > BITS:
        return Task(line, metric, None)
    return Task(line, metric, found, every[0], every[-1], tuple(every), tuple(every))


class _Making:
    """Makes anew what is kept of one outcome."""

    def __init__(
        self, database: Database, tenant_id: int, task: Task, imports: Imports, at: int
    ) -> None:
        self._database = database
        self._task = task
        self._line = {
            "kind": task.metric.kind,
            "read_as": task.measure.read_as if task.measure else "",
            "first_ix": task.first,
            "last_ix": task.last,
            "upto_run": imports.run,
            "upto_end": imports.end,
            "made_at": at,
        }
        self._key = {"tenant_id": tenant_id, "metric_id": task.metric.id}

    def make(self, conn: sa.Connection, people: _People) -> int:
        """Add the months up in one transaction, and write them down in others; return how many."""
        task, measure = self._task, self._task.measure
        if measure is None or not task.months:
            with self._database.write() as writing:
                self._claim(writing, whole=1)  # what is kept is as new as the imports
            return 0
        self._begin()
        months = Months(task.first, task.last, task.wrote, task.months)
        parts = [quickest(conn, part) for part in task.parts()]
        kept, singly = partial(self._kept_before, conn), self._lie_singly(conn)
        reading = Reading(conn, measure, parts, months, kept, people.staff, singly=singly)
        if task.wrote:
            self._keep_people(chain.from_iterable(some.lines() for some in reading.people()))
            written = kept_month.c.period.in_(task.wrote)
            self._replace(kept_month, written, reading.coverage)
        else:
            for _ in reading.people():
                pass  # to add them up is all that is wanted
        for month in task.months:
            self._replace(kept_cell, kept_cell.c.period == month, reading.cells(month))
        self._end()
        return len(task.months)

    def _lie_singly(self, conn: sa.Connection) -> bool:
        """Return whether nothing is known of somebody with two records in a month."""
        twice = sa.exists().where(*self._own(kept_month), kept_month.c.one_each == 0)
        return self._task.is_whole or not conn.execute(sa.select(twice)).scalar_one()

    def _begin(self) -> None:
        with self._database.write() as conn:
            if not self._claim(conn, whole=0):
                raise _OvertakenError
            if self._task.is_whole:
                for table in (kept_month, kept_cell):
                    outside = ~table.c.period.between(self._task.first, self._task.last)
                    conn.execute(sa.delete(table).where(*self._own(table), outside))

    def _claim(self, conn: sa.Connection, *, whole: int) -> bool:
        """Write the line, unless somebody did since it was read; return whether it is written."""
        values = {**self._line, "whole": whole}
        new = upsert(conn, kept_outcome).values(**self._key, **values)
        line = self._task.line
        if line is None:
            return bool(conn.execute(new.on_conflict_do_nothing()).rowcount)
        unchanged = sa.and_(
            kept_outcome.c.made_at == line.made_at, kept_outcome.c.whole == line.whole
        )
        again = new.on_conflict_do_update(index_elements=[*self._key], set_=values, where=unchanged)
        return bool(conn.execute(again).rowcount)

    def _own(self, table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
        return tuple(table.c[name] == value for name, value in self._key.items())

    def _replace(
        self, table: sa.Table, gone: sa.ColumnElement[bool], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Put rows, without their first two columns, in the place of others."""
        with self._database.write() as conn:
            self._hold(conn)
            conn.execute(sa.delete(table).where(*self._own(table), gone))
            own = tuple(self._key.values())
            insert_rows(conn, table, tuple(c.name for c in table.c), [own + row for row in rows])

    def _hold(self, conn: sa.Connection) -> None:
        made = sa.select(kept_outcome.c.made_at).where(*self._own(kept_outcome))
        if conn.execute(made.with_for_update()).scalar() != self._line["made_at"]:
            raise _OvertakenError

    def _keep_people(self, lines: Iterator[Line]) -> None:
        """Write down what each person has when, some people at a time."""
        s = kept_seen.c
        after: sa.ColumnElement[bool] = sa.true()
        while page := list(islice(lines, _AT_ONCE)):
            upto = page[-1][0]
            self._replace(kept_seen, sa.and_(after, s.unit_id <= upto), page)
            after = s.unit_id > upto
        self._replace(kept_seen, after, [])

    def _kept_before(self, conn: sa.Connection, base: int, upto: int) -> Iterator[Records]:
        """Yield what is kept of these people in months that are not read."""
        if self._task.is_whole:
            return
        these = kept_seen.c.unit_id.between(base, upto)
        months = Bits(self._task.first, self._task.last)
        for lines in kept_lines(conn, months, *self._own(kept_seen), these):
            kept = lines.records()
            yield kept.where(~np.isin(kept.period, self._task.wrote))

    def _end(self) -> None:
        with self._database.write() as conn:
            self._hold(conn)
            conn.execute(sa.update(kept_outcome).where(*self._own(kept_outcome)).values(whole=1))
