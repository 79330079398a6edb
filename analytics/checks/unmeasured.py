"""How strong something unmeasured would have to be to explain an effect away.

The E-value of VanderWeele and Ding (2017): as a ratio of risks, with training and with the outcome
both. The rarer the event, the better it holds for ratios of rates and of hazards. A difference is
brought to a ratio first: shares by what they would have been, other figures by their spread, at
0.91 a standard deviation, as the same authors do.
"""

from __future__ import annotations

import math

from analytics.estimators.effect import Effect
from analytics.estimators.estimate import ratio_of

_PER_SPREAD = 0.91


def of_effect(
    effect: Effect | None, *, share: float | None, spread: float
) -> dict[str, float] | None:
    """Return the E-value of the effect that is told; None where no ratio can be made of it.

    None too where it has no interval, of which the nearer end would be asked.
    ``share`` is, for a share of people, what it would have been without the training.
    """
    if effect is None or not effect.estimate.has_ends:
        return None
    told = effect.estimate
    ends = (told.value, told.low, told.high)
    if effect.ratio:
        return e_value(*(ratio_of(end) for end in ends))
    if share is not None:
        if share <= 0 or share + told.value <= 0:
            return None
        return e_value(*(max(share + end, 0.0) / share for end in ends))
    if not spread > 0 or max(map(abs, ends)) > 100 * spread:
        return None
    return e_value(*(ratio_of(_PER_SPREAD * end / spread) for end in ends))


def e_value(ratio: float, low: float, high: float) -> dict[str, float]:
    """Return the E-value of the estimate (``point``) and of the end nearer to no effect (``limit``).

    1 for the limit when the interval holds no effect.
    """
    nearer = low if ratio >= 1 else high
    held = (low <= 1 <= high) or not math.isfinite(nearer) or nearer <= 0
    return {"point": _of(ratio), "limit": 1.0 if held else _of(nearer)}


def _of(ratio: float) -> float:
    above = ratio if ratio >= 1 else 1 / ratio
    return above + math.sqrt(above) * math.sqrt(above - 1)
