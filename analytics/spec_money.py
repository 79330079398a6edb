"""The ``money`` of a spec: what a unit is worth, how many there were, what it cost (`docs/evaluate.md`)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analytics import claims
from analytics.amounts import Span
from analytics.money import Cost
from analytics.plans.model import Opinion
from analytics.plans.reading import opinion_of
from analytics.record import rounded
from lrs.errors import BadInput

Json = dict[str, Any]
_KEYS = ("units", "value", "currency", "cost", "opinion")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a spec says of money."""

    units: float
    value: Span
    currency: str
    cost: Span
    opinion: Opinion | None

    def of(self, answer: Mapping[str, Any]) -> Json:
        """Return what may be said of the answer's effect in money."""
        estimate = _with_degrees(answer["estimate"] or {})
        gain = claims.gain_of(estimate, self.units, answer["kpi"]["better"], _base(estimate))
        cost: Cost | str = Cost(0, self.cost) if self.cost.likely > 0 else "no_cost"
        told = claims.claimed(answer, gain, self.value, cost, self.opinion)
        cleaned: Json = rounded({"currency": self.currency, **told})
        return cleaned


def asked(spec: Mapping[str, Any]) -> tuple[Asked | None, Mapping[str, Any]]:
    """Return what a spec says of money, and the spec without it; raises `BadInput`."""
    if "money" not in spec:
        return None, spec
    given, rest = spec["money"], {key: value for key, value in spec.items() if key != "money"}
    if not isinstance(given, Mapping) or not {"units", "value", "currency", "cost"} <= set(given):
        raise BadInput("money needs units, value, currency and cost", where="money")
    for key in given:
        if key not in _KEYS:
            raise BadInput(f"there is no {key!r} here", where="money", hint=", ".join(_KEYS))
    if not isinstance(given["currency"], str) or not _CURRENCY.fullmatch(given["currency"]):
        raise BadInput("a currency is three letters", where="money.currency", hint="EUR")
    found = Asked(
        units=_units(given["units"]),
        value=_value(given["value"]),
        currency=given["currency"],
        cost=Span.of(given["cost"], "money.cost"),
        opinion=_opinion(given.get("opinion")),
    )
    return found, rest


def _units(given: Any) -> float:
    if isinstance(given, Mapping):
        raise BadInput(
            "units are counted: one number",
            where="money.units",
            hint="what is not known for sure, as low, likely and high, is the value of one",
        )
    units = Span.of(given, "money.units").likely
    if not units:
        raise BadInput(
            "the effect fell on no units", where="money.units", hint="how many cases, or months"
        )
    return units


def _value(given: Any) -> Span:
    value = Span.of(given, "money.value")
    if not value.likely:
        raise BadInput("a unit is worth nothing", where="money.value", hint="leave out the money")
    return value


def _opinion(given: Any) -> Opinion | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise BadInput("an opinion has isolation and confidence", where="money.opinion")
    return opinion_of(given.get("isolation"), given.get("confidence"), None, "money.opinion")


def _with_degrees(estimate: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the estimate with its degrees of freedom; JSON has no word for without end."""
    endless = "df" in estimate and estimate["df"] is None
    return {**estimate, "df": math.inf} if endless else estimate


def _base(estimate: Mapping[str, Any]) -> float | None:
    """Return the events a unit would have had, from the effect told both ways."""
    ratio, difference = estimate.get("ratio"), estimate.get("att")
    if not ratio or ratio == 1 or difference is None or difference / (ratio - 1) <= 0:
        return None
    return float(difference / (ratio - 1))
