"""From a panel and a question to the answer: one record, the form that design page sets.

The order is always the same: measure, check, flag, grade, tell. `answer_panel` is the one door, for
tables (`evaluate`) and for the record store (`impact`) alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from analytics.checks import few, grading, leads, robustness, selection
from analytics.estimators.effect import Effect
from analytics.estimators.errors import Measured, measure
from analytics.estimators.estimate import Estimate
from analytics.estimators.grid import FloatArray
from analytics.estimators.panel import Panel
from analytics.estimators.permutation import Permuted
from analytics.estimators.question import Question
from analytics.estimators.study import Study
from analytics.record import record_of

Json = dict[str, Any]
Companions = Mapping[str, tuple[Panel, Question]]

_MOST_LEADS = 40
"""Group-time leads beyond which their joint test is not worth its cost, nor to be trusted."""


def answer_panel(
    panel: Panel,
    question: Question,
    *,
    companions: Companions | None = None,
    provenance: Mapping[str, Any] | None = None,
    flags: Sequence[str] = (),
) -> Json:
    """Return the answer to ``question`` about ``panel``.

    ``companions`` are the same units' other outcomes: a dip before the start in any of them says
    that people were chosen after a bad period. ``flags`` are what the caller knows and the panel
    cannot show (`grading.RULES` has them all).
    """
    study = Study(panel, question)
    if not study.compared:
        return _without_comparison(study, provenance, flags)
    case = _Case(study, dict(companions or {}), tuple(flags))
    return record_of(
        question,
        design="panel",
        effect=case.effect,
        flags=case.flags,
        p=case.p,
        best="A" if question.own_draw else "B",
        counts=_counts(study),
        provenance=provenance,
        parts={
            "estimates": _estimates(study),
            "event_study": {str(e): told.as_json() for e, told in study.events.items()},
            "naive": _naive(study),
            "checks": case.checks,
            "inference": case.inference,
        },
    )


@dataclass(frozen=True)
class _Case:
    """The checks of one panel that has a comparison."""

    study: Study
    companions: dict[str, tuple[Panel, Question]]
    given: tuple[str, ...]

    @cached_property
    def effect(self) -> Effect:
        """Return the effect that is told; a lone trained unit's error comes from placebos."""
        effect = _effect(self.study)
        if not self.lone or effect.ratio or self.permuted is None:
            return effect
        df = max(int(self.study.grid.clusters[self.study.comparison_rows].sum()) - 1, 1)
        told = Estimate(effect.estimate.value, self.permuted.spread, float(df))
        return replace(effect, estimate=told, method=f"{effect.method}; error from placebos")

    @cached_property
    def lone(self) -> bool:
        """Return whether a single cluster was trained."""
        return int(self.study.grid.clusters[self.study.trained_rows].sum()) == 1

    @property
    def clusters(self) -> int:
        """Return how many clusters take part."""
        return int(self.study.grid.clusters[~self.study.grid.always].sum())

    @cached_property
    def tested(self) -> Measured:
        grid, weights = self.study.grid, self.study.weights
        gaps = robustness.base_gaps(
            grid, self.study.question.comparison, weights["simple"], weights["imputation"]
        )
        return measure(
            self.study.deviations, {"dip": leads.dip(grid), "slope": leads.slope(grid), **gaps}
        )

    @cached_property
    def dips(self) -> selection.Dips:
        return selection.companion_dips(self.companions)

    @cached_property
    def permuted(self) -> Permuted | None:
        """Return the test by dealing the starts anew, when clusters are few."""
        if self.clusters >= few.FEW and not self.lone:
            return None
        per_exposure = self.study.question.per_exposure
        weights = self.study.weights["simple" if per_exposure else "headline"]
        if weights is None:
            return None
        return few.dealt_anew(self.study.panel, self.study.grid, weights)

    @cached_property
    def p(self) -> float | None:
        """Return the p value the verdict rests on; None when nothing can give one."""
        if self.permuted is not None:
            return self.permuted.p
        return None if self.lone else self.effect.estimate.p

    @cached_property
    def inference(self) -> Json:
        """Return how the p value was found."""
        clusters = self.clusters
        if self.permuted is None:
            return {"p": self.p, "clusters": clusters, "method": "t, Satterthwaite"}
        method = "permutation of starts, " + ("all" if self.permuted.exact else "a sample")
        deals = self.permuted.assignments
        return {"p": self.p, "clusters": clusters, "assignments": deals, "method": method}

    @cached_property
    def checks(self) -> Json:
        return {
            "pretrend": _joint_leads(self.study),
            "dip": _told(self.tested.get("dip")),
            "slope": _told(self.tested.get("slope")),
            "trend_adjusted": _told(self.study.measured.get("trend_adjusted")),
            "base_disagreement": robustness.disagreement(self.tested),
            "companion_dips": {name: dip.as_json() for name, (dip, _) in self.dips.items()},
            "dipping_companions": selection.dipping_companions(self.dips),
        }

    @cached_property
    def flags(self) -> list[str]:
        found = [*self.given, *_size_flags(self.study), *self._lead_flags()]
        if self.p is not None and self.p < grading.SIGNIFICANT:
            found += self._robustness_flags()
        return grading.in_order(found)

    def _lead_flags(self) -> list[str]:
        found = []
        own = selection.own_dip_tells(
            self.tested.get("dip"), self.study.question, self.effect.estimate.value
        )
        if own or selection.dipping_companions(self.dips):
            found.append("regression_to_the_mean")
        slope = self.tested.get("slope")
        if slope is not None and slope.p < grading.SIGNIFICANT:
            found.append("pretrend")
        gaps = robustness.disagreement(self.tested)
        by_lot = self.study.question.randomised_timing
        if gaps is not None and gaps["p"] < grading.SIGNIFICANT and not by_lot:
            found.append("estimators_disagree")
        return found

    def _robustness_flags(self) -> list[str]:
        """An effect must outlive a trend taken out, unless a draw by lot made the trends alike."""
        if self.study.question.randomised_timing:
            return []
        trend = self.study.measured.get("trend_adjusted")
        value, p = (trend.value, trend.p) if trend else (None, None)
        agreed = robustness.agrees(self.effect.estimate.value, value, p)
        return [] if agreed else ["not_robust_to_trend"]


def _effect(study: Study) -> Effect:
    """Return the effect that is told, on the scale of its kind."""
    simple = study.measured.get("simple")
    if study.log_ratio is not None and study.log_ratio.se > 0:
        return Effect(
            estimate=study.log_ratio,
            ratio=True,
            difference=simple,
            method="Poisson ratio on cells, untrained cells imputed; clustered t interval",
        )
    headline = study.measured.get("headline") or simple
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
    weights = study.weights["headline"]
    target = np.where(study.grid.treated, weights if weights is not None else 0.0, 0.0)
    total = float(target.sum())
    if total <= 0:
        return None
    without = float((target * study.grid.mean).sum()) / total - effect
    return without if without > study.grid.sd else None


def _size_flags(study: Study) -> list[str]:
    grid, found = study.grid, []
    trained, beside = study.trained_rows, study.comparison_rows
    people = (int(grid.people[trained].sum()), int(grid.people[beside].sum()))
    clusters = (int(grid.clusters[trained].sum()), int(grid.clusters[beside].sum()))
    if min(people) < grading.SMALL_SAMPLE:
        found.append("small_sample")
    if clusters[0] == 1:
        found.append("single_treated_unit")
    elif min(clusters) < grading.FEW_CLUSTERS:
        found.append("few_clusters")
    if not grid.sd > 0 and not float(np.ptp(grid.mean[grid.there])) > 0:
        found.append("no_variation")
    return found + _left_out(study)


def _left_out(study: Study) -> list[str]:
    return ["trained_before_window"] if (study.grid.always & ~study.grid.never).any() else []


def _estimates(study: Study) -> Json:
    names = ("simple", "group", "dynamic", "efficient", "imputation")
    told = {name: _told(study.measured.get(name)) for name in names}
    if study.log_ratio is not None:
        told["poisson"] = study.log_ratio.as_ratio()
    elif study.question.comparison != "never" and study.efficient is None:
        told["weighted_imputation"] = _told(study.measured.get("headline"))
    return {name: value for name, value in told.items() if value is not None}


def _naive(study: Study) -> Json:
    return {name: _naive_one(study, name) for name in ("before_after", "cross_section", "twfe")}


def _naive_one(study: Study, name: str) -> Json | None:
    """Return a naive number, and in percent of what it takes for the mean without training."""
    estimate, weights = study.measured.get(name), study.weights[name]
    if estimate is None or weights is None:
        return None
    told: Json = estimate.as_json()
    base = -float((np.where(weights < 0, weights, 0.0) * study.grid.mean).sum())
    if name != "twfe":
        told["percent"] = 100 * estimate.value / base if base > study.grid.sd else None
        if study.question.per_exposure:
            told["percent"] = 100 * estimate.value / base if base > 0 else None
    return told


def _joint_leads(study: Study) -> Json | None:
    before = np.flatnonzero(study.effects.event < 0)
    if not 0 < len(before) <= min(_MOST_LEADS, int(study.grid.clusters.sum()) // 3):
        return None
    weights = {str(at): study.effects.weights[at] for at in before}
    return leads.joint(measure(study.deviations, weights), list(weights))


def _told(estimate: Estimate | None) -> Json | None:
    return None if estimate is None else estimate.as_json()


def _counts(study: Study) -> Json:
    grid = study.grid
    trained, beside = study.trained_rows, study.comparison_rows
    return {
        "units": int(grid.people.sum()),
        "treated": int(grid.people[trained].sum()),
        "comparison": int(grid.people[beside].sum()),
        "clusters": int(grid.clusters.sum()),
        "clusters_treated": int(grid.clusters[trained].sum()),
        "clusters_comparison": int(grid.clusters[beside].sum()),
        "periods": len(grid.periods),
    }


def _without_comparison(
    study: Study, provenance: Mapping[str, Any] | None, given: Sequence[str]
) -> Json:
    """Answer where nobody untrained stands beside the trained: before and after is all there is."""
    flags = [*given, *_left_out(study)]
    grid, effect = study.grid, None
    weights: FloatArray | None = None
    if not (grid.treated.any() or (grid.always & ~grid.never).any()):
        flags.append("nobody_trained")
    elif not len(grid.starts):
        flags.append("no_before_period")
    else:
        flags.append("no_comparison_group")
        weights = study.weights["before_after"]
    if weights is not None:
        told = measure(study.deviations, {"before_after": weights})["before_after"]
        effect = Effect(estimate=told, ratio=False, method="mean after less mean before")
    trained = np.zeros(len(grid.cohorts), bool)
    trained[grid.starts] = True
    counts = _counts(study) | {
        "treated": int(grid.people[trained].sum()),
        "clusters_treated": int(grid.clusters[trained].sum()),
        "comparison": 0,
        "clusters_comparison": 0,
    }
    return record_of(
        study.question,
        design="before_after",
        effect=effect,
        flags=grading.in_order(flags),
        p=None if effect is None else effect.estimate.p,
        best="D",
        counts=counts,
        provenance=provenance,
        parts={
            "estimates": {} if effect is None else {"before_after": effect.estimate.as_json()},
            "event_study": {},
            "naive": {"before_after": _naive_one(study, "before_after")},
            "checks": {},
            "inference": {},
        },
    )
