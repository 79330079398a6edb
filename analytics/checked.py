"""The checks of one panel that has a comparison: what they find, and what they take away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from analytics.checks import (
    few,
    grading,
    leads,
    placebo,
    robustness,
    selection,
    sensitivity,
    unmeasured,
)
from analytics.checks.redrawn import Redrawn, Redraws, drawn_anew
from analytics.estimators.effect import Effect
from analytics.estimators.errors import Measured, measure
from analytics.estimators.estimate import Estimate
from analytics.estimators.panel import Panel
from analytics.estimators.permutation import Permuted
from analytics.estimators.question import Question
from analytics.estimators.study import Study
from analytics.headline import effect_of, mean_without
from analytics.methods import BY_LOTS, BY_T
from analytics.telling.withstood import withstood

Json = dict[str, Any]

_ROUNDING = 1e-7
"""Share of the outcome's spread below which an error is rounding of the sums."""
_MOST_LEADS = 40
"""Group-time leads beyond which their joint test is not worth its cost, nor to be trusted."""


@dataclass(frozen=True)
class Checked:
    """The checks of one panel that has a comparison."""

    study: Study
    companions: dict[str, tuple[Panel, Question]]
    given: tuple[str, ...]
    redraws: Redraws | None = None

    @cached_property
    def effect(self) -> Effect:
        """Return the effect that is told; a lone trained unit's error comes from placebos.

        Where the lots are drawn anew, or the starts dealt anew, they give the interval as they give p.
        """
        effect = effect_of(self.study)
        if self.redrawn is not None:
            return self._between_draws(effect, self.redrawn)
        placebos = self.study.clusters_in(self.study.comparison_rows)
        # One placebo, that of the other side, is the effect itself once more.
        if self.lone and placebos > 1 and not effect.ratio and self.permuted is not None:
            measured = Estimate(effect.estimate.value, self.permuted.spread, placebos - 1.0)
            method = f"{effect.method}; error from placebos"
            effect = replace(effect, estimate=measured, method=method)
        dealt = self.permuted or self.flipped
        return effect if dealt is None else effect.tested(dealt, BY_T)

    def _between_draws(self, effect: Effect, redrawn: Redrawn) -> Effect:
        beside = effect.difference
        if beside is not None and redrawn.difference is not None and self.study.adjusts:
            effect = replace(effect, difference=beside.between(*redrawn.difference))
        theirs = self.study.drawn_ratio is not None or not effect.ratio
        ends = redrawn.ratio if effect.ratio else redrawn.difference
        if ends is None or not theirs:
            return effect
        method = effect.method.replace(BY_T, BY_LOTS)
        return replace(effect, estimate=effect.estimate.between(*ends), method=method)

    @cached_property
    def lone(self) -> bool:
        """Return whether a single cluster was trained."""
        return self.trained == 1

    @property
    def trained(self) -> int:
        """Return how many clusters were trained."""
        return self.study.clusters_in(self.study.trained_rows)

    @property
    def clusters(self) -> int:
        """Return how many clusters take part."""
        return self.study.clusters_in(~self.study.grid.always)

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
    def redrawn(self) -> Redrawn | None:
        """Return the test by drawing the lots anew, where they were drawn here."""
        weights = self.study.weights["headline"]
        if self.redraws is None or self.lone or weights is None:
            return None
        return drawn_anew(self.study.panel, self.study.grid, weights, self.redraws)

    @cached_property
    def permuted(self) -> Permuted | None:
        """Return the test by dealing the starts anew, when clusters are few."""
        if not few.are_dealt(self.clusters, self.trained):
            return None
        per_exposure = self.study.question.per_exposure
        weights = self.study.weights["simple" if per_exposure else "headline"]
        if weights is None:
            return None
        return few.dealt_anew(self.study.panel, self.study.grid, weights)

    @cached_property
    def flipped(self) -> Permuted | None:
        """Return the wild bootstrap, when clusters are few and cannot be dealt anew."""
        if self.clusters >= few.FEW or self.lone or self.permuted is not None:
            return None
        weights = self.study.weights["simple"]
        if weights is None:
            return None
        return few.signs_flipped(self.study.panel, self.study.grid, weights)

    @cached_property
    def p(self) -> float | None:
        """Return the p value the verdict rests on; None when nothing can give one."""
        dealt = self.redrawn or self.permuted or self.flipped
        if dealt is not None:
            return dealt.p
        scale = 1.0 if self.effect.ratio else self.study.grid.sd
        noise = self.effect.estimate.se > _ROUNDING * scale
        return None if self.lone or not noise else self.effect.estimate.p

    @cached_property
    def inference(self) -> Json:
        """Return how the p value was found."""
        found: Json = {"p": self.p, "clusters": self.clusters}
        if self.redrawn is not None:
            method = "lots drawn anew, within the same bounds"
            return found | {"assignments": self.redrawn.assignments, "method": method}
        if self.permuted is not None:
            deals = "all" if self.permuted.exact else "a sample"
            method = f"permutation of starts, {deals}"
            return found | _dealt(self.permuted, method)
        if self.flipped is not None:
            return found | _dealt(self.flipped, "wild bootstrap of clusters, all signs")
        return found | {"method": "t, Satterthwaite"}

    @cached_property
    def checks(self) -> Json:
        return {
            "pretrend": _joint_leads(self.study),
            "dip": told(self.tested.get("dip")),
            "slope": told(self.tested.get("slope")),
            "trend_adjusted": told(self.study.measured.get("trend_adjusted")),
            "base_disagreement": robustness.disagreement(self.tested),
            "companion_dips": {name: dip.as_json() for name, (dip, _) in self.dips.items()},
            "dipping_companions": selection.dipping_companions(self.dips),
            "placebo": {"date": self._false_start()},
            "sensitivity": self.sensitivity,
            "e_value": self._e_value(),
        }

    @cached_property
    def sensitivity(self) -> Json | None:
        """Return how much drift the effect withstands, in numbers and in a sentence; if there is one."""
        if self.p is None or self.p >= grading.SIGNIFICANT:
            return None
        found = sensitivity.drift(self.study)
        if found is None:
            return None
        breakdown = found["relative"]["breakdown"]
        return found | {"sentence": withstood(breakdown, self.study.question.period_name)}

    def _false_start(self) -> Json | None:
        """Return the effect of a start that was none, and by how many periods it came too early."""
        made = placebo.false_start(self.study.grid, self.study.question.comparison)
        if made is None:
            return None
        weights, early = made
        found = measure(self.study.deviations, {"date": weights})["date"]
        return found.as_json() | {"periods_early": early}

    def _e_value(self) -> Json | None:
        share = None
        if self.study.question.kind == "binary":
            share = mean_without(self.study, self.effect.estimate.value)
        return unmeasured.of_effect(self.effect, share=share, spread=self.study.grid.sd)

    @cached_property
    def flags(self) -> list[str]:
        found = [*self.given, *_size_flags(self.study), *self._lead_flags()]
        if self.p is None and not self.lone:
            found.append("small_sample")
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


def _dealt(found: Permuted, method: str) -> Json:
    return {"assignments": found.assignments, "least_p": found.least_p, "method": method}


def _size_flags(study: Study) -> list[str]:
    grid, found = study.grid, []
    trained, beside = study.trained_rows, study.comparison_rows
    people = [int(grid.people[trained].sum()), int(grid.people[beside].sum())]
    if study.question.rows_are_people:
        people += _there_after(study)
    clusters = (study.clusters_in(trained), study.clusters_in(beside))
    if study.question.of_people and min(people) < grading.SMALL_SAMPLE:
        found.append("small_sample")
    if clusters[0] == 1:
        found.append("single_treated_unit")
    elif min(clusters) < grading.FEW_CLUSTERS:
        found.append("few_clusters")
    nothing = 1e-9 * float(np.abs(grid.mean[grid.there]).max(initial=0.0))
    if grid.sd <= nothing and float(np.ptp(grid.mean[grid.there])) <= nothing:
        found.append("no_variation")
    return found + left_out(study)


def _there_after(study: Study) -> tuple[int, int]:
    """Return the most who were there at once after a start, of the trained and beside them."""
    grid, trained = study.grid, study.trained_rows
    on = np.where(grid.treated & trained[:, None], grid.rows, 0).sum(axis=0)
    off = np.where(~grid.treated & study.comparison_rows[:, None], grid.rows, 0).sum(axis=0)
    after = on > 0
    return int(on.max(initial=0)), int(off[after].max(initial=0))


def left_out(study: Study) -> list[str]:
    return ["trained_before_window"] if (study.grid.always & ~study.grid.never).any() else []


def _joint_leads(study: Study) -> Json | None:
    before = np.flatnonzero(study.effects.event < 0)
    if not 0 < len(before) <= min(_MOST_LEADS, study.clusters_in(~study.grid.always) // 3):
        return None
    weights = {str(at): study.effects.weights[at] for at in before}
    return leads.joint(measure(study.deviations, weights), list(weights))


def told(estimate: Estimate | None) -> Json | None:
    return None if estimate is None else estimate.as_json()
