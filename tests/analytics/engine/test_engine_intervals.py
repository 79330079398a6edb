"""Where p comes of dealing anew, the interval does too, and the two never contradict each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rollouts import roll_out

from analytics.answering import answer_panel
from analytics.estimators.estimate import Estimate
from analytics.estimators.inverting import agreeing
from analytics.estimators.panel import NEVER
from analytics.estimators.question import Question
from analytics.estimators.randomised import Draw, ancova, difference, log_ratio, permuted
from analytics.estimators.row_panel import RowPanel
from analytics.evaluate import evaluate

_NEXT_TO_IT = 1e-6


def draw(seed: int, *, size: int = 12, covariates: int = 0, clustered: bool = False) -> Draw:
    """Rows drawn by lot, half of them trained, of unequal exposure."""
    random = np.random.default_rng(seed)
    each = 3 if clustered else 1
    side = random.permutation(np.repeat([0, 1], size // 2)).repeat(each)
    den = random.uniform(1, 3, size * each)
    return Draw(
        num=den * (random.gamma(4, 1, size * each) + 1.5 * side),
        den=den,
        side=side,
        cluster=np.arange(size).repeat(each),
        covariates=random.normal(size=(size * each, covariates)),
    )


def without(one: Draw, effect: float, *, ratio: bool) -> Draw:
    """What the rows would be had the trained not had that effect."""
    if ratio:
        return replace(one, num=np.where(one.side == 1, one.num * np.exp(-effect), one.num))
    return replace(one, num=one.num - effect * one.den * one.side)


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize(("ratio", "covariates"), [(False, 0), (False, 2), (True, 0)])
def test_ends_are_where_the_test_begins_to_reject(
    ratio: bool, covariates: int, clustered: bool
) -> None:
    one = draw(7, covariates=covariates, clustered=clustered)
    ends = permuted(one, ratio=ratio).ends
    assert ends is not None
    for end, outwards in zip(ends, (-1, 1), strict=True):
        inside = without(one, end - outwards * _NEXT_TO_IT, ratio=ratio)
        outside = without(one, end + outwards * _NEXT_TO_IT, ratio=ratio)
        assert permuted(inside, ratio=ratio).p >= 0.05 > permuted(outside, ratio=ratio).p


@pytest.mark.parametrize(("ratio", "covariates"), [(False, 0), (False, 1), (True, 0)])
def test_ends_of_a_sample_are_near_there(ratio: bool, covariates: int) -> None:
    """Which of 155 million deals are drawn hangs on the figures, and so on the effect taken off."""
    one = draw(7, size=30, covariates=covariates)
    ends = permuted(one, ratio=ratio).ends
    assert ends is not None
    for end in ends:
        assert permuted(without(one, end, ratio=ratio), ratio=ratio).p == pytest.approx(
            0.05, abs=0.01
        )


@pytest.mark.parametrize("covariates", [0, 2])
def test_interval_holds_the_estimate(covariates: int) -> None:
    one = draw(3, covariates=covariates)
    found = ancova(one) if covariates else difference(one)
    ratio, ends = log_ratio(one.bare), permuted(one).ends
    assert found is not None
    assert ratio is not None
    assert ends is not None
    assert ends[0] < found.value < ends[1]
    assert permuted(without(one, found.value, ratio=False)).p == 1
    of_ratio = permuted(one.bare, ratio=True).ends
    assert of_ratio is not None
    assert of_ratio[0] < ratio.value < of_ratio[1]


def test_so_few_that_nothing_could_be_rejected_have_no_ends() -> None:
    assert permuted(draw(1, size=6)).ends is None


def test_intervals_of_deals_cover_nineteen_times_in_twenty() -> None:
    held = 0
    for seed in range(400):
        ends = permuted(draw(seed, size=8)).ends
        assert ends is not None
        held += ends[0] <= 1.5 <= ends[1]
    assert held >= 370  # of 380 or more; below that once in 30


def ask(folder: Path, table: pd.DataFrame, kind: str, **more: Any) -> dict[str, Any]:
    table.to_csv(folder / "t.csv", index=False)
    spec = {"design": "randomised", "data": "t.csv", "outcome": "y", "treatment": "on"}
    return evaluate(spec | {"kpi": {"kind": kind, "better": "up"}} | more, folder)


def agrees(answer: dict[str, Any]) -> bool:
    """Whether the interval holds no effect just where p does not reject it."""
    told, nothing = answer["estimate"], 1.0 if "ratio" in answer["estimate"] else 0.0
    if told["low"] is None:  # the two sides are of one value each: nothing tells an error
        return told["se"] is None and told["high"] is None
    sides = [(told["low"], told["high"], nothing)]
    if "ratio" in told and "att_low" in told:
        sides.append((told["att_low"], told["att_high"], 0.0))
    return all((low <= nil <= high) == (told["p"] >= 0.05) for low, high, nil in sides)


@pytest.mark.parametrize("kind", ["continuous", "count", "binary"])
@pytest.mark.parametrize("covariates", [[], ["before"]])
def test_interval_and_p_of_a_draw_agree(tmp_path: Path, kind: str, covariates: list[str]) -> None:
    """Also where figures tie, and an end of the interval lies at nothing."""
    rejected = 0
    for seed in range(25):
        random = np.random.default_rng(seed)
        side = random.permutation(np.repeat([0, 1], [6, 5]))
        value = {
            "continuous": np.round(random.normal(size=11) + 1.2 * side, 1),
            "count": random.poisson(3 + 4 * side) + 1,
            "binary": (random.random(11) < 0.2 + 0.6 * side).astype(int),
        }[kind]
        table = pd.DataFrame({"y": value, "on": side, "before": random.normal(size=11), "n": 2})
        more = {"exposure": "n"} if kind == "count" else {}
        answer = ask(
            tmp_path, table, kind, covariates=covariates, inference="exact_permutation", **more
        )
        assert agrees(answer), seed
        rejected += answer["estimate"]["p"] < 0.05
    assert 0 < rejected < 25


def test_interval_of_lopsided_figures_is_that_of_the_larger_p(tmp_path: Path) -> None:
    larger = 0
    for seed in range(30):
        table = pd.DataFrame({"on": np.repeat([0, 1], 15)})
        table["y"] = np.random.default_rng(seed).lognormal(0, 1.5, 30) + 2.0 * table["on"]
        answer = ask(tmp_path, table, "continuous")
        assert agrees(answer), seed
        dealt = "dealt anew" in answer["estimate"]["method"]
        assert dealt == answer["inference"]["method"].startswith(
            "the larger p of t and permutation"
        )
        assert dealt == ("assignments" in answer["inference"])
        larger += dealt
    assert 0 < larger < 30


@pytest.mark.parametrize("cohorts", [{5: 4, NEVER: 5}, {4: 3, 6: 3, NEVER: 4}, {5: 1, NEVER: 24}])
def test_interval_and_p_of_few_teams_agree(cohorts: dict[int, int]) -> None:
    """Few clusters, several starts, and a single one that was trained."""
    rejected = 0
    for seed in range(15):
        panel = RowPanel(roll_out(cohorts=cohorts, effect=1.0, seed=seed))
        answer = answer_panel(panel, Question())
        assert answer["inference"]["assignments"] > 20
        assert agrees(answer), seed
        assert "dealt anew" in answer["estimate"]["method"]
        rejected += answer["estimate"]["p"] < 0.05
    assert 0 < rejected < 15


def test_interval_and_p_of_teams_that_were_not_always_seen_agree() -> None:
    found = []
    for seed in range(20):
        frame = roll_out(cohorts={5: 5, NEVER: 5}, effect=0.8, seed=seed)
        frame = pd.DataFrame(frame[(frame["cluster"] > 0) | (frame["period"] != 6)])
        answer = answer_panel(RowPanel(frame), Question())
        assert answer["inference"]["method"].startswith("wild bootstrap")
        assert agrees(answer), seed
        found.append(answer["estimate"]["p"] < 0.05)
    assert 0 < sum(found) < 20


@pytest.mark.parametrize("value", [2.0, -2.0])
def test_an_interval_is_made_as_sure_as_its_test(value: float) -> None:
    sure, unsure = Estimate(value, 0.8, 20.0), Estimate(value, 1.1, 20.0)
    assert agreeing(sure, 0.03) is sure
    assert agreeing(unsure, 0.2) is unsure
    wider = agreeing(sure, 0.2)
    assert wider.p == pytest.approx(0.2)
    assert wider.low < 0 < wider.high
    moved = agreeing(unsure, 0.03)
    assert moved.se == unsure.se  # what could have been seen is as it was
    far = unsure.high if value > 0 else unsure.low
    assert (moved.high if value > 0 else moved.low) == far
    assert moved.low > 0 or moved.high < 0


def test_one_unit_beside_one_has_no_interval_of_any_kind() -> None:
    """Its one placebo is the effect itself once more: an error made of it would be made up."""
    answer = answer_panel(RowPanel(roll_out(effect=0.5, cohorts={4: 1, NEVER: 1})), Question())
    estimate = answer["estimate"]
    assert (answer["verdict"], estimate["p"]) == ("cannot_tell", 1.0)
    ends = ("se", "low", "high", "percent_low", "percent_high")
    assert [estimate.get(end) for end in ends] == [None] * len(ends)
    assert answer["mde"] is answer["checks"]["e_value"] is None
