"""What a metric is, the library of ready ones, and metrics.toml (`architecture.md`, "The files").

A metric with a denominator is a count (or a rate): its observations carry a numerator and what it
is counted per. Which way is good comes from the declaration, then from the library, else it is up.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from connectors.model.tables import a_text, only
from lrs.errors import BadInput

KINDS = ("continuous", "count", "rate", "binary", "time_to_event", "ordinal", "absence")
_COUNTED = ("count", "rate", "absence")
_BESIDE = ("known_as", "told")
"""What the library says of a metric beside its declaration: other ids, and its words by language."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A metric as a file, a command or the library declares it; None leaves the matter open.

    An empty ``denominator`` is an answer: the metric is not counted per anything. What a unit is worth
    lies between ``value_low`` and ``value_high``, most likely at ``value_per_unit``.
    """

    key: str
    name: str | None = None
    kind: str | None = None
    unit: str | None = None
    better: str | None = None
    denominator: str | None = None
    sensitive: bool | None = None
    value_per_unit: float | None = None
    currency: str | None = None
    value_low: float | None = None
    value_high: float | None = None

    def over(self, other: Declared) -> Declared:
        """Return this declaration, with what it leaves open taken from the other."""
        open_fields = {
            name: getattr(other, name) for name in self.__slots__ if getattr(self, name) is None
        }
        return replace(self, **open_fields)


@cache
def shipped() -> tuple[Mapping[str, Any], ...]:
    """Return the ready metrics as their file has them: beside the declaration stand `_BESIDE`."""
    text = (files("connectors") / "metrics_library.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["metric"])


@cache
def library() -> Mapping[str, Declared]:
    """Return the ready metrics by id and by each other name they are known by."""
    found: dict[str, Declared] = {}
    for n, entry in enumerate(shipped(), start=1):
        declaration = {key: value for key, value in entry.items() if key not in _BESIDE}
        metric = _metric(declaration, f"metrics_library.toml: metric {n}")
        for name in (metric.key, *entry.get("known_as", ())):
            found[name.casefold()] = metric
    return found


def completed(metric: Declared) -> Declared:
    """Return the metric with nothing left open: first the library's entry, then what is usual."""
    ready = library().get(metric.key.casefold())
    if ready is not None:
        metric = metric.over(_fitting(ready, metric))
    usual = Declared(
        metric.key,
        name=metric.key.replace("_", " ").strip().capitalize(),
        kind="count" if metric.denominator else "continuous",
        better="up",
        sensitive=False,
    )
    return metric.over(usual)


def _fitting(ready: Declared, asked: Declared) -> Declared:
    """Leave out of the library's entry what cannot hold for what is measured here.

    ``errors`` is a count per case in the library; a file that has no cases gives plain numbers, and
    says so by an empty denominator. What comes with a denominator is counted per something.
    """
    if asked.kind is not None:
        return ready
    if asked.denominator == "" and ready.kind in ("count", "rate"):
        return replace(ready, kind="continuous")
    if asked.denominator and ready.kind not in _COUNTED:
        return replace(ready, kind="count")
    return ready


def declared(document: Mapping[str, Any], file: str) -> list[Declared]:
    """Return the metrics of a metrics.toml; raises `BadInput` that names the metric and the key."""
    entries = document.get("metric")
    if not isinstance(entries, list) or not entries:
        raise BadInput(
            "there is no [[metric]] in the file",
            where=file,
            hint='each metric is a table: [[metric]], then id = "…", name = "…", better = "down"',
        )
    metrics = [_metric(entry, f"{file}: metric {n}") for n, entry in enumerate(entries, start=1)]
    keys = [metric.key for metric in metrics]
    for key in keys:
        if keys.count(key) > 1:
            raise BadInput(f"the metric {key!r} is declared twice", where=file)
    return metrics


_TEXTS = ("id", "name", "kind", "unit", "better", "denominator", "currency")
_KEYS = (*_TEXTS, "sensitive", "value_per_unit")


def _metric(entry: Any, where: str) -> Declared:
    only(entry, _KEYS, where)
    for key in _TEXTS:
        empty_is_an_answer = key == "denominator" and entry.get(key) == ""
        if not empty_is_an_answer:
            a_text(entry, key, where)
    if "id" not in entry:
        raise BadInput("a metric needs an id", where=where, hint="commands and files call it so")
    low, likely, high = worth(entry, where)
    return checked(
        Declared(
            key=entry["id"],
            sensitive=_truth(entry, "sensitive", where),
            value_low=low,
            value_per_unit=likely,
            value_high=high,
            **{key: entry.get(key) for key in _TEXTS if key != "id"},
        ),
        where,
    )


def checked(metric: Declared, where: str) -> Declared:
    """Return the metric; raises `BadInput` when its parts do not go together."""
    if metric.kind not in (None, *KINDS):
        raise BadInput(f"kind = {metric.kind!r}?", where=where, hint=f"known: {', '.join(KINDS)}")
    if metric.better not in (None, "up", "down"):
        raise BadInput(f"better = {metric.better!r}?", where=where, hint="up or down")
    if metric.value_per_unit is not None and metric.value_per_unit <= 0:
        raise BadInput(
            f"value_per_unit = {metric.value_per_unit:g}: a unit is worth more than nothing",
            where=where,
            hint="what it is worth that there is one fewer, or one more; 'better' says which",
        )
    if metric.currency and not (len(metric.currency) == 3 and metric.currency.isupper()):
        raise BadInput(
            f"currency = {metric.currency!r}: a currency is three letters", where=where, hint="EUR"
        )
    if metric.value_per_unit is not None and not metric.currency:
        raise BadInput(
            "value_per_unit without a currency", where=where, hint='such as currency = "EUR"'
        )
    return metric


def _truth(entry: Mapping[str, Any], key: str, where: str) -> bool | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, bool):
        raise BadInput(f"{key} should be true or false, not {value!r}", where=where)
    return value


Worth = tuple[float | None, float | None, float | None]


def worth(entry: Mapping[str, Any], where: str) -> Worth:
    """Return what a unit is worth, low, likely and high; one number is all three."""
    value = entry.get("value_per_unit")
    if not isinstance(value, Mapping):
        likely = _number(value, "value_per_unit", where)
        return likely, likely, likely
    if set(value) != {"low", "likely", "high"}:
        raise BadInput(
            "value_per_unit is a number, or has low, likely and high",
            where=where,
            hint="value_per_unit = { low = 40, likely = 60, high = 90 }",
        )
    ends = [
        _number(value[end], f"value_per_unit.{end}", where) for end in ("low", "likely", "high")
    ]
    low, likely, high = (-1.0 if end is None else end for end in ends)
    if not 0 <= low <= likely <= high:
        raise BadInput("low, likely and high do not stand in this order", where=where)
    return low, likely, high


def _number(value: Any, key: str, where: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e15:
        raise BadInput(f"{key} should be a number, not {value!r}", where=where)
    return float(value)
