"""Outcomes by team and month are kept between reports, and never make a report say anything else."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from analytics import cells
from analytics.cells import refresh_cells
from analytics.store import observed as observed_outcomes
from analytics.store import reading, stage
from analytics.store.measure import measure
from analytics.store.moves import Spell, changed
from analytics.store.observed import Observed
from analytics.store.people import stage_people
from analytics.store.records import Lines
from analytics.store.schema import kept_cell, kept_month, kept_outcome, kept_seen
from analytics.store.team_cells import team_cells
from connectors.importing import import_outcomes, import_people
from connectors.metrics import metrics
from connectors.store.schema import membership, outcome, sync_run
from lrs.store.database import Database

TENANT, PEOPLE, TEAMS, MONTHS = 1, 24, 6, 12
KEPT = (kept_month, kept_seen, kept_cell)
Rows = dict[str, list[tuple[Any, ...]]]


class Firm:
    """What has been imported so far, to be imported again with a change."""

    def __init__(self, database: Database, folder: Path, seed: int = 3) -> None:
        self.database = database
        self.folder = folder
        self.chance = random.Random(seed)
        self.history = {n: [(n % TEAMS, "2023-01-01", "")] for n in range(PEOPLE)}
        self.records: dict[tuple[str, int, str], tuple[str, str]] = {}
        self._files = count()
        for month in range(1, MONTHS + 1):
            self.measure_month(month)
        self.send_people()
        self.send_outcomes()

    def measure_month(self, month: int) -> None:
        """Calls a month, complaints by case, errors that not everybody has every month."""
        for n in range(PEOPLE):
            when = f"2024-{month:02}"
            self.records["calls", n, when] = (f"{self.chance.uniform(5, 15):.2f}", "")
            if self.chance.random() < 0.8:
                self.records["errors", n, when] = (str(self.chance.randrange(9)), "30")
            if self.chance.random() < 0.3:
                self.complain(n, month)

    def complain(self, person: int, month: int) -> None:
        day = f"2024-{month:02}-{self.chance.randrange(1, 29):02}"
        self.records["complaints", person, day] = ("1", "")

    def change(self) -> None:
        """Change one thing, at random, and import what is changed."""
        what = self.chance.randrange(5)
        if what == 0:
            key = self.chance.choice(sorted(self.records))
            self.records[key] = (str(self.chance.randrange(3)), self.records[key][1])
            self.send_outcomes()
        elif what == 1:
            self.complain(self.chance.randrange(PEOPLE), self.chance.randrange(1, 13))
            self.send_outcomes()
        elif what == 2:
            moved, month = self.chance.randrange(PEOPLE), self.chance.randrange(2, 12)
            at = f"2024-{month:02}-01"
            first = self.history[moved][0][0]
            self.history[moved] = [
                (first, "2023-01-01", at),
                (self.chance.randrange(TEAMS), at, ""),
            ]
            self.send_people()
        elif what == 3:
            gone = self.chance.randrange(PEOPLE)
            team, begun, _ = self.history[gone][-1]
            self.history[gone][-1] = (team, begun, "2024-12-01")
            self.send_people()
        else:
            self.send_outcomes()

    def send_people(self) -> None:
        rows = [
            (f"P{n}", f"T{team}", *days)
            for n, spells in self.history.items()
            for team, *days in spells
        ]
        path = self._file(["person_id", "team_id", "valid_from", "valid_to"], rows)
        import_people(self.database, TENANT, path)

    def send_outcomes(self) -> None:
        for metric in ("calls", "errors", "complaints"):
            time = "occurred_at" if metric == "complaints" else "month"
            names = ["metric", "person_id", time, "value"]
            share = metric == "errors"
            if share:
                names[3:] = ["numerator", "denominator"]
            rows = [
                (metric, f"P{n}", when, *(said if share else said[:1]))
                for (of, n, when), said in sorted(self.records.items())
                if of == metric
            ]
            import_outcomes(self.database, TENANT, self._file(names, rows))

    def _file(self, names: list[str], rows: list[tuple[str, ...]]) -> Path:
        path = self.folder / f"{next(self._files)}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([names, *rows])
        return path


def held(database: Database) -> Rows:
    """Return what is kept, sums to ten digits: they were not always added in one order."""
    found: Rows = {}
    with database.read() as conn:
        for table in KEPT:
            rows = conn.execute(sa.select(table).order_by(*table.primary_key)).all()
            found[table.name] = [
                tuple(float(f"{v:.10g}") if isinstance(v, float) else v for v in _plain(row))
                for row in rows
            ]
    return found


def _plain(row: Any) -> Iterator[Any]:
    """Yield what a row holds, packed numbers one by one."""
    for value in row:
        yield from np.frombuffer(value, "<f8").tolist() if isinstance(value, bytes) else [value]


def forget(database: Database) -> None:
    with database.write() as conn:
        for table in (kept_outcome, *KEPT):
            conn.execute(sa.delete(table))


def lines(database: Database) -> dict[int, Any]:
    with database.read() as conn:
        return {row.metric_id: row for row in conn.execute(sa.select(kept_outcome))}


def metric_id(database: Database, key: str) -> int:
    with database.read() as conn:
        return next(metric.id for metric in metrics(conn, TENANT) if metric.key == key)


@contextmanager
def read(database: Database, key: str, *, anew: bool = False) -> Iterator[Observed]:
    """Yield an outcome as a report would read it; anew: as if nothing were kept."""
    with database.read() as conn, stage.staged(conn):
        stage_people(conn, TENANT)
        metric = next(metric for metric in metrics(conn, TENANT) if metric.key == key)
        found = measure(conn, TENANT, metric.id, metric.kind)
        assert found is not None
        with pytest.MonkeyPatch.context() as patch:
            if anew:
                patch.setattr(observed_outcomes, "kept", lambda *_: None)
            observed = Observed(conn, found)
        yield observed
        observed.drop()


def is_kept(database: Database, key: str) -> bool:
    with read(database, key) as observed:
        return observed.kept is not None


def said(
    database: Database, key: str, *, anew: bool = False
) -> tuple[dict[int, int], list[tuple[Any, ...]]]:
    with read(database, key, anew=anew) as observed:
        months = observed.coverage()
        with team_cells(observed, min(months), max(months)) as found:
            rows = observed.conn.execute(sa.select(found)).all()
        return months, sorted(tuple(f"{value:.9g}" for value in row) for row in rows)


def of_people(database: Database, key: str, *, anew: bool = False) -> list[tuple[Any, ...]]:
    """Return what is observed of each person, in the months from the second to the last but one."""
    with read(database, key, anew=anew) as observed:
        months = observed.coverage()
        some = observed.records(min(months) + 1, max(months) - 1)
        found = [one.records() if isinstance(one, Lines) else one for one in some]
    rows = (
        zip(
            one.person,
            one.period,
            one.num,
            one.num * 0 + 1 if one.den is None else one.den,
            strict=True,
        )
        for one in found
    )
    return sorted(tuple(f"{value:.9g}" for value in row) for some in rows for row in some)


@pytest.fixture
def firm(database: Database, tmp_path: Path) -> Firm:
    return Firm(database, tmp_path)


@pytest.mark.parametrize(("seed", "few"), [(0, 4), (1, 1), (2, 4)])
def test_what_is_made_anew_bit_by_bit_is_what_is_made_from_nothing(
    database: Database, tmp_path: Path, seed: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where every month that changed is looked up (1)."""
    monkeypatch.setattr(cells, "_FEW", few)
    firm = Firm(database, tmp_path, seed)
    refresh_cells(database, TENANT)
    for _ in range(4):
        for _ in range(3):
            firm.change()
            refresh_cells(database, TENANT)
        bit_by_bit = held(database)
        forget(database)
        refresh_cells(database, TENANT)
        for name, rows in held(database).items():
            if name == kept_month.name:  # whether records lie singly is known of all or of a part
                assert [row[:-1] for row in bit_by_bit[name]] == [row[:-1] for row in rows]
            else:
                assert bit_by_bit[name] == rows, name


@pytest.mark.parametrize("key", ["calls", "errors", "complaints"])
def test_kept_or_read_an_outcome_is_the_same(database: Database, firm: Firm, key: str) -> None:
    read_now, people = said(database, key), of_people(database, key)
    assert people
    assert not is_kept(database, key)
    refresh_cells(database, TENANT)
    assert is_kept(database, key)
    assert said(database, key) == read_now
    assert of_people(database, key) == people


@pytest.mark.parametrize("at_once", [1, 100])
def test_people_are_written_a_range_at_a_time(
    database: Database, firm: Firm, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh_cells(database, TENANT)
    before = held(database)
    forget(database)
    monkeypatch.setattr(reading, "IN_MEMORY", at_once)
    refresh_cells(database, TENANT)
    assert held(database) == before
    firm.change()
    refresh_cells(database, TENANT)
    bit_by_bit = held(database)
    forget(database)
    refresh_cells(database, TENANT)
    assert held(database)[kept_seen.name] == bit_by_bit[kept_seen.name]


def test_only_months_that_an_import_wrote_in_are_made_anew(database: Database, firm: Firm) -> None:
    refresh_cells(database, TENANT)
    assert refresh_cells(database, TENANT) == 0
    firm.records["calls", 2, "2024-05"] = ("1.5", "")
    firm.records["calls", 3, "2024-09"] = ("2.5", "")
    firm.send_outcomes()
    assert refresh_cells(database, TENANT) == 2
    assert refresh_cells(database, TENANT) == 0


def test_only_months_since_somebody_moved_are_made_anew(
    database: Database, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "_FEW", 1)
    refresh_cells(database, TENANT)
    before = {key: said(database, key) for key in ("calls", "errors", "complaints")}
    firm.history[4] = [(4, "2023-01-01", "2024-11-01"), (5, "2024-11-01", "")]
    firm.send_people()
    monkeypatch.setattr(reading, "numbers", pytest.fail)  # no record is read again
    december = min(line.last_ix for line in lines(database).values())
    assert refresh_cells(database, TENANT) == sum(
        line.last_ix - december + 2 for line in lines(database).values()
    )
    for key, was in before.items():
        made = said(database, key)
        assert made != was
        assert made == said(database, key, anew=True)


def test_an_import_under_way_that_takes_back_its_own_row_is_not_missed(
    database: Database, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it wrote may have been counted before it was taken back."""
    monkeypatch.setattr(cells, "_FEW", 1)
    refresh_cells(database, TENANT)
    before = held(database)
    firm.history[4] = [(4, "2023-01-01", "2024-11-01"), (5, "2024-11-01", "")]
    firm.send_people()
    newest = sa.select(sa.func.max(sync_run.c.id)).scalar_subquery()
    with database.write() as conn:
        conn.execute(sa.update(sync_run).where(sync_run.c.id == newest).values(ended_at=None))
    refresh_cells(database, TENANT)
    assert held(database) != before
    with database.write() as conn:
        run = conn.execute(sa.select(newest)).scalar_one()
        own = membership.c
        back = sa.update(membership).where(own.superseded_run == run).values(superseded_run=None)
        conn.execute(sa.update(membership).where(own.run_id == run).values(superseded_run=run))
        conn.execute(back.where(own.run_id != run))
    refresh_cells(database, TENANT)
    assert held(database) == before


def test_spells_differ_in_the_months_of_one_alone() -> None:
    stays, longer = Spell(1, 10, 20, 7), Spell(2, 10, 20, 7)
    gone = [stays, longer, Spell(3, 10, 12, 7), Spell(4, 5, 9, 7)]
    come = [stays, longer._replace(to_ix=23), Spell(3, 10, 12, 8), Spell(5, 1, 3, 9)]
    found = {month for months in changed(gone, come) for month in months}
    assert found == {20, 21, 22, 10, 11, 5, 6, 7, 8, 1, 2}


def test_an_import_that_changes_nothing_makes_nothing_anew(database: Database, firm: Firm) -> None:
    refresh_cells(database, TENANT)
    before = held(database)
    firm.send_outcomes()
    firm.send_people()
    assert refresh_cells(database, TENANT) == 0
    assert held(database) == before
    assert is_kept(database, "calls")


def test_what_is_older_than_an_import_is_not_read(database: Database, firm: Firm) -> None:
    refresh_cells(database, TENANT)
    firm.change()
    assert not is_kept(database, "calls")
    refresh_cells(database, TENANT)
    assert is_kept(database, "calls")


def test_an_import_under_way_is_looked_at_each_time(database: Database, firm: Firm) -> None:
    """What it wrote later, under the same number, is not missed; nor when it ends at last."""
    refresh_cells(database, TENANT)
    firm.records["calls", 2, "2024-05"] = ("1.5", "")
    firm.send_outcomes()
    newest = sa.select(sa.func.max(sync_run.c.id)).scalar_subquery()
    with database.read() as conn:
        ended_at = conn.execute(sa.select(sa.func.max(sync_run.c.ended_at))).scalar_one()
        first_of_three = conn.execute(sa.select(newest)).scalar_one() - 2

    def ends(at: int | None) -> None:
        run = sa.update(sync_run).where(sync_run.c.id == first_of_three)
        with database.write() as conn:
            conn.execute(run.values(ended_at=at))

    ends(None)
    assert [refresh_cells(database, TENANT) for _ in range(2)] == [1, 1]
    ends(ended_at + 1)
    assert [refresh_cells(database, TENANT) for _ in range(2)] == [1, 0]


def test_an_import_that_broke_off_long_ago_is_left_alone(database: Database, firm: Firm) -> None:
    with database.write() as conn:
        conn.execute(sa.update(sync_run).values(ended_at=None, started_at=0))
    refresh_cells(database, TENANT)
    assert refresh_cells(database, TENANT) == 0
    assert is_kept(database, "calls")


def test_what_broke_off_is_not_read_and_is_taken_up(
    database: Database, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = said(database, "calls")

    def breaks_off(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cells._Making, "_keep_people", breaks_off)
    with pytest.raises(KeyboardInterrupt):
        refresh_cells(database, TENANT)
    monkeypatch.undo()
    assert said(database, "calls") == before
    assert not is_kept(database, "calls")
    refresh_cells(database, TENANT)  # somebody may be at it still
    assert not is_kept(database, "calls")
    monkeypatch.setattr(cells, "_LEFT_TO_IT", 0)
    refresh_cells(database, TENANT)
    assert is_kept(database, "calls")
    assert said(database, "calls") == before


def test_who_is_overtaken_stops(
    database: Database, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another begins and ends while one is at it: what stays is the other's, whole."""
    monkeypatch.setattr(cells, "_LEFT_TO_IT", 0)
    went_on = cells._Making._keep_people

    def overtaken(self: Any, *given: Any) -> None:
        monkeypatch.setattr(cells._Making, "_keep_people", went_on)
        assert refresh_cells(database, TENANT) >= 3 * MONTHS
        went_on(self, *given)

    monkeypatch.setattr(cells._Making, "_keep_people", overtaken)
    assert refresh_cells(database, TENANT) == 0
    assert all(line.whole for line in lines(database).values())
    whole = held(database)
    forget(database)
    refresh_cells(database, TENANT)
    assert held(database) == whole


def test_what_an_earlier_version_kept_is_read_by_nobody_and_made_anew(
    database: Database, firm: Firm
) -> None:
    refresh_cells(database, TENANT)
    whole, now = held(database), sa.func.substr(kept_outcome.c.read_as, 2)
    with database.write() as conn:
        conn.execute(sa.update(kept_outcome).values(read_as=sa.literal("1") + now))
        conn.execute(sa.update(kept_seen).values(nums=None))
    assert not is_kept(database, "calls")
    refresh_cells(database, TENANT)  # no import came since
    assert held(database) == whole
    assert is_kept(database, "calls")


def test_more_months_than_bits_are_read_and_not_kept(
    database: Database, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = said(database, "calls")
    monkeypatch.setattr(cells, "BITS", MONTHS - 1)
    assert refresh_cells(database, TENANT) == 0
    assert not is_kept(database, "calls")
    assert said(database, "calls") == before
    monkeypatch.undo()
    firm.records["calls", 2, "2024-05"] = ("1.5", "")
    firm.send_outcomes()
    refresh_cells(database, TENANT)
    assert is_kept(database, "calls")


def test_an_earlier_month_makes_all_anew(database: Database, firm: Firm) -> None:
    refresh_cells(database, TENANT)
    firm.records["calls", 2, "2023-11"] = ("1.5", "")
    firm.send_outcomes()
    assert refresh_cells(database, TENANT) == MONTHS + 2
    found = lines(database)[metric_id(database, "calls")]
    assert found.last_ix - found.first_ix == MONTHS + 1
    assert said(database, "calls") == said(database, "calls", anew=True)


def test_a_later_month_is_added(database: Database, firm: Firm) -> None:
    refresh_cells(database, TENANT)
    for n in range(PEOPLE):
        firm.records["calls", n, "2025-01"] = ("7", "")
    firm.send_outcomes()
    assert refresh_cells(database, TENANT) == 1
    assert said(database, "calls") == said(database, "calls", anew=True)


def test_what_was_taken_back_of_the_last_month_is_kept_no_longer(
    database: Database, firm: Firm
) -> None:
    before = said(database, "calls", anew=True)
    for n in range(PEOPLE):
        firm.records["calls", n, "2025-01"] = ("7", "")
    firm.send_outcomes()
    refresh_cells(database, TENANT)
    assert said(database, "calls") != before
    with database.write() as conn:
        run = sa.insert(sync_run).values(
            tenant_id=TENANT, source="file", stream="x", started_at=1, ended_at=2**60
        )
        number = conn.execute(run.returning(sync_run.c.id)).scalar_one()
        january = outcome.c.day_no >= sa.select(sa.func.max(outcome.c.day_no)).scalar_subquery()
        taken = sa.update(outcome).where(outcome.c.metric_id == metric_id(database, "calls"))
        conn.execute(taken.where(january).values(superseded_run=number))
    refresh_cells(database, TENANT)
    assert is_kept(database, "calls")
    assert said(database, "calls") == before


def test_an_outcome_of_teams_is_looked_at_once_an_import(
    database: Database, firm: Firm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "teams.csv"
    path.write_text("metric,team_id,month,value\nsales,T1,2024-05,7\n", "utf-8")
    import_outcomes(database, TENANT, path)
    refresh_cells(database, TENANT)
    monkeypatch.setattr(cells, "measure", pytest.fail)
    assert refresh_cells(database, TENANT) == 0
    assert len(lines(database)) == 4


def test_who_is_met_in_which_months(database: Database, firm: Firm) -> None:
    """Kept or read, the same people have a record from one month to before another, or in all."""

    def met() -> list[list[int]]:
        with read(database, "errors") as observed:
            first, m = min(observed.coverage()), stage.member.c
            begins, ends = first + 2, first + 4
            if observed.presence is not None:
                person, has = observed.presence.person, observed.presence.months
                asked = observed.presence.bits.mask(np.array([begins]), np.array([ends]))
                return [person[has & asked > 0].tolist(), person[has & asked == asked].tolist()]
            once = observed.met(m.person_id, sa.literal(begins), sa.literal(ends))
            always = observed.always_met(m.person_id, [begins, begins + 1])
            people = (sa.select(m.person_id).where(which) for which in (once, always))
            return [sorted(observed.conn.execute(who).scalars()) for who in people]

    before = met()
    assert 0 < len(before[1]) < len(before[0]) < PEOPLE
    refresh_cells(database, TENANT)
    assert is_kept(database, "errors")
    assert met() == before
