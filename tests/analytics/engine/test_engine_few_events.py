"""The smallest effect on a rate, where the trained had few events: found as often as is said."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analytics.answering import answer_panel
from analytics.estimators.effect import Effect
from analytics.estimators.estimate import Estimate
from analytics.estimators.few_events import FEW, counted, smallest
from analytics.estimators.panel import NEVER
from analytics.estimators.question import Question
from analytics.estimators.row_panel import RowPanel

QUESTION = Question(kind="count", better="down", level="team", of_people=False)


def teams(seed: int, rate: float, ratio: float = 1.0) -> dict[str, Any]:
    """Forty teams of twelve, half of them trained after a year."""
    random = np.random.default_rng(seed)
    team, month = (part.ravel() for part in np.meshgrid(np.arange(40), np.arange(24)))
    cohort = np.where(team % 2 == 0, 12, NEVER)
    mean = 12 * rate * np.where(month >= cohort, ratio, 1.0)
    rows = {"unit": team, "cluster": team, "cohort": cohort, "period": month}
    frame = pd.DataFrame(rows | {"num": random.poisson(mean).astype(float), "den": 12.0})
    return answer_panel(RowPanel(frame), QUESTION)


def test_a_fall_of_that_size_is_found_four_times_in_five() -> None:
    said = [teams(seed, 0.01)["mde"] for seed in range(30)]
    known = [mde for mde in said if mde is not None]
    ratio = 1 - float(np.median(known))
    found = [teams(seed, 0.01, ratio)["estimate"]["p"] < 0.05 for seed in range(100, 260)]
    assert 0.7 < np.mean(found) < 0.9


def test_where_no_fall_could_be_found_nothing_is_told() -> None:
    answers = [teams(seed, 0.003) for seed in range(20)]
    quiet = [a for a in answers if a["mde"] is None and a["estimate"]["p"] >= 0.05]
    assert len(quiet) > 10
    for answer in quiet:
        assert "too_few_to_tell" in answer["flags"]
        assert answer["verdict"] == "cannot_tell"


@pytest.mark.parametrize("fall", [True, False])
def test_of_many_events_it_is_the_normal_rule(fall: bool) -> None:
    plain = Estimate(0.0, 0.05, 60.0).mde
    assert smallest(800.0, 0.05, 60.0, fall=fall) == pytest.approx(plain, rel=0.05)
    many = Effect(Estimate(0.0, 0.05, 60.0), True, "", better="down", events=2 * FEW)
    assert many.mde == 1 - math.exp(-plain)


def test_fewer_events_show_larger_falls_only() -> None:
    sizes = [smallest(n, math.sqrt(2 / n), 40.0, fall=True) for n in (90.0, 60.0, 40.0, 30.0)]
    assert sizes == sorted(sizes, key=lambda size: size or math.inf)
    assert None not in sizes
    assert smallest(6.0, math.sqrt(2 / 6), 40.0, fall=True) is None


def test_a_rise_is_never_told_smaller_than_by_the_normal_rule() -> None:
    for events in (5.0, 20.0, 60.0):
        effect = Effect(Estimate(0.0, math.sqrt(2 / events), 40.0), True, "", events=events)
        assert effect.mde is not None
        assert effect.mde >= math.exp(effect.estimate.mde) - 1


def test_what_is_no_count_has_no_events() -> None:
    assert counted(np.array([1.0, 0.0, 3.0])) == 4.0
    assert counted(np.array([1.5, 2.0])) is None
