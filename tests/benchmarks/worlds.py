"""Companies whose truth is known, as panels: those of a simulator given by its file, and the demo's.

A world has several outcomes of the same people; each answers a question, and the others stand beside
it as companions, as they do in a report. The truth is the mean over the months that count as trained:
where teams were sent, that takes in the newcomers who have yet to go.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analytics.checks.redrawn import Redraws
from analytics.demo.company import NOWHERE, make_company
from analytics.demo.results import EFFECT, FIRST_MONTH_EFFECT, make_results
from analytics.demo.training import CONVERSATIONS, SECURITY, roll_outs
from analytics.estimators.panel import NEVER
from analytics.estimators.question import Question
from analytics.estimators.row_panel import RowPanel

KINDS = {
    "productivity": Question(kind="continuous", better="up"),
    "errors": Question(kind="count", better="down"),
    "csat_top": Question(kind="binary", better="up"),
    "nps_class": Question(kind="ordinal", better="up"),
    "absence_days": Question(kind="count", better="down"),
    "turnover": Question(kind="time_to_event", better="down"),
}
"""The simulator's outcomes. A rare leave says nothing of a bad month, so turnover is no companion."""

DEMO_KINDS = {
    "complaints": Question(kind="count", better="down"),
    "clicks": Question(kind="binary", better="down"),
    "cases_an_hour": Question(kind="continuous", better="up"),
}

CUTS = (-0.6, 0.8)  # where the simulator parts detractor, passive and promoter
REDRAWS = 999
_REDRAWING = 1
"""A stream of chance of its own."""
AWAY = (1.2, 0.35, 0.1)  # size and chance of its days away, and what training adds to the chance


@dataclass(frozen=True)
class World:
    """One draw: a panel and the true effect of each outcome, on the scale the answer tells."""

    questions: dict[str, Question]
    panels: dict[str, RowPanel]
    truth: dict[str, float]
    spells: pd.DataFrame | None = None
    starts: np.ndarray | None = None

    def companions(self, outcome: str) -> dict[str, tuple[RowPanel, Question]]:
        """Return the other outcomes that a dip can show in."""
        return {
            name: (panel, self.questions[name])
            for name, panel in self.panels.items()
            if name not in (outcome, "turnover")
        }


def simulator(path: Path) -> Callable[..., Any]:
    """Return the simulator of a file."""
    spec = importlib.util.spec_from_file_location("company", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise SystemExit(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.simulate


def simulated(company: Any, level: str) -> World:
    """Return what there is to see of a simulated company."""
    trained = company.on & company.alive
    where = np.where(company.alive, company.team[:, None], NOWHERE)
    one = np.ones(where.shape)
    leaves = np.arange(company.T)[None] == company.leave[:, None] - 1
    values = {
        "productivity": (company.y1, one),
        "errors": (company.errors, company.cases),
        "csat_top": (company.csat, company.surveys),
        "nps_class": (company.nps, one),
        "absence_days": (company.absent, one),
        "turnover": (leaves & (company.leave < company.T)[:, None], one),
    }
    cells = _cells(where, trained, company.teams, level)
    spells = _spells(company) if level == "person" else None
    if spells is not None:  # a person who stays long enough to be sent is no comparison
        del values["turnover"]
    panels = {name: _panel(cells, *pair) for name, pair in values.items()}
    starts = _team_starts(where, trained, company.teams) if level == "team" else None
    return World(KINDS, panels, _truth(company, _counted(cells, where.shape)), spells, starts)


def redrawn(world: World, seed: int) -> Redraws:
    """Return draws as likely as the one that was made, when teams were drawn by lot.

    Their chance is not the company's: of one seed alike, draws would go along with who is in a team.
    """
    if world.starts is None:
        raise AssertionError("teams are drawn")
    chance = np.random.default_rng([seed, _REDRAWING])
    starts = np.array([chance.permutation(world.starts) for _ in range(REDRAWS)])
    return Redraws(np.arange(len(world.starts)), starts)


def _counted(cells: pd.DataFrame, shape: tuple[int, int]) -> np.ndarray:
    """Return the months at work that count as trained."""
    own = cells[cells["period"] >= cells["cohort"]]
    counted = np.zeros(shape, bool)
    counted[own["unit"], own["period"]] = True
    return counted


def _truth(company: Any, counted: np.ndarray) -> dict[str, float]:
    """Return the true mean effects on the person-months that count as trained."""
    if not counted.any():
        return {}
    y0, tau = company.y0[counted], np.where(company.on, company.tau, 0.0)[counted]
    usual = (company.cases * company.lam)[counted]
    top = np.where(company.on, company.p1 - company.p0, 0.0)[counted]
    return {
        "productivity": float(tau.mean()),
        "errors": float((usual * np.exp(-0.3 * tau)).sum() / usual.sum()),
        "csat_top": float(np.average(top, weights=company.surveys[counted])),
        "nps_class": float((_class(y0 + tau) - _class(y0)).mean()),
        "absence_days": float((_days(tau) / _days(np.zeros(1))).mean()),
        "turnover": float(np.exp(-0.7 * tau).mean()),
    }


def _spells(company: Any) -> pd.DataFrame:
    """Return each person's time untrained and trained, as `duration` reads them."""
    sent = np.minimum(company.g, company.leave)
    parts = [
        pd.DataFrame({"entry": begin, "exit": end, "trained": trained, "left": left})
        for begin, end, trained, left in (
            (company.start, sent, 0, (sent == company.leave) & (company.leave < company.T)),
            (np.maximum(sent, company.start), company.leave, 1, company.leave < company.T),
        )
    ]
    spells = pd.concat(parts).rename_axis("person").reset_index()
    return spells[spells["exit"] > spells["entry"]].astype(int)


def _class(y: np.ndarray) -> np.ndarray:
    """Return the mean class: promoters less detractors."""
    below, above = (1 / (1 + np.exp(-(cut - 0.5 * y))) for cut in CUTS)
    return np.asarray(1 - above - below)


def _days(tau: np.ndarray) -> np.ndarray:
    size, chance, more = AWAY
    p = chance + more * np.clip(tau, 0, 2)
    return np.asarray(1 + size * (1 - p) / p)


def demo(seed: int) -> Iterator[tuple[str, World]]:
    """Yield the product's own company of a seed, once for each path that was rolled out to teams."""
    company = make_company(seed)
    rollouts = roll_outs(company)
    results = make_results(company, rollouts)
    one = np.ones(company.where.shape)
    values = {
        "complaints": (results.complaints, results.cases),
        "clicks": (results.clicks, results.test_mails),
        "cases_an_hour": (results.cases_an_hour, one),
    }
    for path in (CONVERSATIONS, SECURITY):
        cells = _cells(company.where, rollouts[path].trained(), len(company.teams), "team")
        panels = {name: _panel(cells, *pair) for name, pair in values.items()}
        truth = {"complaints": 1.0, "clicks": 0.0, "cases_an_hour": 0.0}
        if path == CONVERSATIONS:
            counted = _counted(cells, company.where.shape)
            truth["complaints"] = _complaints(counted, rollouts[path].start_month)
        yield path, World(DEMO_KINDS, panels, truth)


def _complaints(counted: np.ndarray, start: np.ndarray) -> float:
    """Return the mean ratio: a little smaller effect in each one's first month, none before."""
    since = np.arange(counted.shape[1])[None] - start[:, None]
    ratio = np.select([since < 0, since == 0], [1.0, FIRST_MONTH_EFFECT], EFFECT)
    return float(ratio[counted].mean())


def _cells(where: np.ndarray, trained: np.ndarray, teams: int, level: str) -> pd.DataFrame:
    """Return person, month, cohort and cluster of every person-month at work."""
    person, month = np.nonzero(where != NOWHERE)
    if level == "team":
        cluster = where[person, month]
        cohort = _team_starts(where, trained, teams)[cluster]
    else:
        first = np.where(trained.any(axis=1), trained.argmax(axis=1), NEVER)
        cluster, cohort = person, first[person]
    return pd.DataFrame({"unit": person, "period": month, "cohort": cohort, "cluster": cluster})


def _team_starts(where: np.ndarray, trained: np.ndarray, teams: int) -> np.ndarray:
    """Return each team's start: the first month in which half of its people have been trained."""
    starts = np.full(teams, NEVER)
    for team in range(teams):
        own = where == team
        there, done = own.sum(axis=0), (own & trained).sum(axis=0)
        reached = np.flatnonzero((there > 0) & (2 * done >= there))
        if len(reached):
            starts[team] = reached[0]
    return starts


def _panel(cells: pd.DataFrame, num: np.ndarray, den: np.ndarray) -> RowPanel:
    at = cells["unit"].to_numpy(), cells["period"].to_numpy()
    kept = den[at] > 0
    return RowPanel(cells.assign(num=num[at].astype(float), den=den[at].astype(float))[kept])
