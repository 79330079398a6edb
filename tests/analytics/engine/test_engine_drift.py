"""How much drift an effect withstands, against the R package HonestDiD 0.2 and against brute force.

The event studies (coefficients and covariance, the period before the start left out) and the intervals
are those published with the package: `BCdata_EventStudy` (Benzarti and Carloni 2019, with the results
that its replication stores, and its read-me's Medicaid expansions of 2014. The package looks for the
ends on a grid of a thousand points over forty standard errors, and draws its critical values: that is
the tolerance there. Where nothing is drawn or searched it is 1e-6.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rollouts import roll_out
from scipy.optimize import linprog, minimize
from scipy.stats import foldnorm, norm

from analytics.answering import answer_panel
from analytics.checks import relative, smooth
from analytics.checks.drift import Course, course_of
from analytics.checks.sensitivity import drift
from analytics.estimators.panel import NEVER
from analytics.estimators.question import Question
from analytics.estimators.row_panel import RowPanel
from analytics.estimators.study import Study

DATA = Path(__file__).resolve().parents[2] / "data"


def published(name: str, share: list[float]) -> Course:
    """Return an event study as its changes before the start, the last first, and its effects."""
    table = pd.read_csv(DATA / f"event_study_{name}.csv")
    levels, cov = table["beta"].to_numpy(), table.iloc[:, 2:].to_numpy()
    before = int((table["period"] < 0).sum())
    turn = np.eye(len(levels))
    turn[:before] = 0.0
    for at in range(before):
        turn[at, before - 1 - at] = -1.0
        if at:
            turn[at, before - at] = 1.0
    moved = turn @ levels
    return Course(moved[:before], moved[before:], np.array(share), turn @ cov @ turn.T)


BENZARTI = {
    0.5: (0.11812948578177346, 0.27158386602562062),
    1.0: (0.06723125075039843, 0.31868372530838568),
    1.5: (0.013294315120135292, 0.36958196033976071),
}
MEDICAID = {0.5: (0.0241, 0.0673), 1.0: (0.0171, 0.0720), 1.5: (0.00859, 0.0796)}


@pytest.mark.parametrize("limit", BENZARTI)
def test_relative_limits_equal_the_r_package_to_its_grid(limit: float) -> None:
    course = published("bc", [1, 0, 0, 0])
    step = 40 * course.spread(course.mean) / 999
    assert relative.interval(course, limit) == pytest.approx(BENZARTI[limit], abs=1.05 * step)


@pytest.mark.parametrize("limit", MEDICAID)
def test_relative_limits_equal_the_published_medicaid_table(limit: float) -> None:
    course = published("medicaid", [1, 0])
    step = 40 * course.spread(course.mean) / 999
    assert relative.interval(course, limit) == pytest.approx(MEDICAID[limit], abs=1.5 * step)


def test_without_drift_the_interval_is_the_plain_one() -> None:
    course = published("bc", [1, 0, 0, 0])
    plain = (0.15877494280765034, 0.23314729268124126)  # the package's constructOriginalCS
    assert relative.interval(course, 0.0) == pytest.approx(plain, abs=1e-6)


def test_breakdown_is_where_the_interval_reaches_nothing() -> None:
    course = published("medicaid", [1, 0])
    found = relative.breakdown(course)
    assert found == pytest.approx(1.95, abs=0.06)  # published: "about 2", -0.00107 at 2
    assert found is not None
    assert (
        relative.interval(course, found - 0.01)[0] > 0 > relative.interval(course, found + 0.01)[0]
    )


def rejected_by_programme(course: Course, limit: float, effect: float, change: np.ndarray) -> bool:
    """Test one earlier change by the linear programme itself, without the first stage's shortcut."""
    size, before = len(course.after), len(course.leads)
    steps = np.zeros((size, len(course.cov)))
    steps[:, before:] = np.eye(size) - np.eye(size, k=-1)
    moments = np.vstack([steps - limit * change, -steps - limit * change])
    values, cov = np.concatenate([course.leads, course.after]), moments @ course.cov @ moments.T
    y, sd = moments @ values, np.sqrt(np.diag(cov))
    own = np.vstack([steps[:, before:], -steps[:, before:]])
    # All later effects whose mean is ``effect``: one of them and free moves that keep the mean.
    free = np.linalg.svd(course.share[None, :])[2][1:].T
    y = y - own @ (course.share * effect / (course.share @ course.share))
    x = own @ free

    def highest(y: np.ndarray) -> tuple[float, np.ndarray]:
        found = linprog(
            -y,
            A_eq=np.vstack([sd, x.T]),
            b_eq=np.eye(size)[0] if size > 1 else [1.0],
            bounds=(0, None),
            method="highs",
        )
        return -found.fun, found.x

    most, dual = highest(y)
    variance = float(dual @ cov @ dual)
    if most <= 0:
        return False
    along = cov @ dual / variance
    rest = y - along * most

    def is_highest(at: float) -> bool:
        return abs(highest(rest + along * at)[0] - at) < 1e-9 * max(1.0, abs(at))

    low, high = most - 60 * variance**0.5, most
    for _ in range(36):
        middle = (low + high) / 2
        low, high = (low, middle) if is_highest(middle) else (middle, high)
    sd_most = variance**0.5
    tail = norm.sf(most / sd_most) / norm.sf(high / sd_most)
    return bool(tail < 0.05)


def test_the_inequalities_written_down_are_those_of_the_programme(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The conditional test alone: the first stage is given no size and no say."""
    monkeypatch.setattr(relative, "_FIRST", 0.0)
    monkeypatch.setattr(relative._Case, "first_stage", np.inf)
    course = published("bc", [0.4, 0.3, 0.2, 0.1])
    asked = 0
    both = [sign * lead for lead in np.eye(2, len(course.cov)) for sign in (1.0, -1.0)]
    for lead, change in zip(both, relative._changes(course)[:4], strict=True):
        for effect in (-0.1, 0.1, 0.4):
            want = rejected_by_programme(course, 0.8, float(effect), lead)
            assert change.at_most(0.8).possible(np.array([effect]))[0] != want
            asked += want
    assert asked > 3


SMOOTH = {
    0.01: (0.0132, 0.0787),
    0.02: (0.00286, 0.0907),
    0.03: (-0.00714, 0.101),
    0.05: (-0.0271, 0.121),
}


@pytest.mark.parametrize("bend", SMOOTH)
def test_smooth_limits_equal_the_published_medicaid_table(bend: float) -> None:
    course = published("medicaid", [1, 0])
    assert smooth.interval(course, bend) == pytest.approx(SMOOTH[bend], abs=6e-4)


def reach_by_search(course: Course, bend: float) -> float:
    """Find the shortest interval of fixed length among all weights, without the lasso."""
    size, steps = len(course.leads), np.arange(1, len(course.after) + 1)
    line = course.share @ steps
    tails = [np.clip(steps - at, 0, None) @ course.share for at in range(len(steps))]

    def reach(levels: np.ndarray) -> float:
        bends = np.concatenate([[line], levels, [0.0, 0.0]])
        on_levels = bends[:-2] - 2 * bends[1:-1] + bends[2:]  # on the level m periods before
        # A level is minus the sum of the changes after it.
        on_leads = -np.cumsum(on_levels[::-1])[::-1][:size]
        weights = np.concatenate([on_leads, course.share])
        sd = course.spread(weights)
        bias = bend * (np.abs(tails).sum() + np.abs(levels).sum())
        return float(foldnorm.ppf(0.95, bias / sd) * sd)

    random = np.random.default_rng(1)
    options = {"maxiter": 20_000, "maxfev": 20_000, "xatol": 1e-11, "fatol": 1e-14}
    starts = random.normal(scale=0.3, size=(3, size - 1))
    return min(minimize(reach, x, method="Nelder-Mead", options=options).fun for x in starts)


@pytest.mark.parametrize("bend", [0.0, 0.002, 0.02])
def test_smooth_reach_is_the_shortest_there_is(bend: float) -> None:
    course = published("bc", [0.25, 0.25, 0.25, 0.25])
    low, high = smooth.interval(course, bend)
    found = reach_by_search(course, bend)
    assert (high - low) / 2 == pytest.approx(found, abs=1e-6)


def test_a_straight_line_is_taken_off_whole() -> None:
    course = published("bc", [0.25, 0.25, 0.25, 0.25])
    drifted = Course(
        course.leads + 0.3, course.after + 0.3 * np.arange(1, 5), course.share, course.cov
    )
    for bend in (0.0, 0.01):
        assert smooth.interval(drifted, bend) == pytest.approx(smooth.interval(course, bend))


def test_a_panel_is_told_what_it_withstands() -> None:
    frame = roll_out(effect=2.0, cohorts={5: 10, 7: 10, NEVER: 10}, noise=0.5)
    answer = answer_panel(RowPanel(frame), Question(period_name="month"))
    found = answer["checks"]["sensitivity"]
    assert found["att"] == answer["estimates"]["simple"]["att"]
    assert found["relative"]["breakdown"] > 0.3
    assert found["smooth"]["breakdown"] > 0
    assert set(found["sentence"]) == {"en", "sv", "nl"}
    assert "from one month to the next" in found["sentence"]["en"]


def test_what_is_no_effect_withstands_nothing() -> None:
    frame = roll_out(seed=4)
    assert answer_panel(RowPanel(frame), Question())["checks"]["sensitivity"] is None
    found = drift(Study(RowPanel(frame), Question()))
    assert found is not None
    assert found["relative"]["breakdown"] is None


def test_few_clusters_are_told_nothing_that_needs_many() -> None:
    answer = answer_panel(RowPanel(roll_out(cohorts={5: 4, NEVER: 5})), Question())
    assert answer["checks"]["sensitivity"] is None


def test_changes_before_the_start_end_where_few_were_seen() -> None:
    """One cohort of three starts late: what only it can show is left out."""
    frame = roll_out(cohorts={3: 10, 9: 4, NEVER: 10}, periods=12)
    course = course_of(Study(RowPanel(frame), Question()))
    assert course is not None
    assert len(course.leads) == 2
    assert len(course.after) == 9
