"""The effect of a panel that is told: on the scale of its kind, by the estimator that its roll-out allows."""

from __future__ import annotations

import numpy as np

from analytics.estimators.effect import Effect
from analytics.estimators.study import Study


def effect_of(study: Study) -> Effect:
    """Return the effect that is told, on the scale of its kind."""
    difference = study.measured.get("efficient") or study.measured.get("simple")
    if study.log_ratio is not None and study.log_ratio.se > 0:
        return Effect(
            estimate=study.log_ratio,
            ratio=True,
            difference=difference,
            method="Poisson ratio on cells, untrained cells imputed; clustered t interval",
        )
    headline = study.measured.get("headline") or difference
    if headline is None:
        raise AssertionError("a compared study has an effect")
    return Effect(
        estimate=headline,
        ratio=False,
        without=_without(study, headline.value),
        method=_method(study),
    )


def _method(study: Study) -> str:
    if study.efficient is not None:
        return "start drawn by lot: efficient estimator; clustered t interval"
    if study.question.comparison == "never":
        return "group-time difference in differences, never trained; clustered t interval"
    return "imputation from untrained cells, working covariance; clustered t interval"


def _without(study: Study, effect: float) -> float | None:
    """Return the mean the trained would have had, where the scale has a zero to count from."""
    without = mean_without(study, effect)
    return without if without is not None and without > study.grid.sd else None


def mean_without(study: Study, effect: float) -> float | None:
    """Return the mean the trained would have had without the effect."""
    weights = study.weights["headline"]
    target = np.where(study.grid.treated, weights if weights is not None else 0.0, 0.0)
    total = float(target.sum())
    return float((target * study.grid.mean).sum()) / total - effect if total > 0 else None
