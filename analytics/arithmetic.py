"""The small formulas on their own: a spec without a table, worked out and returned.

Each key asks for one of them, and the answer has its result under the same key: `bh` (which of many
p values stand), `e_value`, `roi`, `phillips`, `power`.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from analytics import money
from analytics.checks import family, unmeasured
from analytics.estimators import power
from analytics.record import rounded
from lrs import __version__
from lrs.errors import BadInput

Json = dict[str, Any]
_ABOUT = frozenset({"id", "title", "source", "note"})


def asked(spec: Mapping[str, Any]) -> bool:
    """Return whether a spec asks for formulas only: it names one of them, and no table."""
    return "data" not in spec and any(key in spec for key in _FORMULAS)


def answer(spec: Mapping[str, Any]) -> Json:
    """Return the result of each formula that is asked for.

    Raises `BadInput`, naming the key, for a number that is missing or cannot be right.
    """
    for key in spec:
        if key not in _FORMULAS and key not in _ABOUT:
            near = difflib.get_close_matches(key, sorted(_FORMULAS), n=1)
            known = ", ".join(sorted(_FORMULAS))
            hint = f"did you mean {near[0]!r}?" if near else f"known: {known}"
            raise BadInput(f"there is no formula {key!r}", where=key, hint=hint)
    found: Json = {key: formula(spec[key]) for key, formula in _FORMULAS.items() if key in spec}
    text = json.dumps(spec, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    found["provenance"] = {"version": __version__, "spec_sha256": digest}
    cleaned: Json = rounded(found)
    return cleaned


def _family(given: Any) -> Json:
    fields = _Fields(given, "bh", {"p", "alpha"})
    values = given.get("p")
    if not isinstance(values, list) or not values:
        raise BadInput("this must be a list of p values", where="bh.p")
    p = [_number(value, f"bh.p[{at}]", low=0, high=1) for at, value in enumerate(values)]
    return family.false_discovery(p, fields.get("alpha", 0.05, low=0, high=1))


def _e_value(given: Any) -> Json:
    fields = _Fields(given, "e_value", {"ratio", "low", "high"})
    ratio = fields.get("ratio", low=0)
    if not ratio > 0:
        raise BadInput("a ratio is above 0", where="e_value.ratio")
    low = fields.get("low", ratio if ratio >= 1 else 0.0, low=0)
    high = fields.get("high", ratio if ratio < 1 else math.inf, low=0)
    if not low <= ratio <= high:
        raise BadInput("the ratio does not lie in its interval", where="e_value")
    return unmeasured.e_value(ratio, low, high)


def _roi(given: Any) -> Json | list[Json]:
    """Return one for an object, and a list for a list."""
    if isinstance(given, list):
        return [_one_roi(row, f"roi[{at}]") for at, row in enumerate(given)]
    return _one_roi(given, "roi")


def _one_roi(given: Any, where: str) -> Json:
    fields = _Fields(given, where, {"benefit", "cost"})
    return money.roi(fields.get("benefit"), fields.above_zero("cost"))


def _phillips(given: Any) -> Json:
    fields = _Fields(given, "phillips", {"gain", "isolation", "confidence", "cost"})
    isolation = fields.get("isolation", low=0, high=1)
    confidence = fields.get("confidence", low=0, high=1)
    return money.phillips(fields.get("gain"), isolation, confidence, fields.above_zero("cost"))


def _power(given: Any) -> Json:
    known = {"d", "alpha", "power", "cluster_size", "icc"}
    fields = _Fields(given, "power", known)
    d = abs(fields.get("d"))
    if d == 0:
        raise BadInput("an effect of nothing is never found", where="power.d")
    alpha = fields.get("alpha", 0.05, low=1e-12, high=0.5)
    wanted = fields.get("power", 0.8, low=alpha, high=1 - 1e-9)
    size = fields.get("cluster_size", 1.0, low=1)
    icc = fields.get("icc", 0.0, low=0, high=1)
    return power.sample_size(d, alpha=alpha, power=wanted, cluster_size=size, icc=icc)


class _Fields:
    """The numbers of one formula, each checked."""

    def __init__(self, given: Any, where: str, known: set[str]) -> None:
        if not isinstance(given, Mapping):
            raise BadInput(f"this must be an object with {', '.join(sorted(known))}", where=where)
        for key in given:
            if key not in known:
                hint = f"known: {', '.join(sorted(known))}"
                raise BadInput(f"there is no {key!r} here", where=f"{where}.{key}", hint=hint)
        self._given, self._where = given, where

    def get(
        self,
        key: str,
        default: float | None = None,
        *,
        low: float = -math.inf,
        high: float = math.inf,
    ) -> float:
        """Return a number that must be there, unless it has a default."""
        if self._given.get(key) is None:
            if default is None:
                raise BadInput(f"{key!r} is missing", where=f"{self._where}.{key}")
            return default
        return _number(self._given[key], f"{self._where}.{key}", low=low, high=high)

    def above_zero(self, key: str) -> float:
        """Return a number above zero."""
        found = self.get(key)
        if not found > 0:
            raise BadInput(f"{key!r} must be above 0", where=f"{self._where}.{key}")
        return found


def _number(value: Any, where: str, *, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadInput("this must be a number", where=where)
    if not low <= value <= high:
        raise BadInput(f"{value} does not lie between {low:g} and {high:g}", where=where)
    return float(value)


_FORMULAS: dict[str, Callable[[Any], Any]] = {
    "bh": _family,
    "e_value": _e_value,
    "roi": _roi,
    "phillips": _phillips,
    "power": _power,
}
