"""From a panel and a question to the answer: one record, the form that design page sets.

The order is always the same: measure, check, flag, grade, tell. `answer_panel` is the one door, for
tables (`evaluate`) and for the record store (`impact`) alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analytics.checked import Checked, left_out, told
from analytics.checks import grading
from analytics.checks.redrawn import Redraws
from analytics.estimators.effect import Effect
from analytics.estimators.errors import measure
from analytics.estimators.grid import FloatArray
from analytics.estimators.panel import Panel
from analytics.estimators.question import Question
from analytics.estimators.series import Series, at_once
from analytics.estimators.study import Study
from analytics.record import record_of
from analytics.stepped import answer_series

Json = dict[str, Any]
WITHOUT_COMPARISON = frozenset({"before_after", "interrupted_series"})
"""Designs of an answer in which nobody untrained stands beside the trained."""
Companions = Mapping[str, tuple[Panel, Question]]


def answer_panel(
    panel: Panel,
    question: Question,
    *,
    companions: Companions | None = None,
    provenance: Mapping[str, Any] | None = None,
    flags: Sequence[str] = (),
    redraws: Redraws | None = None,
    year: int | None = None,
) -> Json:
    """Return the answer to ``question`` about ``panel``.

    ``companions`` are the same units' other outcomes: a dip before the start in any of them says
    that people were chosen after a bad period. ``flags`` are what the caller knows and the panel
    cannot show (`grading.RULES` has them all). ``redraws`` are the draws that were as likely as the
    one the starts follow, where it was made here. ``year`` is how many periods make one, where they
    follow the calendar: without anybody to compare with, it takes a year before to tell the season
    from the training.
    """
    study = Study(panel, question)
    if not study.compared:
        together = None if year is None else at_once(study.grid, year)
        if together is not None:
            return _as_series(study, together, provenance, flags)
        return _without_comparison(study, provenance, flags)
    case = Checked(study, dict(companions or {}), tuple(flags), redraws)
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


def _estimates(study: Study) -> Json:
    names = ("simple", "group", "dynamic", "efficient", "adjusted", "imputation")
    made = {name: told(study.measured.get(name)) for name in names}
    if study.log_poisson is not None:
        made["poisson"] = study.log_poisson.as_ratio()
    elif study.question.comparison != "never" and study.efficient is None:
        made["weighted_imputation"] = told(study.measured.get("headline"))
    return {name: value for name, value in made.items() if value is not None}


def _naive(study: Study) -> Json:
    return {name: _naive_one(study, name) for name in ("before_after", "cross_section", "twfe")}


def _naive_one(study: Study, name: str) -> Json | None:
    """Return a naive number, and in percent of what it takes for the mean without training."""
    estimate, weights = study.measured.get(name), study.weights[name]
    if estimate is None or weights is None:
        return None
    naive: Json = estimate.as_json()
    base = -float((np.where(weights < 0, weights, 0.0) * study.grid.mean).sum())
    if name != "twfe":
        least = 0.0 if study.question.per_exposure else study.grid.sd
        naive["percent"] = 100 * estimate.value / base if base > least else None
    return naive


def _counts(study: Study) -> Json:
    grid = study.grid
    trained, beside = study.trained_rows, study.comparison_rows
    return {
        "units": int(grid.people.sum()),
        "treated": int(grid.people[trained].sum()),
        "comparison": int(grid.people[beside].sum()),
        "clusters": study.clusters_in(np.ones(len(grid.cohorts), bool)),
        "clusters_treated": study.clusters_in(trained),
        "clusters_comparison": study.clusters_in(beside),
        "periods": len(grid.periods),
    }


def _without_comparison(
    study: Study, provenance: Mapping[str, Any] | None, given: Sequence[str]
) -> Json:
    """Answer where nobody untrained stands beside the trained: before and after is all there is."""
    flags = [*given, *left_out(study)]
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
        before_after = measure(study.deviations, {"before_after": weights})["before_after"]
        effect = Effect(estimate=before_after, ratio=False, method="mean after less mean before")
    return record_of(
        study.question,
        design="before_after",
        effect=effect,
        flags=grading.in_order(flags),
        p=None if effect is None else effect.estimate.p,
        best="D",
        counts=_counts_alone(study),
        provenance=provenance,
        parts={
            "estimates": {} if effect is None else {"before_after": effect.estimate.as_json()},
            "event_study": {},
            "naive": {"before_after": _naive_one(study, "before_after")},
            "checks": {},
            "inference": {},
        },
    )


def _as_series(
    study: Study, together: Series, provenance: Mapping[str, Any] | None, given: Sequence[str]
) -> Json:
    """Answer by the months of all together, where they reach far enough back to tell a step from a season."""
    return answer_series(
        together,
        study.question,
        counted=study.question.kind == "binary",
        flags=[*given, *left_out(study)],
        provenance=provenance,
        counts=_counts_alone(study),
        naive={"before_after": _naive_one(study, "before_after")},
    )


def _counts_alone(study: Study) -> Json:
    """Return the counts where nobody stands beside the trained."""
    trained = np.zeros(len(study.grid.cohorts), bool)
    trained[study.grid.starts] = True
    return _counts(study) | {
        "treated": int(study.grid.people[trained].sum()),
        "clusters_treated": study.clusters_in(trained),
        "comparison": 0,
        "clusters_comparison": 0,
    }
