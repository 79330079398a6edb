"""One series of figures with a step in it: everyone was trained at once.

Segmented regression after Lopez Bernal, Cummins and Gasparrini (2017): a level that changes at the
step beside a trend and the seasons. Events per exposure by quasi-Poisson, everything else by least
squares. Where a period's error carries over into the next, errors are Newey and West's.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from analytics.estimators.estimate import Estimate
from analytics.estimators.grid import BoolArray, FloatArray

_CARRIES_OVER = 1.96
"""Lag-1 correlation of the residuals, in standard errors, from which errors are made robust."""
_UNKNOWN = 10.0
"""Error of a logarithm from which a ratio is not known at all: the fit ran off without end."""


@dataclass(frozen=True)
class Series:
    """``num / den`` of each period, in order; ``step`` is 0 before and 1 after.

    ``season`` has a column for each wave of the year, none when there is no season to allow for.
    ``bends``: the trend may be another one after the step.
    """

    num: FloatArray
    den: FloatArray
    step: FloatArray
    time: FloatArray
    season: FloatArray
    bends: bool = False

    @property
    def before(self) -> BoolArray:
        """Return the periods before the step."""
        return np.asarray(self.step == 0)

    @property
    def has_events(self) -> bool:
        """Return whether something happened both before and after: else no ratio can be told."""
        return bool((self.num[self.before] > 0).any() and (self.num[~self.before] > 0).any())

    @cached_property
    def design(self) -> FloatArray:
        """Return constant, step, trend and season, and time since the step where the trend `bends`."""
        trend = (self.time - self.time.mean()) / max(float(np.ptp(self.time)), 1.0)
        columns = [np.ones(len(self.num)), self.step, trend, self.season]
        return np.column_stack([*columns, self.since] if self.bends else columns)

    @property
    def since(self) -> FloatArray:
        """Return the time since the first period after the step, 0 in it and before."""
        return np.asarray(np.maximum(self.time - self.time[~self.before].min(), 0.0))

    @property
    def can_be_fitted(self) -> bool:
        """Return whether there are more periods than unknowns, and all of them can be told apart."""
        rank = int(np.linalg.matrix_rank(self.design))
        return rank == self.design.shape[1] and len(self.num) > rank + 1

    def cut(self, keep: BoolArray, step: FloatArray) -> Series:
        """Return some of the periods, with another step."""
        return Series(self.num[keep], self.den[keep], step, self.time[keep], self.season[keep])

    def without_season(self) -> Series:
        """Return the series with nothing allowed for but the trend."""
        return replace(self, season=np.empty((len(self.num), 0)))


@dataclass(frozen=True)
class Stepped:
    """The change at the step: its logarithm for events per exposure (``ratio``), else its size."""

    estimate: Estimate
    ratio: bool
    without: float
    spread: float
    """How many times more the figures vary than chance would have them; 1 for least squares."""
    carried: float
    """Correlation of one period's error with the next's."""
    robust: bool
    left: float
    """Spread of the figures about what is fitted."""


def stepped(series: Series, *, ratio: bool, plain: bool = False) -> Stepped:
    """Fit the series and return the change at its step.

    ``plain``: the errors of pure chance, without allowance for what varies more than that.
    """
    fit, spread, carried, robust = _fitted(series, ratio=ratio, plain=plain)
    told = _told(fit, 1, ratio=ratio)
    off = np.asarray(fit.resid_response) / series.den if ratio else np.asarray(fit.resid)
    left = float(np.std(off))
    return Stepped(told, ratio, _without(series, fit, ratio=ratio), spread, carried, robust, left)


@dataclass(frozen=True)
class Bent:
    """The change at the step, and by how much more the figures move each period from then on.

    Logarithms for events per exposure. ``level`` is the change in the first period after the step.
    """

    level: Estimate
    slope: Estimate


def bent(series: Series, *, ratio: bool) -> Bent | None:
    """Fit a level and a slope that both change at the step; None where they cannot be told apart."""
    series = replace(series, bends=True)
    if not series.can_be_fitted:
        return None
    fit = _fitted(series, ratio=ratio).fit
    found = Bent(_told(fit, 1, ratio=ratio), _told(fit, -1, ratio=ratio))
    both = (found.level, found.slope)
    known = all(math.isfinite(one.value) and 0 < one.se < math.inf for one in both)
    endless = ratio and max(one.se for one in both) > _UNKNOWN
    return found if known and not endless else None


class _Fitted(NamedTuple):
    """A fit, how much its figures vary, how they carry over, and whether errors allow for that."""

    fit: Any
    spread: float
    carried: float
    robust: bool


def _fitted(series: Series, *, ratio: bool, plain: bool = False) -> _Fitted:
    model = _model(series, ratio=ratio)
    start = _level_only(series, math.log(series.num.sum() / series.den.sum())) if ratio else None
    fit = _fit(model, start, scale=1.0 if plain else "X2") if ratio else model.fit()
    carried = _carried(np.asarray(fit.resid_pearson if ratio else fit.wresid))
    robust = not plain and abs(carried) * math.sqrt(len(series.num)) > _CARRIES_OVER
    spread = float(fit.scale) if ratio else 1.0
    if robust:
        fit = _fit(model, start, **_newey_west(len(series.num)))
    return _Fitted(fit, spread, carried, robust)


def _told(fit: Any, column: int, *, ratio: bool) -> Estimate:
    df = math.inf if ratio else float(fit.df_resid)
    return Estimate(float(fit.params[column]), float(fit.bse[column]), df)


@dataclass(frozen=True)
class Share:
    """The change at the step of a share of many: in the share itself, and in the odds (logarithm)."""

    difference: Estimate
    odds: Estimate
    without: float
    spread: float
    carried: float
    robust: bool


def share_stepped(series: Series) -> Share:
    """Fit a share that was asked of so many by quasi-binomial regression.

    The change in the share is the mean over the periods after the step; its error follows from
    that of the coefficients to first order.
    """
    import statsmodels.api as sm

    counts = np.column_stack([series.num, series.den - series.num])
    model = sm.GLM(counts, series.design, family=sm.families.Binomial())
    start = _level_only(series, float(special.logit(series.num.sum() / series.den.sum())))
    fit = _fit(model, start)
    left = np.asarray(fit.resid_pearson)
    carried = _carried(left)
    robust = abs(carried) * math.sqrt(len(series.num)) > _CARRIES_OVER
    # The library's own X2 leaves out of how many each share is.
    spread = float(left @ left) / float(fit.df_resid)
    fit = _fit(model, start, **(_newey_west(len(left)) if robust else {"scale": spread}))
    beta, cov = np.asarray(fit.params), np.asarray(fit.cov_params())
    after = ~series.before
    level, weight = series.design[after] @ beta, series.den[after] / series.den[after].sum()
    on, off = special.expit(level), special.expit(level - beta[1] * series.step[after])
    slope_on = (weight * on * (1 - on)) @ series.design[after]
    bare = series.design[after].copy()
    bare[:, 1] = 0.0
    slope = slope_on - (weight * off * (1 - off)) @ bare
    difference = Estimate(
        float(weight @ (on - off)), math.sqrt(max(float(slope @ cov @ slope), 0.0)), math.inf
    )
    odds = Estimate(float(beta[1]), float(fit.bse[1]), math.inf)
    return Share(difference, odds, float(weight @ off), spread, carried, robust)


def _level_only(series: Series, level: float) -> FloatArray:
    """Return a first guess without step and trend: the library's own is so good that it can fail."""
    return np.asarray(np.eye(series.design.shape[1])[0] * level)


def _fit(model: Any, start: FloatArray | None, **how: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit without any noise is found out by its error
        return model.fit(**how) if start is None else model.fit(start_params=start, **how)


def _newey_west(periods: int) -> dict[str, Any]:
    lags = math.ceil(4 * (periods / 100) ** (2 / 9))
    return {"cov_type": "HAC", "cov_kwds": {"maxlags": lags, "use_correction": True}}


def _model(series: Series, *, ratio: bool) -> Any:
    import statsmodels.api as sm

    if ratio:
        offset = np.log(series.den)
        return sm.GLM(series.num, series.design, family=sm.families.Poisson(), offset=offset)
    return sm.WLS(series.num / series.den, series.design, weights=series.den)


def _carried(left: FloatArray) -> float:
    """Return the correlation of each residual with the one after."""
    whole = float(left @ left)
    return float(left[1:] @ left[:-1]) / whole if whole > 0 else 0.0


def _without(series: Series, fit: Any, *, ratio: bool) -> float:
    """Return what the periods after the step would have been on average without it."""
    after = ~series.before
    expected = series.design[after] @ np.asarray(fit.params)
    expected = expected - fit.params[1] * series.step[after]
    if ratio:
        expected = np.exp(expected)
    return float(np.average(expected, weights=series.den[after]))


def false_step(series: Series, *, ratio: bool) -> Stepped | None:
    """Return the change at a step that was none, half-way through the time before the real one.

    None when that time is too short to be cut in two.
    """
    keep = series.before
    at = series.time[keep]
    half = (np.arange(len(at)) >= len(at) // 2).astype(np.float64)
    cut = series.cut(keep, half)
    if len(at) < 2 * SHORTEST or not cut.can_be_fitted:
        return None
    return stepped(cut, ratio=ratio)


SHORTEST = 4
"""Periods that a level needs to be known at all."""
