"""Units that come and go: each is compared with itself, not with those who were there before it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from analytics.designs import large_panel
from analytics.estimators import errors
from analytics.estimators.levels import Rows, shifts
from analytics.evaluate import evaluate
from analytics.store import columns

SPEC: dict[str, Any] = {
    "design": "panel",
    "data": "t.parquet",
    "unit": "unit",
    "time": "period",
    "start": "start",
    "never": 0,
    "outcome": "y",
    "kpi": {"kind": "continuous", "better": "up"},
}
START, PERIODS = 7, 12


def people(
    seed: int, *, of_trained: float, of_others: float, effect: float = 0.0, size: int = 600
) -> pd.DataFrame:
    """People in 40 teams, half of them trained; each period the weak leave at that rate on a side."""
    random = np.random.default_rng(seed)
    level, team = random.normal(0, 3, size), random.permutation(size) % 40
    start = np.where(team < 20, START, 0)
    rate = np.where(level < 0, np.where(start > 0, of_trained, of_others), 0.02)
    stays = random.geometric(rate) + START - 1  # the last period that they are there
    unit, period = (index.ravel() for index in np.indices((size, PERIODS)))
    period += 1
    y = level[unit] + 0.1 * period + random.normal(size=len(unit))
    y += effect * ((start[unit] > 0) & (period >= START))
    rows = pd.DataFrame(
        {"unit": unit, "team": team[unit], "period": period, "start": start[unit], "y": y}
    )
    return rows[period <= stays[unit]].reset_index(drop=True)


def answered(rows: pd.DataFrame, folder: Path, **more: Any) -> dict[str, Any]:
    rows.to_parquet(folder / "t.parquet")
    return evaluate(SPEC | more, folder)


@pytest.mark.parametrize("cluster", ["unit", "team"])
@pytest.mark.parametrize(("of_trained", "of_others"), [(0.12, 0.02), (0.02, 0.12)])
def test_who_leaves_is_no_effect(
    tmp_path: Path, cluster: str, of_trained: float, of_others: float
) -> None:
    found = [
        answered(
            people(seed, of_trained=of_trained, of_others=of_others), tmp_path, cluster=cluster
        )
        for seed in range(10)
    ]
    told = [answer["estimate"] for answer in found]
    assert sum(one["low"] <= 0 <= one["high"] for one in told) >= 8
    assert np.mean([one["att"] for one in told]) == pytest.approx(0, abs=0.05)
    claims = [a["verdict"] for a in found if a["grade"] == "B" and a["estimate"]["p"] < 0.05]
    assert len(claims) <= 1


def test_an_effect_is_found_among_those_who_come_and_go(tmp_path: Path) -> None:
    rows = people(3, of_trained=0.12, of_others=0.04, effect=0.5)
    told = answered(rows, tmp_path, cluster="team")["estimate"]
    assert told["low"] < 0.5 < told["high"]
    assert told["se"] < 0.12


def rows_of(frame: pd.DataFrame) -> Rows:
    cohort = frame.groupby("unit")["start"].first()
    return Rows(
        unit=np.searchsorted(cohort.index, frame["unit"]),
        period=frame["period"].to_numpy() - 1,
        cohort=np.unique(cohort, return_inverse=True)[1],
        treated=((frame["start"] > 0) & (frame["period"] >= frame["start"])).to_numpy(),
        num=(frame["y"] * frame["w"]).to_numpy(),
        den=frame["w"].to_numpy(float),
    )


def test_levels_are_those_of_the_two_way_fit() -> None:
    """The untrained rows on units and periods, weighted by exposure, by least squares in full."""
    frame = people(1, of_trained=0.3, of_others=0.3, size=40)
    frame = frame.sample(frac=0.8, random_state=1).assign(
        w=lambda f: np.random.default_rng(2).integers(1, 9, len(f))
    )
    rows = rows_of(frame)
    found = shifts(rows)
    assert found is not None
    shift, keep = found
    untrained = frame[~rows.treated]
    fitted = smf.wls("y ~ C(unit) + C(period) - 1", untrained, weights=untrained["w"]).fit()
    names = [f"C(unit)[{unit}]" for unit in frame["unit"]]
    level = np.array([fitted.params.get(name, np.nan) for name in names])
    assert (np.isfinite(level) == keep).all()
    told = pd.DataFrame({"start": frame["start"], "w": frame["w"], "level": level})[keep]
    mean = (told["level"] * told["w"]).groupby(told["start"]).sum() / told.groupby("start")[
        "w"
    ].sum()
    want = told["w"] * (told["level"] - told["start"].map(mean))
    assert shift[keep] == pytest.approx(want.to_numpy(), abs=1e-8)


def test_a_whole_panel_answers_as_before(tmp_path: Path) -> None:
    """One row more of somebody else sets the levels going; all others are whole."""
    rows = people(5, of_trained=1e-9, of_others=1e-9, size=200).assign(w=1.0)
    rows = rows[rows.groupby("unit")["period"].transform("size") == PERIODS]
    found = shifts(rows_of(rows))
    assert found is not None
    by_cell = pd.Series(found[0]).groupby([rows["start"].to_numpy(), rows["period"].to_numpy()])
    assert by_cell.sum().to_numpy() == pytest.approx(0, abs=1e-8)


def test_units_that_are_asked_once_have_no_level(tmp_path: Path) -> None:
    """Repeated cross-sections: nobody is seen before and after, so means are compared."""
    rows = people(7, of_trained=0.02, of_others=0.02)
    once = rows.assign(unit=np.arange(len(rows)))
    assert shifts(rows_of(once.assign(w=1.0))) is None
    told = answered(once, tmp_path, cluster="team")["estimate"]
    cells = rows.groupby(["start", "period"])["y"].mean()
    change = cells[START].loc[START:] - cells[START].loc[START - 1]
    others = cells[0].loc[START:] - cells[0].loc[START - 1]
    estimates = answered(once, tmp_path, cluster="team")["estimates"]
    size = rows[(rows["start"] > 0) & (rows["period"] >= START)].groupby("period").size()
    want = np.average(change - others, weights=size)
    assert estimates["simple"]["att"] == pytest.approx(want)
    assert told["se"] > 0


def test_no_course_where_two_spans_share_nobody() -> None:
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(8), 2),
            "period": np.tile([[1, 2], [3, 4]], (4, 1)).ravel(),
            "start": np.repeat([0, 0, 0, 0, 0, 4, 0, 0], 2),
            "y": np.arange(16.0),
            "w": 1.0,
        }
    )
    assert shifts(rows_of(frame)) is None


def test_no_course_where_a_period_is_told_by_nobody_else() -> None:
    """Those who are there in the fifth period are there in no other."""
    frame = people(2, of_trained=1e-9, of_others=1e-9, size=60).assign(w=1.0)
    frame = frame[frame["period"] != 5]
    assert shifts(rows_of(pd.concat([frame, frame.iloc[:1].assign(unit=99, period=4)]))) is not None
    alone = frame.iloc[:1].assign(unit=99, period=5)
    assert shifts(rows_of(pd.concat([frame, alone]))) is None


def coming_and_going(seed: int = 4) -> pd.DataFrame:
    """With newcomers on both sides, some trained before the first period, and names for numbers."""
    rows = people(seed, of_trained=0.1, of_others=0.03, size=400)
    random = np.random.default_rng(seed)
    joined = np.where(random.random(400) < 0.2, random.integers(1, PERIODS, 400), 0)
    rows = rows[rows["period"] > joined[rows["unit"]]]
    rows["start"] = rows["start"].mask((rows["team"] % 10 == 3) & (rows["start"] > 0), 1)
    rows["start"] = rows["start"].mask((rows["team"] % 10 == 4) & (rows["start"] > 0), 10)
    rows["unit"] = "U" + rows["unit"].astype(str)
    rows["hours"] = random.uniform(1, 3, len(rows))
    return rows.sample(frac=1, random_state=1).reset_index(drop=True)


@pytest.mark.parametrize(
    "more", [{}, {"cluster": "team"}, {"cluster": "team", "exposure": "hours"}]
)
def test_a_large_file_tells_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, str]
) -> None:
    rows, found = coming_and_going(), []
    for large, listed in ((10**9, 10**6), (0, 10**6), (10**9, 0), (0, 0)):
        monkeypatch.setattr(large_panel, "LARGE", large)
        for module in (columns, errors):
            monkeypatch.setattr(module, "LISTED", listed)
        found.append(answered(rows, tmp_path, **more))
    assert found[0]["n"]["left_out"] > 0
    assert {"incomplete_left_out", "trained_before_window"} <= set(found[0]["flags"])
    for in_memory, told in (found[:2], found[2:]):
        assert told["flags"] == in_memory["flags"]
        assert told["n"] == in_memory["n"]
        for name in ("att", "se", "low", "high"):
            assert told["estimate"][name] == pytest.approx(in_memory["estimate"][name], rel=1e-8)
