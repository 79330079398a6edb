"""Draws by lot: even, reproducible, and tested by draws that were as likely."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analytics.answering import answer_panel
from analytics.checks.redrawn import Redraws
from analytics.estimators.panel import NEVER
from analytics.estimators.question import Question
from analytics.estimators.row_panel import RowPanel
from analytics.plans.drawing import Draw, Team, Wave, deals, draw_starts, imbalance, wave_of
from analytics.plans.following import follow
from lrs.errors import BadInput

WAVES = (Wave(600, 8), Wave(603, 8))


def _teams(seed: int = 1, n: int = 24) -> list[Team]:
    draws = np.random.default_rng(seed)
    return [
        Team(f"t{k:02d}", int(draws.integers(4, 30)), (float(draws.normal(20, 3)),))
        for k in range(n)
    ]


def _drawn(seed: int) -> Draw:
    return draw_starts(_teams(), WAVES, seed, ["size", "calls"])


def test_the_same_seed_gives_the_same_draw_whatever_the_order_of_the_teams() -> None:
    turned = draw_starts(_teams()[::-1], WAVES[::-1], 5, ["size", "calls"])
    assert turned == _drawn(5)
    assert _drawn(6).starts != _drawn(5).starts


def test_a_draw_is_read_back_as_it_was_kept() -> None:
    assert Draw.from_json(5, _drawn(5).as_json()) == _drawn(5)


def test_each_wave_has_its_teams_and_the_rest_stand_beside() -> None:
    starts = list(_drawn(3).starts)
    assert [starts.count(month) for month in (600, 603, NEVER)] == [8, 8, 8]


def test_draws_are_more_even_than_nine_in_ten_deals() -> None:
    # The usual deal is the median; a tenth of a chi-square with 4 degrees of freedom lies under
    # a third of it.
    assert max(imbalance(_drawn(seed))["of_usual"] for seed in range(20)) < 0.4


def test_every_team_is_as_likely_to_start_first() -> None:
    dealt = deals(_drawn(1), 3000, seed=9)
    first = (dealt == 600).mean(axis=0)
    # Balance ties teams together, but no team is favoured: 1/3 each, within five errors of the mean
    # but for the outliers that balance keeps apart.
    assert abs(first.mean() - 1 / 3) < 1e-9
    assert first.min() > 0.2
    assert first.max() < 0.5


@pytest.mark.parametrize(
    ("waves", "said"),
    [
        ([Wave(600, 24)], "everybody would start at once"),
        ([Wave(600, 20), Wave(601, 5)], "the waves take 25 teams"),
        ([Wave(600, 3), Wave(600, 3)], "same month"),
        ([], "at least one wave"),
    ],
)
def test_what_leaves_nobody_to_compare_with_is_refused(waves: list[Wave], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        draw_starts(_teams(), waves, 1, ["size"])


@pytest.mark.parametrize("text", ["2027-01", "2027-13=4", "2027-01=0", "jan=4"])
def test_a_wave_is_a_month_and_a_number_of_teams(text: str) -> None:
    with pytest.raises(BadInput):
        wave_of(text)


def _null_p(seed: int) -> float:
    """Draw 24 teams anew, let nothing happen, and return the p value of the lots drawn anew."""
    draws = np.random.default_rng([seed, 77])
    level = draws.normal(20, 3, 24)
    teams = [Team(f"t{k:02d}", 10, (float(level[k] + draws.normal(0, 0.5)),)) for k in range(24)]
    made = draw_starts(teams, (Wave(606, 12),), seed, ["size", "calls"])
    cohort = np.repeat(np.array(made.starts), 12)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(24), 12),
            "period": np.tile(np.arange(600, 612), 24),
            "cohort": cohort,
            "num": np.repeat(level, 12) + draws.normal(0, 1, 288),
        }
    )
    redraws = Redraws(np.arange(24), deals(made, 199, seed + 1))
    question = Question(randomised_timing=True, own_draw=True)
    record = answer_panel(RowPanel(frame), question, redraws=redraws)
    assert record["inference"]["assignments"] == 199
    return float(record["inference"]["p"])


def test_without_an_effect_every_p_value_is_as_likely() -> None:
    found = [_null_p(seed) for seed in range(60)]
    assert stats.kstest(found, "uniform").pvalue > 0.01
    assert np.mean(np.array(found) <= 0.05) <= 0.15  # 60 draws: 3 expected, 9 in one of 500


def test_starts_within_a_month_follow_the_draw_and_others_are_told_apart() -> None:
    drawn = {1: 600, 2: 600, 3: 600, 4: NEVER, 5: NEVER, 6: 603, 7: 611, 8: 700}
    actual = {1: 600, 2: 601, 3: 605, 5: 604, 6: 600}
    found = follow(drawn, actual, last=611)
    assert found.as_json() == {
        "teams": 8,
        "followed": 5,  # 1, 2, 4, 7 (on its way) and 8 (not due)
        "early": 1,
        "late": 1,
        "not_started": 0,
        "not_drawn": 1,
    }
    assert not found.enough
    assert follow({1: 600, 2: NEVER}, {1: 600}, 611).enough
    assert follow({1: 600, 2: NEVER}, {}, 611).not_started == 1
