"""Hold the grades against companies whose truth is known: false claims, coverage, power.

    python tests/benchmarks/calibrate.py --company PATH/simulate.py [--draws 60] [--seed 1000]

``simulate.py`` must offer ``simulate(seed, assign, effect, n, teams, months)`` with the truth in its
answer. One line per way of choosing who is trained, by effect; a few minutes in all.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analytics.answering import answer_panel
from analytics.estimators.frame_panel import FramePanel
from analytics.estimators.panel import NEVER
from analytics.estimators.question import Question

OUTCOMES = {
    "productivity": Question(kind="continuous", better="up"),
    "errors": Question(kind="count", better="down"),
    "csat_top": Question(kind="binary", better="up"),
    "nps_class": Question(kind="ordinal", better="up"),
    "absence_days": Question(kind="count", better="down"),
}
DESIGNS = (
    ("team_random", "team"),
    ("team_level", "team"),
    ("team_trend", "team"),
    ("team_dip", "team"),
    ("person_random", "person"),
    ("person_dip", "person"),
    ("everyone", "team"),
)


def company_of(path: Path) -> Callable[..., Any]:
    """Return the simulator of a file."""
    spec = importlib.util.spec_from_file_location("company", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.simulate


def panel_of(company: Any, outcome: str, level: str, *, truth: bool = False) -> FramePanel:
    """Return the panel of one outcome; with ``truth`` the true effects stand for the outcome."""
    person, month = np.nonzero(company.alive)
    num, den = _values(company, outcome, truth=truth)
    if level == "team":
        starts = _team_starts(company)
        cohort, cluster = starts[company.team[person]], company.team[person]
    else:
        cohort = np.where(company.g < company.T, company.g, NEVER)[person]
        cluster = person
    frame = {"unit": person, "period": month, "cohort": cohort, "cluster": cluster}
    return FramePanel(pd.DataFrame({**frame, "num": num[person, month], "den": den[person, month]}))


def _values(company: Any, outcome: str, *, truth: bool) -> tuple[np.ndarray, np.ndarray]:
    one = np.ones(company.alive.shape)
    if truth:
        return np.where(company.alive, company.tau, 0.0), one
    return {
        "productivity": (company.y1, one),
        "errors": (company.errors, company.cases),
        "csat_top": (company.csat, company.surveys),
        "nps_class": (company.nps, one),
        "absence_days": (company.absent, one),
    }[outcome]


def _team_starts(company: Any) -> np.ndarray:
    """Return each team's start: the first month in which half of its people have been trained."""
    starts = np.full(company.teams, NEVER)
    for team in range(company.teams):
        own = (company.team == team)[:, None] & company.alive
        there = own.sum(axis=0)
        trained = (own & company.on).sum(axis=0)
        reached = np.flatnonzero((there > 0) & (2 * trained >= there))
        if len(reached):
            starts[team] = reached[0]
    return starts


def true_effect(company: Any, outcome: str) -> float:
    """Return the true effect on the trained person-months, on the scale the answer tells."""
    if outcome == "productivity":
        return float(company.truth["att"]["productivity"])
    if outcome == "errors":
        return float(company.truth["att"]["errors_rate_ratio"])
    return float(company.truth["att"]["csat_top_pp"])


def one(
    company: Any, outcome: str, level: str, *, companions: bool = True, by_lot: bool = False
) -> dict[str, Any]:
    """Return what the answer to one company says, beside its truth."""
    question = replace(OUTCOMES[outcome], level=level, randomised_timing=by_lot)
    others = {
        name: (panel_of(company, name, level), OUTCOMES[name])
        for name in OUTCOMES
        if companions and name != outcome
    }
    began = time.process_time()
    answer = answer_panel(panel_of(company, outcome, level), question, companions=others)
    spent = time.process_time() - began
    told = answer["estimate"] or {}
    effect = told.get("ratio", told.get("att"))
    row = {
        "seconds": spent,
        "claim": answer["verdict"] in ("improved", "worsened") and answer["grade"] in "AB",
        "significant": bool(told) and told["p"] < 0.05,
        "dip": "regression_to_the_mean" in answer["flags"],
        "effect": effect,
    }
    for flag in ("pretrend", "estimators_disagree", "not_robust_to_trend"):
        row[flag] = flag in answer["flags"]
    if outcome in ("productivity", "errors", "csat_top") and effect is not None:
        truth = true_effect(company, outcome)
        row |= {"truth": truth, "covers": told["low"] <= truth <= told["high"]}
    return row


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--company", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--outcome", choices=sorted(OUTCOMES), default="productivity")
    parser.add_argument("--assign", nargs="*")
    parser.add_argument("--effect", type=float, nargs="*", default=[0.0, 1.0])
    parser.add_argument("--by-lot", action="store_true", help="the start is said to be drawn")
    parser.add_argument("--alone", action="store_true", help="without the other outcomes' dips")
    given = parser.parse_args()
    simulate = company_of(given.company)
    for assign, level in DESIGNS:
        for effect in given.effect if not given.assign or assign in given.assign else ():
            rows = pd.DataFrame(
                one(
                    simulate(seed=given.seed + draw, assign=assign, effect=effect),
                    given.outcome,
                    level,
                    companions=not given.alone,
                    by_lot=given.by_lot,
                )
                for draw in range(given.draws)
            )
            shares = rows.mean(numeric_only=True).round(3).to_dict()
            print(f"{assign:14s} effect {effect:.1f}", shares, flush=True)


if __name__ == "__main__":
    main()
