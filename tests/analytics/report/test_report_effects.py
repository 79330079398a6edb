"""An effect is told on the scale of its kind, with as many decimals as it can carry."""

from __future__ import annotations

import pytest

from analytics.report.effects import Scale, Told, decimals


def tell(kind: str, estimate: dict[str, object] | None, lang: str = "en") -> Told | None:
    return Scale(kind, "units/month", lang).tell(estimate)


def test_ratio_is_told_as_change_in_per_cent() -> None:
    told = tell("count", {"ratio": 0.81, "low": 0.742, "high": 0.884, "att": -0.03})
    assert told == Told("−19%", "−26%", "−12%")


def test_measured_value_is_told_in_its_unit() -> None:
    told = tell("continuous", {"att": 0.4567, "low": 0.21, "high": 0.70})
    assert told == Told("+0.46 units/month", "+0.21", "+0.70")


def test_share_is_told_in_percentage_points() -> None:
    told = tell("binary", {"att": 0.042, "low": 0.011, "high": 0.073}, "sv")
    assert told == Told("+4,2 procentenheter", "+1,1", "+7,3")


def test_effect_without_interval_has_none() -> None:
    assert tell("count", {"ratio": 0.5}) == Told("−50%")


@pytest.mark.parametrize(
    "estimate", [None, {}, {"att": None}, {"att": float("nan")}, {"att": True}, {"ratio": "0.5"}]
)
def test_no_number_is_no_effect(estimate: dict[str, object] | None) -> None:
    assert tell("continuous", estimate) is None


def test_precise_percentages_keep_a_decimal() -> None:
    assert tell("rate", {"ratio": 1.012, "low": 1.005, "high": 1.019}) == Told(
        "+1.2%", "+0.5%", "+1.9%"
    )


@pytest.mark.parametrize(
    ("width", "digits"), [(632, 0), (12, 0), (1.2, 1), (0.4, 2), (0.012, 3), (0, 1), (1e-9, 5)]
)
def test_decimals_keep_two_figures_of_the_uncertainty(width: float, digits: int) -> None:
    assert decimals(width) == digits


@pytest.mark.parametrize(
    ("value", "step", "said"),
    [(0.02, 0.02, "+0.02"), (-0.5, 0.25, "−0.50"), (0.0, 0.02, "0.00"), (2000, 500, "+2,000")],
)
def test_ticks_have_the_decimals_of_their_step(value: float, step: float, said: str) -> None:
    assert Scale("continuous", "", "en").tick()(value, step) == said


def test_ticks_of_shares_are_percentage_points() -> None:
    assert Scale("binary", "", "en").tick()(0.05, 0.05) == "+5"
