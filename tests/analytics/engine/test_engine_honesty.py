"""What the data cannot show is not claimed: one period before, few clusters counted twice, no way to see."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rollouts import roll_out

from analytics.answering import answer_panel
from analytics.checks import smooth
from analytics.checks.drift import course_of
from analytics.estimators.panel import NEVER
from analytics.estimators.permutation import deal_test, least_possible
from analytics.estimators.question import Question
from analytics.estimators.row_panel import RowPanel
from analytics.estimators.study import Study
from analytics.estimators.synthetic import Block, placebos, plain, synthetic_control
from analytics.evaluate import evaluate


def _ask(folder: Path, table: pd.DataFrame, **spec: Any) -> dict[str, Any]:
    table.to_csv(folder / "table.csv", index=False)
    given = {"data": "table.csv", "outcome": "y", "kpi": {"kind": "continuous", "better": "up"}}
    return evaluate(given | spec, base=folder)


def _after_a_bad_month(seed: int, before: int, after: int, people: int = 80) -> pd.DataFrame:
    """Return people of whom the worst half of one month are trained in the next, to no effect."""
    random = np.random.default_rng(seed)
    value = random.normal(size=(people, 1)) + random.normal(size=(people, before + after))
    start = np.full(people, "", object)
    start[value[:, before - 1].argsort()[: people // 2]] = str(before)
    rows = [
        (f"u{n}", t, start[n], value[n, t]) for n in range(people) for t in range(before + after)
    ]
    return pd.DataFrame(rows, columns=["unit", "time", "start", "y"])


@pytest.mark.parametrize("after", [1, 3, 12])
def test_one_period_before_the_start_is_no_evidence(tmp_path: Path, after: int) -> None:
    """A bad month that is followed by ordinary ones looks like a jump at the start."""
    table = _after_a_bad_month(1, 1, after)
    told = _ask(tmp_path, table, design="panel", unit="unit", time="time", start="start")
    assert told["estimate"]["p"] < 0.01  # it is there to be believed
    assert told["grade"] == "C"
    assert "not_robust_to_trend" in told["flags"]
    assert told["checks"]["trend_adjusted"] is None


def test_a_cohort_seen_once_before_lends_its_line_to_no_other() -> None:
    both = roll_out(cohorts={1: 20, 5: 20, NEVER: 20}, effect=1.0, seed=3)
    alone = both[both["cohort"] != 1]
    found = [
        Study(RowPanel(rows), Question(kind="continuous", better="up")).weights["trend_adjusted"]
        for rows in (both, alone)
    ]
    weights, _ = found
    assert weights is not None
    assert not weights[0].any()  # those seen once before
    assert weights[1].any()


def test_a_cluster_in_several_cohorts_is_one(tmp_path: Path) -> None:
    """Four sites, in each of which some start early, some late, some never, are four."""
    random = np.random.default_rng(4)
    rows = [
        (n, t, f"site{n % 4}", ("4", "6", "")[n // 4 % 3], random.normal() + n % 4)
        for n in range(120)
        for t in range(10)
    ]
    table = pd.DataFrame(rows, columns=["unit", "time", "site", "start", "y"])
    keys = {"design": "panel", "unit": "unit", "time": "time", "start": "start", "cluster": "site"}
    told = _ask(tmp_path, table, **keys)
    assert {name: n for name, n in told["n"].items() if name.startswith("clusters")} == {
        "clusters": 4,
        "clusters_treated": 4,
        "clusters_comparison": 4,
    }
    assert told["inference"]["clusters"] == 4
    assert told["inference"]["method"].startswith("t,")  # sites cannot be dealt to cohorts
    assert told["estimate"]["df"] == 3
    assert "few_clusters" in told["flags"]


def test_a_breakdown_is_found_where_the_effect_is_nothing() -> None:
    study = Study(RowPanel(roll_out(effect=2.0, seed=2)), Question(kind="continuous", better="up"))
    course = course_of(study)
    assert course is not None
    nothing = dataclasses.replace(course, share=course.share - course.share.mean())
    found = smooth.breakdown(nothing)
    assert found is None or np.isfinite(found)


def _teams(trained: int, others: int, effect: float = 50.0) -> dict[str, Any]:
    rows = roll_out(cohorts={4: trained, NEVER: others}, effect=effect, people=12, seed=5)
    return answer_panel(RowPanel(rows), Question(kind="continuous", better="up"))


@pytest.mark.parametrize(("trained", "others"), [(2, 2), (2, 3), (3, 3), (1, 8)])
def test_teams_too_few_to_see_anything_are_no_finding(trained: int, others: int) -> None:
    told = _teams(trained, others)
    assert told["inference"]["least_p"] >= 0.05
    assert told["verdict"] == "cannot_tell"
    assert "too_few_to_tell" in told["flags"]
    assert told["mde"] is None
    assert "more_teams" in told["raise_the_grade"]


@pytest.mark.parametrize(("trained", "others"), [(3, 5), (4, 4), (5, 6)])
def test_teams_enough_to_see_a_large_effect_are_told_what_was_to_be_seen(
    trained: int, others: int
) -> None:
    told = _teams(trained, others)
    assert told["inference"]["least_p"] < 0.05
    assert "too_few_to_tell" not in told["flags"]
    assert told["mde"] > 0


@pytest.mark.parametrize(("donors", "verdict"), [(16, "cannot_tell"), (24, "improved")])
def test_one_site_of_few_is_no_finding(tmp_path: Path, donors: int, verdict: str) -> None:
    random = np.random.default_rng(6)
    rows = [
        (f"s{n}", t, int(n == 0 and t >= 8), random.normal() + 50 * (n == 0 and t >= 8))
        for n in range(donors + 1)
        for t in range(12)
    ]
    table = pd.DataFrame(rows, columns=["unit", "time", "on", "y"])
    keys = {"design": "single_unit", "unit": "unit", "time": "time", "treatment": "on"}
    told = _ask(tmp_path, table, **keys)
    assert told["verdict"] == verdict
    assert told["inference"]["least_p"] == pytest.approx(1 / (donors + 1))
    assert (told["mde"] is None) is (verdict == "cannot_tell")


def test_what_sites_are_called_changes_no_placebo() -> None:
    random = np.random.default_rng(7)
    outcome = random.normal(size=(62, 10))
    order = np.concatenate([random.permutation(60), [60, 61]])
    found = [
        np.sort(placebos(Block(rows, 60, 7), plain).effects) for rows in (outcome, outcome[order])
    ]
    assert found[0] == pytest.approx(found[1])
    each = placebos(Block(outcome[20:], 40, 7), plain).effects
    assert len(each) == 40 * 39 // 2  # not so many that some must stand for all


def test_a_perfect_fit_has_no_rank() -> None:
    random = np.random.default_rng(8)
    others = random.normal(size=(12, 10))
    made = Block(np.vstack([others, others[:2].mean(axis=0)]), 12, 6)
    made.outcome[12, 6:] += 3
    rank = placebos(made, synthetic_control).fit_rank(synthetic_control(made))
    assert rank is None


def test_rounding_is_no_error() -> None:
    """Two clusters, one of each side: what is left after their own effects is rounding."""
    rows = roll_out(cohorts={1: 1, NEVER: 1}, periods=2, people=60, seed=9)
    told = answer_panel(RowPanel(rows), Question(kind="continuous", better="up"))
    parts = [*told["estimates"].values(), *told["naive"].values()]
    assert all(part["se"] is None or part["se"] > 1e-6 for part in parts if part)
    unknown = [part for part in parts if part and part["se"] is None]
    assert unknown
    assert all(part[end] is None for part in unknown for end in ("low", "high", "p"))


@pytest.mark.parametrize("sizes", [(2, 2), (2, 3), (3, 3), (1, 5), (2, 2, 2), (4, 4)])
def test_the_least_p_is_that_of_the_most_extreme_deal(sizes: tuple[int, ...]) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    apart = 10.0 ** np.arange(len(labels))  # every deal gives something else
    sides = np.arange(len(sizes)) ** 2 - 0.5
    share = sides / np.array(sizes) if len(sizes) == 2 else sides
    found = [deal_test(np.outer(deal, share), labels).p for deal in _orders(apart)]
    assert least_possible(labels) == pytest.approx(min(found))


def _orders(values: np.ndarray) -> list[np.ndarray]:
    return [values, values[::-1], *(np.roll(values, n) for n in range(1, len(values)))]
