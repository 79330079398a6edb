"""The small formulas, against figures worked out by hand or in print."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from analytics.checks import family
from analytics.evaluate import evaluate
from lrs.errors import BadInput


def ask(**spec: Any) -> dict[str, Any]:
    return evaluate(spec, Path())


def test_false_discoveries_are_held_by_rank() -> None:
    answer = ask(bh={"p": [0.01, 0.04, 0.03, 0.5], "alpha": 0.05})["bh"]
    assert answer["q"] == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])
    assert answer["stands"] == [True, False, False, False]


def test_e_value_is_the_same_for_harm_and_for_good() -> None:
    up, down = ask(e_value={"ratio": 2.0, "low": 1.5}), ask(e_value={"ratio": 0.5, "high": 1 / 1.5})
    assert up["e_value"]["point"] == pytest.approx(2 + 2**0.5)
    assert down["e_value"] == pytest.approx(up["e_value"])


def test_interval_that_holds_no_effect_needs_nothing_to_explain_it() -> None:
    assert ask(e_value={"ratio": 1.2, "low": 0.9, "high": 1.6})["e_value"]["limit"] == 1.0


def test_roi_and_the_opinion_beside_it() -> None:
    assert ask(roi={"benefit": 150, "cost": 100})["roi"]["percent"] == 50
    assert ask(roi=[{"benefit": 150, "cost": 100}])["roi"][0]["percent"] == 50
    opinion = ask(phillips={"gain": 1000, "isolation": 0.5, "confidence": 0.5, "cost": 500})
    assert opinion["phillips"]["percent"] == -50


def test_sample_size_has_the_power_it_says() -> None:
    told = ask(power={"d": 0.4, "cluster_size": 10, "icc": 0.1})["power"]
    n = told["n_per_group"]
    shift = 0.4 * (n / 2) ** 0.5
    power = stats.nct.sf(stats.t.ppf(0.975, 2 * n - 2), 2 * n - 2, shift)
    assert power == pytest.approx(0.8, abs=0.005)
    assert told["design_effect"] == pytest.approx(1.9)
    assert told["clusters_per_group"] == -(-n * 1.9 // 10)


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        ({"bh": {"p": [0.1, 1.2]}}, "bh.p[1]"),
        ({"bh": {}}, "bh.p"),
        ({"roi": [{"benefit": 1}]}, "roi[0].cost"),
        ({"roi": {"benefit": 1, "cost": 0}}, "roi.cost"),
        (
            {"phillips": {"gain": 1, "isolation": 2, "confidence": 1, "cost": 1}},
            "phillips.isolation",
        ),
        ({"power": {"d": 0}}, "power.d"),
        ({"power": {"d": 0.5, "size": 3}}, "power.size"),
        ({"e_value": {"ratio": 2, "low": 3}}, "e_value"),
        ({"roi": {"benefit": 1, "cost": 1}, "rio": {}}, "rio"),
    ],
)
def test_number_that_cannot_be_is_refused_naming_its_key(spec: dict[str, Any], where: str) -> None:
    with pytest.raises(BadInput) as refused:
        ask(**spec)
    assert refused.value.where == where


def test_q_values_are_those_of_statsmodels() -> None:
    p = np.random.default_rng(1).random(40) ** 2
    stands, q, *_ = multipletests(p, alpha=0.1, method="fdr_bh")
    found = family.false_discovery(p.tolist(), 0.1)
    assert found["q"] == pytest.approx(q.tolist(), abs=1e-12)
    assert (found["stands"], found["rejected"]) == (stands.tolist(), stands.sum())
    assert family.q_values([]) == []


def test_answers_side_by_side_are_held_by_their_number() -> None:
    """Each alone is a finding; one of them among eight is not."""
    answers = [{"estimate": {"p": p}} for p in (0.001, 0.04, *[0.5] * 6)]
    told = family.beside_each_other([*answers, {"estimate": None}])
    assert [place["family"]["stands"] for place in told[:2]] == [True, False]
    assert told[1]["family"] == {"answers": 8, "q": pytest.approx(0.16), "stands": False}
    assert told[-1]["family"] is None
