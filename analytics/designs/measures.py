"""The outcome of each row as ``num / den``, refused where it cannot be what its kind says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from analytics.designs.column import Column
from analytics.designs.sides import happened, says_yes_or_no
from analytics.designs.spec import Spec
from analytics.estimators.grid import FloatArray
from analytics.estimators.question import PER_EXPOSURE
from lrs.errors import BadInput

MANY_MISSING = 0.05


_OTHER_KIND = 'mend the row, or name another kind: what is measured is "continuous"'
_OF_HOW_MANY = "'exposure' names the column with of how many, or over how much, it is"


@dataclass(frozen=True, slots=True)
class Measures:
    """Numerator and denominator of each row, and which rows have them."""

    num: FloatArray
    den: FloatArray
    known: npt.NDArray[np.bool_]
    given: tuple[str, ...] = ()
    counted: bool = False
    """Whether the table says of how many, or over how much, each outcome is."""

    @property
    def flags(self) -> list[str]:
        """Return the flags given, and one when many rows lack their outcome, or a covariate."""
        missing = ["missing_outcomes"] if 1 - self.known.mean() > MANY_MISSING else []
        return [*self.given, *missing]

    def beside(self, covariates: FloatArray) -> Measures:
        """Return the measures of the rows that have every covariate too."""
        known = self.known & ~np.isnan(covariates).any(axis=1)
        if not known.any():
            raise BadInput("no row has its outcome and every covariate", where="covariates")
        return replace(self, known=known)


def measures(
    spec: Spec, kpi: Mapping[str, Any], outcome: str, exposure: str | None, where: str = ""
) -> Measures:
    """Return the outcome of every row; rows without one are known to be so."""
    kind = kpi["kind"]
    value = _values(spec.named(outcome, f"{where}outcome"), kind, f"{where}outcome")
    known = ~np.isnan(value)
    if not known.any():
        raise BadInput(f"no row has a number in {outcome!r}", where=f"{where}outcome")
    den = np.ones(len(value))
    if exposure is not None:
        den = spec.named(exposure, f"{where}exposure").numbers(f"{where}exposure")
        _refuse(
            known & ~(den >= 0),
            exposure,
            f"{where}exposure",
            "must be zero or more",
            "leave the outcome empty where nobody counted",
        )
        _refuse(
            known & (den == 0) & (value > 0),
            outcome,
            f"{where}exposure",
            "has no exposure",
            f"something happened in no time, or among none: mend {exposure!r}",
        )
        known &= den > 0
        if not known.any():
            raise BadInput(f"no row has anything in {exposure!r}", where=f"{where}exposure")
    _check_kind(kind, value, den, known, outcome, f"{where}outcome", bounded=exposure is not None)
    if kpi.get("scale") == "nps":
        value = _net_promoters(value, known, outcome, f"{where}outcome")
    weighted = kind in ("continuous", "ordinal") and exposure is not None
    return Measures(
        value * den if weighted else value, den, known, tuple(spec.flags), exposure is not None
    )


def _values(column: Column, kind: str, key: str) -> FloatArray:
    """Return the outcome's numbers; what is yes or no may be said so, as a treatment may."""
    if kind == "binary" and says_yes_or_no(column):
        return happened(column, key)
    return column.numbers(key)


def _check_kind(
    kind: str,
    value: FloatArray,
    den: FloatArray,
    known: npt.NDArray[np.bool_],
    column: str,
    where: str,
    *,
    bounded: bool,
) -> None:
    if kind in (*PER_EXPOSURE, "binary"):
        _refuse(known & (value < 0), column, where, "is below zero", _OTHER_KIND)
    if kind == "count":
        _refuse(
            known & (value != np.floor(value)), column, where, "is not a whole number", _OTHER_KIND
        )
    if kind == "absence" and bounded:
        _refuse(known & (value > den), column, where, "is more than its exposure", _OF_HOW_MANY)
    if kind == "binary":
        most = "is more than its exposure" if bounded else "is not between 0 and 1"
        _refuse(known & (value > den), column, where, most, _OF_HOW_MANY)


def _net_promoters(
    answers: FloatArray, known: npt.NDArray[np.bool_], column: str, where: str
) -> FloatArray:
    """Return 100 for who promotes (9 and 10), -100 for who detracts (0 to 6), else 0."""
    _refuse(
        known & ~np.isin(answers, np.arange(11)),
        column,
        where,
        "is no answer from 0 to 10",
        _OTHER_KIND,
    )
    return np.where(np.isnan(answers), np.nan, 100.0 * (answers >= 9) - 100.0 * (answers <= 6))


def _refuse(bad: npt.NDArray[np.bool_], column: str, where: str, why: str, hint: str) -> None:
    rows = np.flatnonzero(bad)
    if len(rows):
        raise BadInput(f"{column!r} {why}", where=f"{where}: data row {rows[0] + 1}", hint=hint)
