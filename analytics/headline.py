"""The effect of a panel that is told: on the scale of its kind, by the estimator that its roll-out allows."""

from __future__ import annotations

import numpy as np

from analytics.estimators.effect import Effect, as_difference
from analytics.estimators.estimate import Estimate, ratio_of
from analytics.estimators.few_events import counted
from analytics.estimators.study import Study
from analytics.methods import ADJUSTED, BY_T


def effect_of(study: Study) -> Effect:
    """Return the effect that is told, on the scale of its kind."""
    name = "adjusted" if study.adjusts else "efficient"
    difference = study.measured.get(name) or study.measured.get("simple")
    if study.log_ratio is not None and study.log_ratio.se > 0:
        return Effect(
            estimate=study.log_ratio,
            ratio=True,
            difference=as_difference(study.log_ratio, _rate_without(study, study.log_ratio)),
            method=f"{_ratio_method(study)}; {BY_T}",
            events=_events(study),
        )
    headline = study.measured.get("headline") or difference
    if headline is None:
        raise AssertionError("a compared study has an effect")
    return Effect(
        estimate=headline,
        ratio=False,
        without=_without(study, headline.value),
        method=f"{_method(study)}; {BY_T}",
    )


def _rate_without(study: Study, ratio: Estimate) -> float:
    """Return the rate of the trained if they were not: what they had, over the ratio."""
    had = study.grid.treated & ~study.grid.always[:, None]
    return float(study.grid.num[had].sum() / study.grid.den[had].sum()) / ratio_of(ratio.value)


def _events(study: Study) -> float | None:
    """Return how many events the trained had; None where they are no counts."""
    return counted(study.grid.num[study.grid.treated & ~study.grid.always[:, None]])


def _ratio_method(study: Study) -> str:
    if study.drawn_ratio is not None:
        return ADJUSTED
    return "Poisson ratio on cells, untrained cells imputed"


def _method(study: Study) -> str:
    if study.adjusts:
        return ADJUSTED
    if study.efficient is not None:
        return "start drawn by lot: efficient estimator"
    if study.question.comparison == "never":
        return "group-time difference in differences, never trained"
    return "imputation from untrained cells, working covariance"


def _without(study: Study, effect: float) -> float | None:
    """Return the mean the trained would have had, where the scale has a zero to count from."""
    without = mean_without(study, effect)
    tells = without is not None and study.question.tells_percent(without, study.grid.sd)
    return without if tells else None


def mean_without(study: Study, effect: float) -> float | None:
    """Return the mean the trained would have had without the effect."""
    weights = study.weights["headline"]
    target = np.where(study.grid.treated, weights if weights is not None else 0.0, 0.0)
    total = float(target.sum())
    return float((target * study.grid.mean).sum()) / total - effect if total > 0 else None
