"""The panel in SQL against the same panel counted in Python, on companies of every odd shape."""

from __future__ import annotations

from itertools import count

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from small_company import (
    COMPLETED,
    INITIALIZED,
    PATH,
    Company,
    Event,
    Figure,
    Person,
    Spell,
    first_day,
    month,
    panel_rows,
    write,
)

from analytics.estimators import errors
from analytics.estimators.errors import deviations_of
from analytics.estimators.grid import grid_of
from analytics.estimators.panel import Panel, Scores
from analytics.estimators.row_panel import RowPanel
from analytics.facts import refresh_facts
from analytics.impact.changes import team_changes
from analytics.impact.rollout import team_months, team_starts
from analytics.store import person_panel, stage, team_panel
from analytics.store.exposure import stage_learners, stage_path
from analytics.store.measure import measure
from analytics.store.observed import Observed
from analytics.store.panel import panel_of
from analytics.store.people import stage_people
from analytics.store.staff import learners_in, staff_in
from connectors.paths import learning_path
from lrs.store.database import Database

FIRST, LAST = month("2024-01"), month("2024-08")
BEGIN, END = first_day(FIRST), first_day(LAST + 1)
_tenants = count(100)

days = st.integers(BEGIN - 40, END + 20)


@st.composite
def spells(draw: st.DrawFn, most: int) -> list[Spell]:
    """Draw stretches that do not overlap; the last may be open."""
    cuts = sorted(draw(st.sets(days, min_size=1, max_size=2 * most)))
    found = [Spell(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    if len(cuts) % 2:
        found.append(Spell(cuts[-1], None))
    return found


@st.composite
def companies(draw: st.DrawFn, *, ratio: bool, most: int) -> Company:
    """Draw a company with at most so many records of a person in a month."""
    n_teams = draw(st.integers(1, 3))
    people = []
    for n in range(1, draw(st.integers(2, 7)) + 1):
        teams = [(draw(st.integers(1, n_teams)), s) for s in draw(spells(2))]
        people.append(
            Person(n, draw(spells(2)), teams, [(f"mbox mailto:p{n}@example.org", Spell(0))])
        )
    # A mail that was freed and given to somebody else: one day decides whose statements they are.
    handed_over = draw(days)
    people[0].actors.append(("mbox mailto:desk@example.org", Spell(0, handed_over)))
    people[1].actors.append(("mbox mailto:desk@example.org", Spell(handed_over)))
    mails = [actor for person in people for actor, _ in person.actors]
    events = draw(
        st.lists(
            st.builds(
                Event,
                st.sampled_from(mails),
                days,
                activity=st.sampled_from([PATH, PATH, f"{PATH}/m1"]),
                verb=st.sampled_from([COMPLETED, INITIALIZED]),
                completion=st.sampled_from([None, None, True, False]),
                voided=st.booleans(),
            ),
            min_size=1,
            max_size=12,
        )
    )
    events.append(Event(mails[0], END, verb=INITIALIZED))
    amounts = st.integers(0, 9)
    figures = []
    for person in people:
        for period in range(FIRST, LAST + 1):
            for _ in range(draw(st.integers(0, most))):
                sums = (
                    {"numerator": draw(amounts), "denominator": draw(st.integers(0, 4))}
                    if ratio
                    else {"value": draw(amounts) / 4}
                )
                late = draw(st.sampled_from([False, False, False, True]))
                figures.append(Figure(person.id, first_day(period), superseded=late, **sums))
    return Company(people, events, figures)


def staged_panels(
    database: Database, company: Company, level: str, kind: str, *, levelled: bool = False
) -> tuple[pd.DataFrame, ...]:
    """Return cells, sizes, scores and the errors of the cells of the panel in SQL.

    Empty when there is no usable record, or levels cannot be taken off.
    """
    tenant_id = next(_tenants)
    metric_id = write(database, tenant_id, company, kind=kind)
    refresh_facts(database, tenant_id)
    with database.read() as conn, stage.staged(conn):
        found = measure(conn, tenant_id, metric_id, kind)
        if found is None:
            return ()
        path = learning_path(conn, tenant_id, PATH)
        stage_people(conn, tenant_id)
        stage_path(conn, tenant_id, path)
        stage_learners(conn, tenant_id, path.rule)
        changes = team_changes(staff_in(conn), learners_in(conn))
        teams = team_months(changes, FIRST - 12, LAST)
        base = tenant_id * 1000
        stage.fill(conn, stage.unit_start, team_starts(teams).items())
        observed = Observed(conn, found)
        panel = panel_of(observed, level, FIRST, LAST, levels=levelled)
        if levelled and panel.left_out is None:
            return ()
        cells, scores = panel.cells(), pd.DataFrame()
        if level == "team" or person_panel.LISTED > 0:
            scores = _lines(panel.scores(_weights(cells)), base)
        elif len(cells):
            with pytest.raises(LookupError):
                panel.scores(_weights(cells))
        return cells, panel.sizes(), scores, _errors(panel)


def _errors(panel: Panel) -> pd.DataFrame:
    """Return the covariance of the cells' means, one estimate each."""
    grid = grid_of(panel)
    if not grid.there.any():
        return pd.DataFrame()
    each = np.eye(grid.den.size)[grid.there.ravel()].reshape(-1, *grid.den.shape)
    return pd.DataFrame(deviations_of(panel, grid).covariance(each)[0])


def _weights(cells: pd.DataFrame) -> pd.DataFrame:
    """Weigh all cells but the first by something that none of them shares."""
    some = cells.iloc[1:]
    return pd.DataFrame(
        {
            "cohort": some["cohort"],
            "period": some["period"],
            "mean": (some["num"] / some["den"]).round(1),
            "a": np.linspace(-1.3, 2.1, len(some)),
            "b": np.sqrt(np.arange(len(some))),
        }
    )


@pytest.mark.parametrize("level", ["team", "person"])
@pytest.mark.parametrize("kind", ["continuous", "count"])
@pytest.mark.parametrize("most", [1, 2], ids=["one a month", "some a month"])
@pytest.mark.parametrize("listed", [10**6, -1], ids=["listed", "added up"])
def test_panel_equals_counting_by_hand(
    database: Database,
    level: str,
    kind: str,
    most: int,
    listed: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (team_panel, person_panel, errors):
        monkeypatch.setattr(module, "LISTED", listed)

    @limits(
        max_examples=8,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(companies(ratio=kind == "count", most=most))
    def holds(company: Company) -> None:
        found = staged_panels(database, company, level, kind)
        rows = panel_rows(company, level, FIRST, LAST)
        if not found or rows.empty:
            assert rows.empty
            assert not found or found[0].empty
            return
        expected = RowPanel(rows)
        cells, sizes, scores, errors = found
        _same(cells, expected.cells())
        _same(sizes, expected.sizes())
        if level == "team" or listed > 0:
            _same(scores, _lines(expected.scores(_weights(cells))))
        _same(errors, _errors(expected))

    holds()


def levels_by_hand(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with what their people's levels come to, by least squares on people and months.

    Those of a cohort who are always there, in one team, are one; the others stand at that one's level.
    """
    own = rows.groupby("unit")
    whole = own["period"].transform("size") == rows["period"].nunique()
    whole &= own["cluster"].transform("nunique") == 1
    names = rows["unit"].astype(str).mask(whole, "all of " + rows["cohort"].astype(str))
    rows = rows.assign(name=names)
    compared = rows["cohort"] > rows["period"].min()
    before = rows[compared & (rows["period"] < rows["cohort"])]
    before = before.groupby(["name", "cohort", "period"], as_index=False)[["num", "den"]].sum()
    units, periods = sorted(before["name"].unique()), sorted(before["period"].unique())
    design = np.zeros((len(before), len(units) + len(periods)))
    design[np.arange(len(before)), np.searchsorted(units, before["name"])] = 1
    design[np.arange(len(before)), len(units) + np.searchsorted(periods, before["period"])] = 1
    assert np.linalg.matrix_rank(design) == design.shape[1] - 1
    root = np.sqrt(before["den"].to_numpy())[:, None]
    outcome = (before["num"] / before["den"]).to_numpy()[:, None]
    fitted = np.linalg.lstsq(design * root, outcome * root, rcond=None)[0][:, 0]
    level = rows["name"].map(dict(zip(units, fitted, strict=False)))
    known = rows[~compared | level.notna()]
    moves = compared & ~whole & level.notna()
    weighed = (level * rows["den"])[moves].groupby(rows["cohort"][moves]).sum()
    mean = weighed / rows[moves].groupby("cohort")["den"].sum()
    pools = {
        int(name.split()[-1]): at for name, at in zip(units, fitted, strict=False) if " " in name
    }
    stand_in = rows["cohort"].map({**mean.to_dict(), **pools})
    shift = (rows["den"] * (level - stand_in)).where(moves, 0.0)
    return known.assign(shift=shift[known.index])


def coming_and_going(seed: int, *, ratio: bool) -> Company:
    """Five teams of people of whom some come, go, move, or have a month without a record."""
    random = np.random.default_rng(seed)
    people, events, figures = [], [], []
    for n in range(1, 31):
        begins = random.choice([FIRST - 9, FIRST - 9, FIRST - 9, FIRST + 1, FIRST + 5])
        ends = random.choice([None, None, None, FIRST + 4, FIRST + 6])
        employed = Spell(first_day(begins), None if ends is None else first_day(ends))
        team, moves = n % 5 + 1, random.random() < 0.2
        teams = [(team, Spell(0))]
        if moves:
            on = first_day(FIRST + int(random.integers(1, 7)))
            teams = [(team, Spell(0, on)), (team % 5 + 1, Spell(on))]
        actor = f"mbox mailto:p{n}@example.org"
        people.append(Person(n, [employed], teams, [(actor, Spell(0))]))
        done = {1: FIRST + 3, 2: FIRST + 5, 3: FIRST - 2}.get(team)
        if done is not None:
            events.append(Event(actor, first_day(done)))
        own = random.normal(0, 3)
        for period in range(FIRST, LAST + 1):
            if random.random() < 0.05:
                continue
            value, size = own + random.normal(), float(random.integers(1, 9))
            sums = {"numerator": value * size, "denominator": size} if ratio else {"value": value}
            figures.append(Figure(n, first_day(period), **sums))
    events.append(Event("mbox mailto:p1@example.org", END, verb=INITIALIZED))
    return Company(people, events, figures)


@pytest.mark.parametrize("level", ["team", "person"])
@pytest.mark.parametrize("kind", ["continuous", "count"])
@pytest.mark.parametrize("seed", range(2))
def test_levels_of_people_equal_those_by_hand(
    database: Database, level: str, kind: str, seed: int
) -> None:
    company = coming_and_going(seed, ratio=kind == "count")
    expected = levels_by_hand(panel_rows(company, level, FIRST, LAST))
    assert expected["shift"].abs().max() > 0.1
    panel = RowPanel(expected)
    cells, sizes, scores, errors = staged_panels(database, company, level, kind, levelled=True)
    _same(cells, panel.cells())
    _same(sizes, panel.sizes())
    _same(scores, _lines(panel.scores(_weights(cells))))
    _same(errors, _errors(panel))


@pytest.mark.parametrize("level", ["team", "person"])
def test_who_started_by_the_first_month_with_figures_is_compared_with_nobody(
    database: Database, level: str
) -> None:
    """And so stays as they are, also where the months that are looked at begin earlier."""
    company = coming_and_going(0, ratio=False)
    company.figures = [f for f in company.figures if f.day_no > first_day(FIRST)]
    for person in company.people:
        if person.id % 5 == 2:  # whom `coming_and_going` trains before
            company.events = [e for e in company.events if e.actor != person.actors[0][0]]
            company.events.append(Event(person.actors[0][0], first_day(FIRST + 1)))
    expected = levels_by_hand(panel_rows(company, level, FIRST, LAST))
    assert (expected["cohort"] == FIRST + 1).any()
    panel = RowPanel(expected)
    cells, sizes, _, errors = staged_panels(database, company, level, "continuous", levelled=True)
    _same(cells, panel.cells())
    _same(sizes, panel.sizes())
    _same(errors, _errors(panel))


@pytest.mark.parametrize("level", ["team", "person"])
def test_levels_of_any_company_leave_who_is_compared(database: Database, level: str) -> None:
    """However odd the company: nobody is added, and who is always there stays as they are."""

    @limits(max_examples=8, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(companies(ratio=False, most=2))
    def holds(company: Company) -> None:
        plain = staged_panels(database, company, level, "continuous")
        found = staged_panels(database, company, level, "continuous", levelled=True)
        if found:
            cells = found[0].merge(plain[0], on=["cohort", "period"], suffixes=("", "_plain"))
            assert len(cells) == len(found[0])
            assert (cells["rows"] <= cells["rows_plain"]).all()
            assert (cells["num2"] - cells["num"] ** 2 / cells["den"] > -1e-9).all()

    holds()


def _lines(scores: Scores, base: int = 0) -> pd.DataFrame:
    keys = pd.DataFrame({"cohort": scores.cohort, "cluster": scores.cluster - base})
    return keys.join(pd.DataFrame(scores.values, columns=["a", "b"]))


def _same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        found.astype(float), expected.astype(float)[list(found.columns)], rtol=1e-9, atol=1e-9
    )
