"""Makes the record of one report: statements to facts, people and outcomes to a panel, to an answer.

Persons stay in the database; what comes out are sums. The record is the engine's answer and what
only the store knows: who was counted, since when, and over which months.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from analytics.answering import WITHOUT_COMPARISON, answer_panel
from analytics.checks import grading
from analytics.estimators.panel import NEVER, Panel
from analytics.estimators.question import Question
from analytics.impact import asking, standing, suppression
from analytics.impact.asking import Asked
from analytics.impact.gains import money_of, value_of
from analytics.impact.planned import Planned, planned_for, stand_by_draw
from analytics.impact.population import Population, Rollout, roll_out, stage_population, window_of
from analytics.impact.window import Window
from analytics.impact.zeros import zeros_left_out
from analytics.months import month_name
from analytics.store import stage
from analytics.store.measure import measure
from analytics.store.observed import Observed
from analytics.store.panel import Level, StorePanel, panel_of
from analytics.store.unread import Unread
from analytics.telling.sentence import sentences
from analytics.telling.told import Told
from connectors.metrics import Metric, metrics

Sizes = list[tuple[int, int, int]]


def make_record(conn: sa.Connection, asked: Asked, min_group: int) -> dict[str, Any]:
    """Return the record of a report; everything in it follows from the data alone."""
    minimum = suppression.smallest_group(min_group, sensitive=asked.metric.sensitive)
    with stage.staged(conn):
        population = stage_population(conn, asked)
        own, months = _observed(conn, asked, population)
        rollout = roll_out(conn, asked, population, own.measure, months)
        began = population.people.learners.first_done(after=months.first)
        planned = planned_for(conn, asked, rollout, months, began)
        flags, months = planned.flags(months), planned.months(months)
        flags += ["missing_periods"] if months.missing else []
        flags += ["zeros_left_out"] if zeros_left_out(own, asked.metric, months) else []
        if planned.by_draw is not None:
            stand_by_draw(conn, planned.by_draw, own)
            rollout = replace(rollout, level="team")
        panel = _panel(own, asked.metric, rollout.level, months, planned.unread(months))
        own.drop()
        others = dict(_companions(conn, asked, population, panel))
        answer = _answer(asked, panel, others, planned, flags)
        took = standing.took(population.people.learners, panel, months)
        record = {
            **_protected(answer, panel, months, minimum, _question(asked.metric, asked, panel)),
            **_named(asked),
            **_counted(asked, population, rollout, months, panel, took, minimum),
            "plan": planned.as_json(panel.unread),
        }
        if value_of(asked, planned) is not None:
            population.stage_learners(asked)  # what they earn is asked in SQL
        record["money"] = money_of(conn, asked, planned, record, panel, took.started, minimum)
        record["raise_the_grade"] = planned.steps(record["raise_the_grade"])
        for used in (panel, *(other for other, _ in others.values())):
            used.drop()
    return record


def _observed(conn: sa.Connection, asked: Asked, population: Population) -> tuple[Observed, Window]:
    found = measure(conn, asked.tenant_id, asked.metric.id, asked.metric.kind)
    if found is None:
        raise asking.no_records(asked)
    observed = Observed(conn, found, population.people)
    months = window_of(population, observed)
    if months is None:
        raise asking.no_records(asked)
    return observed, months


def _companions(
    conn: sa.Connection, asked: Asked, population: Population, panel: StorePanel
) -> Iterator[tuple[str, tuple[StorePanel, Question]]]:
    """Yield the other outcomes of the same people over the same months.

    Whoever was sent because of a bad month in any of them had a bad month in this one as well, or
    has a better one coming; the engine looks for that. Sensitive outcomes are left in peace.
    """
    for metric in metrics(conn, asked.tenant_id):
        if metric.id == asked.metric.id or metric.sensitive or metric.kind == "time_to_event":
            continue
        found = measure(conn, asked.tenant_id, metric.id, metric.kind)
        if found is None or found.grain != panel.measure.grain:
            continue
        other = _companion(Observed(conn, found, population.people), metric, population, panel)
        if other is not None:
            yield metric.key, (other, _question(metric, asked, panel))


def _companion(
    observed: Observed, metric: Metric, population: Population, panel: StorePanel
) -> StorePanel | None:
    months = window_of(population, observed)
    other = None
    if months is not None and months.first <= panel.last and months.last >= panel.first:
        first, last = max(months.first, panel.first), min(months.last, panel.last)
        other = _panel(observed, metric, panel.level, Window(first, last))
    observed.drop()
    return other


def _panel(
    observed: Observed, metric: Metric, level: Level, months: Window, unread: Unread | None = None
) -> StorePanel:
    """Return the panel; who comes and goes is no effect, unless that is what is asked."""
    levels = metric.kind != "time_to_event"
    return panel_of(observed, level, months.first, months.last, levels=levels, unread=unread)


def _question(metric: Metric, asked: Asked, panel: StorePanel) -> Question:
    return Question(
        kind=metric.kind,
        better="down" if metric.better == "down" else "up",
        unit=metric.unit,
        level=panel.level,
        comparison="both",
        period_name="month",
        outcome_name=metric.name,
        path_name=asked.path.name,
        path_names=asked.path_names,
        rows_are_people=panel.measure.grain == "person",
        wordings=metric.wordings(),
    )


def _answer(
    asked: Asked,
    panel: StorePanel,
    others: dict[str, tuple[StorePanel, Question]],
    planned: Planned,
    flags: list[str],
) -> dict[str, Any]:
    companions: dict[str, tuple[Panel, Question]] = dict(others.items())
    provenance = {"spec_sha256": asked.digest(), "data_sha256": _data_digest(panel)}
    drawn = planned.by_draw
    question = replace(
        _question(asked.metric, asked, panel),
        comparison=planned.comparison(),
        randomised_timing=drawn is not None,
        own_draw=drawn is not None and drawn.own,
    )
    return answer_panel(
        panel,
        question,
        companions=companions,
        provenance=provenance,
        flags=flags,
        redraws=None if drawn is None else drawn.redraws(),
        year=12,
    )


def _data_digest(panel: StorePanel) -> str:
    """Return the SHA-256 of the panel's sums, to nine digits: the databases add in another order."""
    digest = hashlib.sha256()
    for frame in (panel.sizes(), panel.cells()):
        for row in frame.itertuples(index=False):
            digest.update(" ".join(f"{value:.9g}" for value in row).encode() + b"\n")
    return digest.hexdigest()


def _sizes(panel: StorePanel) -> Sizes:
    return [(int(c), int(k), int(n)) for c, k, n in panel.sizes().itertuples(index=False)]


def _protected(
    answer: dict[str, Any], panel: StorePanel, months: Window, minimum: int, question: Question
) -> dict[str, Any]:
    """Return the answer without what points at few people."""
    sizes, observed = _sizes(panel), _people_observed(panel, months)
    people = suppression.sides(sizes, months.first, observed)
    if answer["design"] in WITHOUT_COMPARISON and all(cohort != NEVER for cohort, _, _ in sizes):
        people["comparison"] = 0  # who started a little later was trained as well
    if any(suppression.is_small(n, minimum) for n in people.values()):
        flags = grading.in_order([*answer["flags"], "small_sample"])
        told = Told(question, "cannot_tell", "D", tuple(flags), None, answer["design"])
        silent = {"verdict": told.verdict, "grade": told.grade, "flags": flags}
        hidden = suppression.without_numbers(answer)
        return {**hidden, **silent, "sentence": sentences(told)}
    shown = suppression.event_study(
        answer.get("event_study") or {}, observed, months.first, minimum
    )
    return {**answer, "event_study": shown, **_series(answer, observed, months, minimum)}


def _series(
    answer: dict[str, Any],
    observed: dict[tuple[int, int], int],
    months: Window,
    minimum: int,
) -> dict[str, Any]:
    """Return the months of all together; none where few had a record in one of them."""
    if "series" not in answer:
        return {}
    by_month: Counter[int] = Counter()
    for (cohort, month), n in observed.items():
        by_month[month] += n if months.first < cohort < NEVER else 0
    few = any(suppression.is_small(n, minimum) for n in by_month.values())
    return {"series": {} if few else answer["series"]}


def _people_observed(panel: StorePanel, months: Window) -> dict[tuple[int, int], int]:
    """Return how many people had a record, by cohort and month.

    Where teams have the records, everybody in them stands behind each of theirs.
    """
    if panel.measure.grain == "person":
        columns = (panel.cells()[name].astype(int) for name in ("cohort", "period", "rows"))
        return {(cohort, month): n for cohort, month, n in zip(*columns, strict=True)}
    every = np.arange(months.first, months.last + 1)
    return {
        (cohort, month): n
        for cohort, _, n in _sizes(panel)
        for month in (
            every if panel.unread is None else every[~panel.unread.of(cohort, every)]
        ).tolist()
    }


def _named(asked: Asked) -> dict[str, Any]:
    path, metric = asked.path, asked.metric
    return {
        "path": {
            "id": path.key,
            "name": path.name,
            "names": dict(asked.path_names),
            "goal": path.goal,
        },
        "outcome": {
            "id": metric.key,
            "name": metric.name,
            "kind": metric.kind,
            "unit": metric.unit,
            "better": metric.better,
            "wordings": {lang: asdict(one) for lang, one in metric.wordings().items()},
        },
    }


def _counted(
    asked: Asked,
    population: Population,
    rollout: Rollout,
    months: Window,
    panel: StorePanel,
    took: standing.Took,
    minimum: int,
) -> dict[str, Any]:
    people, learning = population.people, population.learning
    lost = standing.without_team(people.staff, months) if panel.level == "team" else 0
    completion = suppression.completion(*took, minimum)
    return {
        "window": _window(months),
        "completion": completion,
        "exposure": {
            **_exposure(replace(rollout, level=panel.level), _sizes(panel), minimum),
            **standing.learning(learning, minimum),
        },
        "people": {
            "resolved_actors": suppression.beside(
                learning.resolved, completion["started"], minimum
            ),
            "unresolved_actors": learning.unresolved,
            "basis": standing.basis(people, asked.tenant_id, months),
            "without_team": _shown(lost, minimum),
            "compared_with_themselves": panel.left_out is not None,
            "never_seen_before": _shown(panel.left_out, minimum),
        },
    }


def _shown(count: int | None, minimum: int) -> int | None:
    return None if suppression.is_small(count, minimum) else count


def _window(months: Window) -> dict[str, Any]:
    return {
        "from": month_name(months.first),
        "to": month_name(months.last),
        "missing": [month_name(month) for month in months.missing],
        "cut": [month_name(month) for month in months.cut],
    }


def _exposure(rollout: Rollout, sizes: Sizes, minimum: int) -> dict[str, Any]:
    of_teams = rollout.level == "team"
    people = suppression.starts(sizes, minimum)
    clusters = {cohort: n for cohort, n, _ in sizes}
    between = rollout.between_teams
    return {
        "level": rollout.level,
        "level_asked_for": rollout.asked_for,
        "between_teams": None if between is None else round(between, 4),
        "starts": [
            {
                "period": month_name(cohort),
                "teams": clusters[cohort] if of_teams else None,
                "people": n,
                **({"suppressed": True} if n is None else {}),
            }
            for cohort, n in sorted(people.items())
        ],
    }
