"""The library of metrics, and metrics.toml."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from connectors.model.metrics import KINDS, Declared, completed, declared, library
from lrs.errors import BadInput


def test_library_entries_leave_nothing_open() -> None:
    for metric in library().values():
        assert metric.name
        assert metric.kind in KINDS
        assert metric.better in ("up", "down")
        assert metric.unit
        assert (metric.kind in ("count", "rate")) is bool(metric.denominator)


def test_days_away_are_days_away_with_and_without_contract_days() -> None:
    for denominator in ("", "contract_days"):
        assert completed(Declared("sick_days", denominator=denominator)).kind == "absence"


@pytest.mark.parametrize(
    ("key", "better"),
    [
        *[(key, "down") for key in ("turnover", "absence", "complaints", "errors", "lead_time")],
        *[(key, "up") for key in ("csat", "nps", "productivity", "engagement")],
        ("time_to_autonomy", "down"),
    ],
)
def test_library_has_what_the_business_names_and_which_way_is_good(key: str, better: str) -> None:
    assert library()[key].better == better


def test_only_health_data_is_marked_sensitive() -> None:
    assert {m.key for m in library().values() if m.sensitive} == {"absence"}


@pytest.mark.parametrize("name", ["absence_days", "Verzuim", "SJUKFRÅNVARO"])
def test_metric_known_by_another_name_is_found_in_the_library(name: str) -> None:
    found = completed(Declared(name))
    assert (found.key, found.better, found.sensitive) == (name, "down", True)


def test_what_is_declared_stands_over_the_library() -> None:
    found = completed(Declared("errors", better="up", name="Finds", denominator="tests"))
    assert (found.better, found.name, found.denominator) == ("up", "Finds", "tests")
    assert found.unit == "errors"


def test_count_of_the_library_without_a_denominator_is_a_plain_number() -> None:
    assert completed(Declared("errors", denominator="")).kind == "continuous"


def test_unknown_metric_with_a_denominator_is_a_count_and_up_is_good() -> None:
    found = completed(Declared("upsells", denominator="calls"))
    assert (found.kind, found.better, found.name) == ("count", "up", "Upsells")


def test_file_of_metrics_is_read() -> None:
    found = declared(
        tomllib.loads(
            '[[metric]]\nid = "fixes"\nname = "Fixes"\nkind = "count"\nunit = "fixes"\n'
            'denominator = "tickets"\nbetter = "up"\nvalue_per_unit = 12\ncurrency = "EUR"'
        ),
        "metrics.toml",
    )
    assert found == [
        Declared("fixes", "Fixes", "count", "fixes", "up", "tickets", None, 12.0, "EUR", 12.0, 12.0)
    ]


def test_a_value_may_be_known_only_so_much() -> None:
    told = {"low": 40, "likely": 60, "high": 90}
    entry = {"id": "x", "value_per_unit": told, "currency": "EUR"}
    (found,) = declared({"metric": [entry]}, "metrics.toml")
    assert (found.value_low, found.value_per_unit, found.value_high) == (40.0, 60.0, 90.0)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"name": "x"}, "needs an id"),
        ({"id": "x", "kind": "amount"}, "kind"),
        ({"id": "x", "better": "more"}, "better"),
        ({"id": "x", "direction": "up"}, "'direction'"),
        ({"id": "x", "sensitive": "yes"}, "true or false"),
        ({"id": "x", "value_per_unit": 3}, "without a currency"),
        ({"id": "x", "value_per_unit": -3, "currency": "EUR"}, "more than nothing"),
        ({"id": "x", "value_per_unit": 0, "currency": "EUR"}, "more than nothing"),
        ({"id": "x", "value_per_unit": 3, "currency": "eur"}, "three letters"),
        ({"id": "x", "value_per_unit": float("nan"), "currency": "EUR"}, "number"),
        ({"id": "x", "value_per_unit": {"low": 3}, "currency": "EUR"}, "low, likely and high"),
        (
            {"id": "x", "value_per_unit": {"low": 3, "likely": 2, "high": 4}, "currency": "EUR"},
            "in this order",
        ),
        ({"id": 3}, "text"),
    ],
)
def test_fault_names_the_metric(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        declared({"metric": [entry]}, "metrics.toml")
    assert caught.value.where == "metrics.toml: metric 1"


def test_metric_declared_twice_is_refused() -> None:
    with pytest.raises(BadInput, match="twice"):
        declared({"metric": [{"id": "x"}, {"id": "x"}]}, "metrics.toml")
