"""An effect is told on the scale of its kind, with as many decimals as it can carry."""

from __future__ import annotations

import pytest

from analytics.report.effects import Scale, Told, decimals

SPACE = "\N{NO-BREAK SPACE}"


def tell(kind: str, estimate: dict[str, object] | None, lang: str = "en") -> Told | None:
    return Scale(kind, "units/month", lang).tell(estimate)


def test_ratio_is_told_as_change_in_per_cent() -> None:
    ends = {"percent": -19.0, "percent_low": -25.8, "percent_high": -11.6}
    told = tell("count", {"ratio": 0.81, "low": 0.742, "high": 0.884, "att": -0.03, **ends})
    assert told == Told(f"−19{SPACE}%", f"−26{SPACE}%", f"−12{SPACE}%")


def test_ratio_without_its_per_cent_is_told_the_same() -> None:
    told = tell("count", {"ratio": 0.81, "low": 0.742, "high": 0.884})
    assert told == Told(f"−19{SPACE}%", f"−26{SPACE}%", f"−12{SPACE}%")


def test_value_that_counts_from_zero_is_told_in_per_cent() -> None:
    ends = {"percent": 6.4, "percent_low": 2.2, "percent_high": 10.6}
    told = tell("continuous", {"att": 0.5, "low": 0.2, "high": 0.8, **ends}, "nl")
    assert told == Told("+6%", "+2%", "+11%")


def test_measured_value_is_told_in_its_unit() -> None:
    told = tell("continuous", {"att": 0.4567, "low": 0.21, "high": 0.70})
    assert told == Told("+0.46 units/month", "+0.21", "+0.70")


def test_a_tiny_value_is_told_too() -> None:
    small = {"att": -1.234e-6, "low": -2.3e-6, "high": -1.1e-7}
    assert tell("continuous", small) == Told("−0.0000012 units/month", "−0.0000023", "−0.0000001")
    tiny = {"att": 1.234e-12, "low": 1.1e-13, "high": 2.3e-12}
    assert tell("continuous", tiny, "sv") == Told(
        "+1,2 × 10⁻¹² units/month", "+1,0 × 10⁻¹³", "+2,3 × 10⁻¹²"
    )


def test_share_is_told_in_percentage_points() -> None:
    told = tell("binary", {"att": 0.042, "low": 0.011, "high": 0.073}, "sv")
    assert told == Told("+4,2 procentenheter", "+1,1", "+7,3")


def test_effect_without_interval_has_none() -> None:
    assert tell("count", {"ratio": 0.5}) == Told(f"−50{SPACE}%")


@pytest.mark.parametrize(
    "estimate", [None, {}, {"att": None}, {"att": float("nan")}, {"att": True}, {"ratio": "0.5"}]
)
def test_no_number_is_no_effect(estimate: dict[str, object] | None) -> None:
    assert tell("continuous", estimate) is None


def test_precise_percentages_keep_a_decimal() -> None:
    told = tell("rate", {"ratio": 1.012, "low": 1.005, "high": 1.019}, "nl")
    assert told == Told("+1,2%", "+0,5%", "+1,9%")


@pytest.mark.parametrize(
    ("kind", "mde", "estimate", "said"),
    [
        ("count", 0.117, {"ratio": 0.9, "att": -0.1}, "12%"),
        ("count", 0.0117, {"ratio": 0.9, "att": -0.1}, "1,2%"),
        ("continuous", 0.5, {"att": -0.2, "percent": -4.0}, "10%"),
        ("continuous", 0.5, {"att": -0.2, "percent": None}, "0,50 units/month"),
        ("binary", 0.031, {"att": -0.2, "percent": -4.0}, "3,1 procentpunten"),
    ],
)
def test_smallest_effect_is_on_the_scale_of_the_effect(
    kind: str, mde: float, estimate: dict[str, object], said: str
) -> None:
    assert Scale(kind, "units/month", "nl").smallest(mde, estimate) == said


@pytest.mark.parametrize(
    ("width", "digits"), [(632, 0), (12, 0), (1.2, 1), (0.4, 2), (0.012, 3), (0, 1), (1e-9, 10)]
)
def test_decimals_keep_two_figures_of_the_uncertainty(width: float, digits: int) -> None:
    assert decimals(width) == digits


@pytest.mark.parametrize(
    ("value", "step", "said"),
    [
        (0.02, 0.02, "+0.02"),
        (-0.5, 0.25, "−0.50"),
        (0.0, 0.02, "0.00"),
        (2000, 500, "+2,000"),
        (4e-7, 2e-7, "+0.0000004"),
        (-5e-12, 2.5e-12, "−5.0 × 10⁻¹²"),
    ],
)
def test_ticks_have_the_decimals_of_their_step(value: float, step: float, said: str) -> None:
    assert Scale("continuous", "", "en").tick()(value, step) == said


def test_ticks_of_shares_are_percentage_points() -> None:
    assert Scale("binary", "", "en").tick()(0.05, 0.05) == "+5"
