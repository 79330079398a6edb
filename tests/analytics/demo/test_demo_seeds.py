"""The demo's verdicts are not the luck of one seed: other seeds of the same company mostly agree."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from analytics.answering import answer_panel
from analytics.demo.company import NOWHERE, Company, make_company
from analytics.demo.results import make_results
from analytics.demo.training import CONVERSATIONS, SECURITY, Rollout, roll_outs
from analytics.estimators.panel import NEVER
from analytics.estimators.question import Question
from analytics.estimators.row_panel import RowPanel

SEEDS = range(1, 21)

Table = npt.NDArray[Any]


def _team_starts(company: Company, rollout: Rollout) -> list[int]:
    """The first month in which half of a team has finished, as the store's own panel has it."""
    where, trained = company.where, rollout.trained()
    starts = []
    for team in range(len(company.teams)):
        here = where == team
        half = 2 * (here & trained).sum(axis=0) >= here.sum(axis=0)
        starts.append(int(half.argmax()) if half.any() else NEVER)
    return starts


def _answer(company: Company, rollout: Rollout, top: Table, below: Table) -> dict[str, Any]:
    where = company.where
    who, month = np.nonzero(where != NOWHERE)
    team = where[who, month]
    frame = pd.DataFrame(
        {
            "unit": who,
            "period": month,
            "cohort": np.array(_team_starts(company, rollout))[team],
            "cluster": team,
            "num": top[who, month],
            "den": below[who, month],
        }
    )
    question = Question(kind="count", better="down", level="team", period_name="month")
    return dict(answer_panel(RowPanel(frame), question))


@pytest.mark.slow
def test_twenty_other_seeds_mostly_agree_and_never_claim_what_is_not() -> None:
    works: Counter[tuple[str, str]] = Counter()
    does_nothing: Counter[tuple[str, str]] = Counter()
    for seed in SEEDS:
        company = make_company(seed)
        rollouts = roll_outs(company)
        results = make_results(company, rollouts)
        for path, top, below, told in (
            (CONVERSATIONS, results.complaints, results.cases, works),
            (SECURITY, results.clicks, results.test_mails, does_nothing),
        ):
            answer = _answer(company, rollouts[path], top, below)
            told[answer["verdict"], answer["grade"]] += 1
            assert answer["naive"]["before_after"]["percent"] < -10
    assert works["improved", "B"] >= 15
    assert does_nothing["no_detectable_effect", "B"] >= 14
    claims = [
        n for (verdict, grade), n in does_nothing.items() if verdict == "improved" and grade in "AB"
    ]
    assert sum(claims) <= 1
