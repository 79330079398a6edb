"""What an effect is worth: return on investment, and the Phillips estimate, which is an opinion."""

from __future__ import annotations


def roi(benefit: float, cost: float) -> dict[str, float]:
    """Return ROI in percent, what each unit of money brought, and the net benefit.

    ``(benefit - cost) / cost * 100``; ``cost`` is above zero and fully loaded, learners' hours
    included.
    """
    net = benefit - cost
    return {"percent": net / cost * 100, "benefit_cost_ratio": benefit / cost, "net": net}


def phillips(gain: float, isolation: float, confidence: float, cost: float) -> dict[str, float]:
    """Return what those asked believe: the gain, times the share they ascribe to the training, times
    how sure they are of that. An opinion: never to be shown beside a measured effect.
    """
    benefit = gain * isolation * confidence
    return {"benefit": benefit, **roi(benefit, cost)}
