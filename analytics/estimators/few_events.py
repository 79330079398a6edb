"""The smallest change of a rate that few events let be seen.

A fall takes away the very events by which it is seen, and the logarithm of a ratio of few events is no
normal number. So chance is counted out event by event: how often the trained would have so many, and
whether the test would then have found it (Poisson, at the error that so many leave).
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from analytics.estimators.estimate import LEVEL, POWER
from analytics.estimators.grid import FloatArray
from analytics.estimators.student import quantile

FEW = 100.0
"""Expected events of the trained from which the normal rule is right to a point of power."""
_FURTHEST = 6.0
"""Logarithm of a ratio beyond which none is looked for: four hundred times as many, or as few."""
_NOTHING = 1e-9


def counted(figures: FloatArray) -> float | None:
    """Return how many events figures count; None where they are no counts."""
    return float(figures.sum()) if np.all(figures == np.round(figures)) else None


def smallest(expected: float, error: float, df: float, *, fall: bool) -> float | None:
    """Return the logarithm, without its sign, of the smallest ratio that is found four times in five.

    ``expected`` is how many events the trained would have without an effect, ``error`` the standard
    error of the logarithm then. None where no ratio is found so often, however far from 1.
    """
    below = (0.0, 0.0)
    for logs in np.split(np.linspace(0.0, _FURTHEST, 301)[1:], 30):
        found = _power(-logs if fall else logs, expected, error, df)
        enough = np.flatnonzero(found >= POWER)
        if len(enough):
            at = int(enough[0])
            log, power = (logs[at - 1], found[at - 1]) if at else below
            share = (POWER - power) / (found[at] - power)
            return float(log + share * (logs[at] - log))
        below = (logs[-1], found[-1])
    return None


def _power(log: FloatArray, expected: float, error: float, df: float) -> FloatArray:
    """Return how often each ratio is found. No event at all gives no ratio, and is not found."""
    mean = expected * np.exp(log)
    least, most = (
        end + way * (8 * math.sqrt(end) + 20) for end, way in ((mean.min(), -1), (mean.max(), 1))
    )
    events = np.arange(max(math.floor(least), 1.0), most)
    likely = np.exp(
        events[None, :] * np.log(mean)[:, None]
        - mean[:, None]
        - special.gammaln(events + 1)[None, :]
    )
    others = math.sqrt(max(error**2 - 1 / expected, _NOTHING))
    reach = quantile(0.5 + LEVEL / 2, df) * np.sqrt(others**2 + 1 / events)
    seen = np.log(events / expected)[None, :] * np.sign(log)[:, None]
    return np.asarray((likely * special.ndtr((seen - reach[None, :]) / others)).sum(axis=1))
