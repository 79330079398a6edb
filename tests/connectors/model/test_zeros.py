"""When figures by month leave out the months with none, and when it only looks so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from connectors.model.zeros import Tally, counts_from_zero, leaves_out_zeros

Values = npt.NDArray[np.float64]
SHAPE = (40, 18)
TRIES = 50


def _tally(values: Values, there: npt.NDArray[np.bool_]) -> Tally:
    """Count in plain Python what units × months say, of which those that are ``there`` have a record."""
    between = gaps = 0
    for own in there:
        months = np.flatnonzero(own)
        if len(months) > 1:
            inside = int(months[-1] - months[0]) - 1
            between, gaps = between + inside, gaps + inside - (len(months) - 2)
    told = values[there]
    counts = [len(told), *(int(these.sum()) for these in (told == 0, (told > 0) & (told <= 1)))]
    twos, whole = int(((told > 1) & (told <= 2)).sum()), int((told == np.round(told)).sum())
    return Tally(*counts, twos, whole, between, gaps)


def _share_warned(
    made: Callable[[np.random.Generator], Values], gaps: float | None, *, away: bool = False
) -> float:
    """Return how often it is warned; without ``gaps`` zeros are left out, else records by chance."""
    draws, warned = np.random.default_rng(7), 0
    for _ in range(TRIES):
        values = made(draws)
        there = values > 0 if gaps is None else draws.random(values.shape) >= gaps
        warned += leaves_out_zeros(_tally(values, there), away=away)
    return warned / TRIES


def _days_away(draws: np.random.Generator) -> Values:
    spells = draws.poisson(0.3, SHAPE)
    return np.where(spells > 0, np.ceil(draws.gamma(1, 3 * np.maximum(spells, 1))), 0.0)


@pytest.mark.parametrize("mean", [0.1, 0.5, 1.0, 2.0])
def test_counts_without_their_zeros_are_known(mean: float) -> None:
    assert _share_warned(lambda draws: draws.poisson(mean, SHAPE), None) >= 0.98


def test_counts_of_unlike_people_without_their_zeros_are_known() -> None:
    assert _share_warned(lambda draws: draws.poisson(draws.gamma(1, 2, SHAPE)), None) >= 0.98


@pytest.mark.parametrize("unit", [0.5, 1, 8])
def test_days_away_without_zeros_are_known_in_whatever_unit(unit: float) -> None:
    assert _share_warned(lambda draws: unit * _days_away(draws), None, away=True) == 1
    assert _share_warned(lambda draws: unit * _days_away(draws), 0.3, away=True) == 0


@pytest.mark.parametrize("gaps", [0.03, 0.1, 0.3, 0.6])
@pytest.mark.parametrize("mean", [0.1, 1, 3, 5, 30])
def test_counts_with_their_zeros_may_have_gaps(mean: float, gaps: float) -> None:
    assert _share_warned(lambda draws: draws.poisson(mean, SHAPE), gaps) == 0


@pytest.mark.parametrize("gaps", [0.0, 0.05, 0.1])
def test_a_count_that_is_never_none_by_its_nature_may_lack_a_few(gaps: float) -> None:
    assert _share_warned(lambda draws: 1 + draws.poisson(0.5, SHAPE), gaps) == 0
    assert _share_warned(lambda _: np.ones(SHAPE), gaps) == 0


def test_large_counts_and_measured_values_never_warn() -> None:
    assert _share_warned(lambda draws: draws.poisson(30, SHAPE), 0.5) == 0
    assert _share_warned(lambda draws: draws.normal(2, 0.5, SHAPE), 0.5) == 0


def test_a_few_zeros_that_were_corrected_do_not_hide_the_others() -> None:
    draws = np.random.default_rng(8)
    values = draws.poisson(0.5, SHAPE)
    there = values > 0
    there[0] = True
    tally = _tally(values, there)
    assert 0 < tally.zeros < 18
    assert leaves_out_zeros(tally)


def test_which_metrics_a_month_may_have_none_of() -> None:
    assert counts_from_zero("slips", "count")
    assert counts_from_zero(
        "errors", "continuous"
    )  # a count in the library, given as plain numbers
    assert not counts_from_zero("csat", "continuous")
    assert not counts_from_zero("calls", "continuous")
