"""How strong something unmeasured would have to be to explain an effect away.

The E-value of VanderWeele and Ding (2017): as a ratio of risks, with training and with the outcome
both. The rarer the event, the better it holds for ratios of rates and of hazards.
"""

from __future__ import annotations

import math


def e_value(ratio: float, low: float, high: float) -> dict[str, float]:
    """Return the E-value of the estimate (``point``) and of the end nearer to no effect (``limit``).

    1 for the limit when the interval holds no effect.
    """
    nearer = low if ratio >= 1 else high
    held = (low <= 1 <= high) or not math.isfinite(nearer) or nearer <= 0
    return {"point": _of(ratio), "limit": 1.0 if held else _of(nearer)}


def _of(ratio: float) -> float:
    above = ratio if ratio >= 1 else 1 / ratio
    return above + math.sqrt(above * (above - 1))
