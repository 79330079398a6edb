"""Many events at once, events that come again: errors written out, and what is counted as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from analytics.estimators.hazard import Spells, cox
from analytics.evaluate import evaluate
from lrs.errors import BadInput

KPI = {"kind": "time_to_event", "better": "down"}


def infections(seed: int = 1, people: int = 60) -> pd.DataFrame:
    """People met from one day to another; the event comes again, on few days, so many at once."""
    random = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        day, often = 0, random.gamma(4)
        while day < 12:
            until = day + 1 + int(random.geometric(min(0.07 * often * 0.6 ** (person % 2), 0.9)))
            rows.append((f"p{person}", day, min(until, 12), int(until <= 12), person % 2, often))
            day = until
    return pd.DataFrame(rows, columns=["who", "from", "to", "ill", "on", "age"])


def spells_of(table: pd.DataFrame) -> Spells:
    own = {key: table[key].to_numpy(float) for key in ("from", "to", "ill", "on")}
    cluster = pd.factorize(table["who"])[0]
    rows = np.arange(len(table))
    covariates = table[["age"]].to_numpy(float)
    return Spells(rows, own["from"], own["to"], own["ill"], own["on"], covariates, cluster)


def written_out(table: pd.DataFrame, coef: np.ndarray, ties: str) -> tuple[np.ndarray, float]:
    """The slope of the likelihood at ``coef``, a sum of turns at each time, and the error of clusters.

    Those that were ever trained count by themselves, and so do the others.
    """
    x = table[["on", "age"]].to_numpy(float)
    x = x - x.mean(axis=0)
    start, stop, ill = (table[key].to_numpy(float) for key in ("from", "to", "ill"))
    risk = np.exp(x @ coef)
    curve, score = np.zeros((2, 2)), np.zeros(x.shape)
    for time in np.unique(stop[ill == 1]):
        there, tied = (start < time) & (stop >= time), (stop == time) & (ill == 1)
        count = tied.sum()
        for turn in range(count):
            gone = turn / count if ties == "efron" else 0.0
            weight = risk * (there - gone * tied)
            mean = weight @ x / weight.sum()
            curve += (x * weight[:, None]).T @ x / weight.sum() - np.outer(mean, mean)
            score[tied] += (x[tied] - mean) / count
            score -= weight[:, None] * (x - mean) / weight.sum()
    part = pd.Series(score @ np.linalg.inv(curve)[:, 0]).groupby(table["who"].to_numpy()).sum()
    ever = table.groupby("who")["on"].max()[part.index]
    wide = 0.0
    for own in (part[ever > 0], part[ever == 0]):
        wide += len(own) / (len(own) - 1) * float((own**2).sum())
    return score.sum(axis=0), wide**0.5


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("seed", [1, 2])
def test_error_of_clusters_is_that_of_the_ties_asked_for(ties: str, seed: int) -> None:
    table = infections(seed)
    assert table.groupby("to")["ill"].sum().max() > 10
    found = cox(spells_of(table), ties)
    assert found is not None
    best = optimize.root(lambda coef: written_out(table, coef, ties)[0], np.zeros(2), tol=1e-13).x
    error = written_out(table, best, ties)[1]
    assert (found.estimate.value, found.estimate.se) == pytest.approx((best[0], error), rel=1e-7)


def ask(folder: Path, table: pd.DataFrame, **more: Any) -> dict[str, Any]:
    table.to_csv(folder / "t.csv", index=False)
    spec = {"data": "t.csv", "entry": "from", "exit": "to", "event": "ill", "kpi": KPI}
    return evaluate({key: own for key, own in (spec | more).items() if own is not None}, folder)


def test_events_that_come_again_are_those_of_whom_the_cluster_names(tmp_path: Path) -> None:
    table = infections()
    told = ask(tmp_path, table, cluster="who", exposure="on", covariates=["age"])
    assert told["n"]["units"] == told["n"]["clusters"] == 60
    assert (told["n"]["treated"], told["n"]["comparison"]) == (30, 30)
    assert (told["n"]["spells"], told["n"]["events"]) == (len(table), table["ill"].sum())
    found = cox(spells_of(table))
    assert found is not None
    assert told["estimate"]["se"] == pytest.approx(found.estimate.se, rel=1e-9)
    drawn = ask(tmp_path, table, cluster="who", treatment="on", design="randomised")
    assert drawn["n"]["units"] == 60
    assert drawn["n"]["spells"] == len(table)


def test_people_of_a_team_are_counted_each(tmp_path: Path) -> None:
    """Their spells lie beside each other: the cluster is no person."""
    table = infections().drop_duplicates("who").reset_index(drop=True)
    table = table.assign(team=table.index // 4)
    told = ask(tmp_path, table, cluster="team", exposure="on", entry=None)
    assert (told["n"]["units"], told["n"]["clusters"]) == (60, 15)


def test_a_unit_with_an_event_before_its_last_spell_is_told_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="after its event") as refused:
        ask(tmp_path, infections(), unit="who", exposure="on")
    assert "'cluster' in place of 'unit'" in (refused.value.hint or "")


@pytest.mark.parametrize("design", ["auto", "duration"])
def test_who_names_the_treatment_is_told_of_exposure_and_of_the_draw(
    tmp_path: Path, design: str
) -> None:
    with pytest.raises(BadInput) as refused:
        ask(tmp_path, infections(), cluster="who", treatment="on", design=design)
    assert refused.value.where == "treatment"
    assert "'exposure'" in (refused.value.hint or "")
    assert '"randomised"' in (refused.value.hint or "")
    with pytest.raises(BadInput, match="lacks 'exposure'"):
        ask(tmp_path, infections(), cluster="who", design=design)


def test_a_permutation_of_spells_is_that_of_a_draw(tmp_path: Path) -> None:
    table = infections().drop_duplicates("who")
    more = {"treatment": "on", "inference": "exact_permutation", "entry": None}
    assert ask(tmp_path, table, **more)["design"] == "randomised"
