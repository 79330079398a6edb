"""Return on investment and the Phillips estimate: published examples, and intervals by formula."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from analytics import money
from analytics.amounts import NOTHING, Span
from analytics.evaluate import evaluate
from analytics.money import Cost, Gain, returns
from lrs.errors import BadInput


def _exact(value: float) -> Span:
    return Span(value, value, value)


def test_roi_is_benefit_less_cost_over_cost() -> None:
    assert money.roi(412_000, 185_000)["percent"] == pytest.approx(122.70, abs=0.005)


def test_phillips_multiplies_gain_isolation_and_confidence() -> None:
    # Phillips: 20,000 gained, 60 % ascribed to the programme, 80 % sure: 9,600.
    found = money.phillips(20_000, 0.6, 0.8, 4_000)
    assert found["benefit"] == pytest.approx(9_600)
    assert found["percent"] == pytest.approx(140)


def test_interval_of_a_difference_is_that_of_t_when_only_the_effect_is_in_doubt() -> None:
    gain = Gain(effect=-0.5, se=0.1, df=20, units=1_000, better="down")
    found = returns(gain, _exact(60), Cost(100, fixed=_exact(20_000)))
    reach = stats.t.ppf(0.975, 20) * 0.1 * 1_000 * 60
    low, high = found["benefit"]["95"]
    assert found["benefit"]["likely"] == pytest.approx(30_000)
    assert low == pytest.approx(30_000 - reach, rel=1e-3)
    assert high == pytest.approx(30_000 + reach, rel=1e-3)
    assert found["roi"]["percent"] == pytest.approx(50)
    assert found["roi"]["95"][0] == pytest.approx((low - 20_000) / 200, rel=1e-9)
    chance = stats.t.sf((20_000 / 60_000 - 0.5) / 0.1, 20)
    assert found["probability_above_zero"] == pytest.approx(chance, abs=1e-3)


def test_interval_of_a_value_is_that_of_a_triangle_when_only_the_value_is_in_doubt() -> None:
    gain = Gain(effect=2.0, se=0.0, df=10, units=100, better="up")
    low, high = returns(gain, Span(10, 20, 40), Cost(0, fixed=_exact(1_000)))["benefit"]["80"]
    assert low == pytest.approx(200 * (10 + math.sqrt(0.1 * 30 * 10)), rel=1e-3)
    assert high == pytest.approx(200 * (40 - math.sqrt(0.1 * 30 * 20)), rel=1e-3)


def test_a_ratio_counts_the_events_that_did_not_happen() -> None:
    # 80 events were seen where 100 were to be expected, at 50 each.
    gain = Gain(math.log(0.8), se=0.05, df=40, units=1_000, better="down", base=0.1)
    found = returns(gain, _exact(50), Cost(10, fixed=_exact(400), per_learner=_exact(10)))
    assert found["units_won"] == pytest.approx(20)
    assert found["benefit"]["likely"] == pytest.approx(1_000)
    assert found["roi"]["percent"] == pytest.approx(100)
    assert found["break_even"] == {
        "value_per_unit": pytest.approx(25),
        "effect": pytest.approx(-0.01),
        "effect_percent": pytest.approx(-10),
    }


def test_cost_holds_the_hours_of_the_learners() -> None:
    cost = Cost(50, fixed=_exact(1_000), per_learner=_exact(20), hours=_exact(6), hour=30.0)
    assert cost.likely == 1_000 + 50 * 20 + 50 * 6 * 30


def test_a_worse_outcome_is_a_loss_and_has_no_break_even_value() -> None:
    gain = Gain(effect=1.0, se=0.1, df=30, units=10, better="down")
    found = returns(gain, _exact(5), Cost(1, fixed=_exact(100)))
    assert found["roi"]["percent"] == pytest.approx(-150)
    assert found["break_even"]["value_per_unit"] is None
    assert found["probability_above_zero"] == 0


def test_the_same_input_gives_the_same_figures() -> None:
    gain = Gain(1.0, 0.3, 12, 500, "up")
    cost = Cost(20, _exact(300), NOTHING, Span(4, 5, 8), 31.5)
    assert returns(gain, Span(1, 2, 3), cost) == returns(gain, Span(1, 2, 3), cost)


@pytest.mark.parametrize(
    "given", [{"low": 3, "likely": 2, "high": 4}, {"low": 1}, -1, "many", True, math.nan]
)
def test_an_amount_that_cannot_be_is_refused(given: object) -> None:
    with pytest.raises(BadInput):
        Span.of(given, "value")


def _spec(folder: Path, **money_keys: Any) -> dict[str, Any]:
    """Return a spec of twenty a side, drawn by lot, with an effect of two."""
    rows = [f"{k},{k % 2},{10 + 2 * (k % 2) + (k // 2) % 5 * 0.2}" for k in range(40)]
    (folder / "t.csv").write_text("unit,treated,y\n" + "\n".join(rows), encoding="utf-8")
    return {
        "design": "randomised",
        "data": "t.csv",
        "unit": "unit",
        "treatment": "treated",
        "outcome": "y",
        "kpi": {"kind": "continuous", "better": "up"},
        "money": {"units": 20, "value": 30, "currency": "EUR", "cost": 400, **money_keys},
    }


def test_a_spec_may_ask_what_its_effect_is_worth(tmp_path: Path) -> None:
    told = evaluate(_spec(tmp_path), tmp_path)["money"]
    assert told["status"] == "measured"
    assert told["benefit"]["likely"] == pytest.approx(20 * 2 * 30)
    assert told["roi"]["percent"] == pytest.approx(200)


def test_a_spec_with_a_warning_gets_an_opinion_at_most(tmp_path: Path) -> None:
    spec = _spec(tmp_path) | {"flags": ["concurrent_change"]}
    assert evaluate(spec, tmp_path)["money"]["reason"] == "weak_evidence"
    spec = _spec(tmp_path, opinion={"isolation": 0.5, "confidence": 0.8}) | {
        "flags": ["concurrent_change"]
    }
    told = evaluate(spec, tmp_path)["money"]
    assert told["opinion"]["benefit"] == pytest.approx(1200 * 0.5 * 0.8)
    assert "roi" not in told


@pytest.mark.parametrize(
    ("key", "value"), [("currency", "euro"), ("cost", -1), ("price", 3), ("units", "all")]
)
def test_money_of_a_spec_that_cannot_be_right_is_refused(
    tmp_path: Path, key: str, value: Any
) -> None:
    with pytest.raises(BadInput):
        evaluate(_spec(tmp_path, **{key: value}), tmp_path)
