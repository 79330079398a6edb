"""One series of figures with a step in it: everyone was trained at once.

Segmented regression after Lopez Bernal, Cummins and Gasparrini (2017): a level that changes at the
step beside a trend and the seasons. Events per exposure by quasi-Poisson, everything else by least
squares. Where a period's error carries over into the next, so does what it is taken for: errors are then those of a
first-order autoregression, whose correlation is freed from the share that the fit itself took (Marriott and Pope 1954),
with as many degrees of freedom as independent periods would give. One standard error of that correlation is enough: a
series is too short for a stricter test to see what makes its errors half as large as they are. Where a period makes up
for the one before, errors are taken as they come, and are rather too large.
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
from analytics.estimators.grid import BoolArray, FloatArray, Grid

_CARRIES_OVER = 1.0
"""Lag-1 correlation of the errors, in standard errors, from which they allow for it."""
_MOST_CARRIED = 0.98
_MANY = 30
"""Periods to spare from which the spread of counts is as good as known."""
LEAST_AFTER = 3
"""Periods after a step without which it tells nothing."""
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
    course: FloatArray
    """What each period was to be without the step, on the figures' own scale."""


def stepped(series: Series, *, ratio: bool, plain: bool = False) -> Stepped:
    """Fit the series and return the change at its step.

    ``plain``: the errors of pure chance, without allowance for what varies more than that.
    """
    fitted = _fitted(series, ratio=ratio, plain=plain)
    fit, spread, carried, robust = fitted.fit, fitted.spread, fitted.carried, fitted.robust
    told = fitted.told(1)
    off = np.asarray(fit.resid_response) / series.den if ratio else np.asarray(fit.resid)
    left = float(np.std(off))
    course = _course(series, fit, ratio=ratio)
    without = float(np.average(course[~series.before], weights=series.den[~series.before]))
    return Stepped(told, ratio, without, spread, carried, robust, left, course)


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
    fitted = _fitted(series, ratio=ratio)
    found = Bent(fitted.told(1), fitted.told(-1))
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
    cov: FloatArray
    df: float

    def told(self, column: int) -> Estimate:
        """Return a coefficient with its error."""
        se = math.sqrt(max(float(self.cov[column, column]), 0.0))
        return Estimate(float(self.fit.params[column]), se, self.df)


def _fitted(series: Series, *, ratio: bool, plain: bool = False) -> _Fitted:
    model = _model(series, ratio=ratio)
    start = _level_only(series, math.log(series.num.sum() / series.den.sum())) if ratio else None
    fit = _fit(model, start, scale=1.0 if plain else "X2") if ratio else model.fit()
    left = np.asarray(fit.resid_pearson if ratio else fit.wresid)
    over = _Carried.of(series, left)
    spread = float(fit.scale) if ratio else 1.0
    cov, df = np.asarray(fit.cov_params()), float(fit.df_resid)
    if ratio and (plain or df >= _MANY):
        df = math.inf
    if not plain and over.on:
        weights = np.asarray(fit.mu) if ratio else series.den
        cov, df = over.covariance(weights, left), over.freedom
    return _Fitted(fit, spread, over.correlation, not plain and over.on, cov, df)


@dataclass(frozen=True)
class _Carried:
    """How what is left of one period carries over into the next."""

    series: Series
    correlation: float
    """As it is seen in what is left."""

    @classmethod
    def of(cls, series: Series, left: FloatArray) -> _Carried:
        """Return it for what a fit leaves."""
        whole = float(left @ left)
        return cls(series, float(left[1:] @ left[:-1]) / whole if whole > 0 else 0.0)

    @property
    def true(self) -> float:
        """Return the correlation without what the fit took of it: it follows the errors, the more the
        more it has to follow them with.
        """
        n, k = self.series.design.shape
        return float(min((n * self.correlation + k) / max(n - k - 2, 1), _MOST_CARRIED))

    @property
    def on(self) -> bool:
        """Return whether errors carry over."""
        n, k = self.series.design.shape
        return self.true * math.sqrt(max(n - k, 1)) > _CARRIES_OVER

    @property
    def freedom(self) -> float:
        """Return how many independent periods would tell as much, less the unknowns' share."""
        n, k = self.series.design.shape
        return float(max((n - k) * (1 - self.true) / (1 + self.true), 1.0))

    def covariance(self, weights: FloatArray, left: FloatArray) -> FloatArray:
        """Return the covariance of the coefficients, from the weights of periods and what is left."""
        root = self.series.design * np.sqrt(weights)[:, None]
        bread = np.linalg.pinv(root.T @ root, hermitian=True)
        apart = np.abs(self.series.time[:, None] - self.series.time[None, :])
        alike = self.true**apart
        taken = root @ bread @ root.T
        free = float(np.trace(alike) - np.sum(taken * alike))
        spread = float(left @ left) / max(free, 1e-9)
        return np.asarray(spread * bread @ (root.T @ alike @ root) @ bread)


@dataclass(frozen=True)
class Share:
    """The change at the step of a share of many: in the share itself, and in the odds (logarithm)."""

    difference: Estimate
    odds: Estimate
    without: float
    spread: float
    carried: float
    robust: bool
    course: FloatArray
    """What each period's share was to be without the step."""


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
    over = _Carried.of(series, left)
    # The library's own X2 leaves out of how many each share is.
    spread, df = float(left @ left) / float(fit.df_resid), float(fit.df_resid)
    df = math.inf if df >= _MANY else df
    fit = _fit(model, start, scale=spread)
    beta, cov = np.asarray(fit.params), np.asarray(fit.cov_params())
    if over.on:
        share = special.expit(series.design @ beta)
        cov, df = over.covariance(series.den * share * (1 - share), left), over.freedom
    after = ~series.before
    course = special.expit(series.design @ beta - beta[1] * series.step)
    weight = series.den[after] / series.den[after].sum()
    on, off = special.expit(series.design[after] @ beta), course[after]
    slope_on = (weight * on * (1 - on)) @ series.design[after]
    bare = series.design[after].copy()
    bare[:, 1] = 0.0
    slope = slope_on - (weight * off * (1 - off)) @ bare
    difference = Estimate(
        float(weight @ (on - off)), math.sqrt(max(float(slope @ cov @ slope), 0.0)), df
    )
    odds = Estimate(float(beta[1]), math.sqrt(max(float(cov[1, 1]), 0.0)), df)
    return Share(difference, odds, float(weight @ off), spread, over.correlation, over.on, course)


def _level_only(series: Series, level: float) -> FloatArray:
    """Return a first guess without step and trend: the library's own is so good that it can fail."""
    return np.asarray(np.eye(series.design.shape[1])[0] * level)


def _fit(model: Any, start: FloatArray | None, **how: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit without any noise is found out by its error
        return model.fit(**how) if start is None else model.fit(start_params=start, **how)


def _model(series: Series, *, ratio: bool) -> Any:
    import statsmodels.api as sm

    if ratio:
        offset = np.log(series.den)
        return sm.GLM(series.num, series.design, family=sm.families.Poisson(), offset=offset)
    return sm.WLS(series.num / series.den, series.design, weights=series.den)


def _course(series: Series, fit: Any, *, ratio: bool) -> FloatArray:
    """Return what each period would have been without the step."""
    expected = series.design @ np.asarray(fit.params) - fit.params[1] * series.step
    return np.asarray(np.exp(expected) if ratio else expected)


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


def waves(at: FloatArray, length: int, count: int) -> FloatArray:
    """Return sines and cosines of the time of the year: ``count`` of each, ``length`` periods a year."""
    angle = 2 * np.pi * at / length
    both = [(np.sin(k * angle), np.cos(k * angle)) for k in range(1, count + 1)]
    # The last sine of an even season is zero throughout.
    told = [wave for pair in both for wave in pair if np.ptp(wave) > 1e-9]
    return np.column_stack(told) if told else np.empty((len(at), 0))


def at_once(grid: Grid, year: int) -> Series | None:
    """Return those who were trained as one series, with the seasons of a year of so many periods.

    The step is the share of them that had been trained. None where it is too short for that: a whole
    year before the step, and some periods after it in which all had been.
    """
    rows = grid.starts
    num, den = grid.num[rows].sum(axis=0), grid.den[rows].sum(axis=0)
    people = grid.people[rows].astype(np.float64)
    trained = (grid.periods[None, :] >= grid.cohorts[rows, None]) * people[:, None]
    step = trained.sum(axis=0) / max(people.sum(), 1.0)
    keep = den > 0
    at = grid.periods[keep].astype(np.float64)
    count = 2 if len(at) >= 2 * year else 1
    made = Series(num[keep], den[keep], step[keep], at, waves(at, year, count))
    long = int(made.before.sum()) >= year and int((made.step >= 1).sum()) >= LEAST_AFTER
    return made if long and made.can_be_fitted else None
