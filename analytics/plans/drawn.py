"""Makes the draw of a path and its power: from the plan, the teams there are, and their history."""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa

from analytics.checks.few import are_dealt
from analytics.checks.grading import SIGNIFICANT
from analytics.estimators.panel import NEVER
from analytics.estimators.permutation import least_possible
from analytics.estimators.question import PER_EXPOSURE, Better
from analytics.impact.suppression import smallest_group
from analytics.months import MICROSECONDS_A_DAY, month_name
from analytics.plans.drawing import METHOD, Draw, Team, Wave, draw_starts, imbalance
from analytics.plans.history import Before, staff, teams_to_draw, units
from analytics.plans.keeping import no_plan
from analytics.plans.model import Plan
from analytics.plans.power import History, foresee, needed, table
from analytics.plans.store import KeptDraw, draws_of, keep_draw, now, versions_of
from analytics.store.schema import calendar
from connectors.metrics import Metric, metric
from connectors.store.transactions import in_turn
from lrs.errors import BadInput, Conflict, NotFound
from lrs.store.database import Database
from lrs.xapi.times import instant


class Lot(NamedTuple):
    """One line of a draw: a team and the month it starts in; None for those that stand beside."""

    team: str
    name: str
    start: str | None


def draw(
    database: Database,
    tenant_id: int,
    path: str,
    waves: Sequence[Wave],
    *,
    seed: int | None = None,
    again: str | None = None,
    at: int | None = None,
) -> tuple[KeptDraw, bool]:
    """Draw who starts when, and keep it; return the draw and whether it is new.

    A path is drawn once. ``again`` says why it is drawn once more: a draw that was repeated can no
    longer be shown to be chance alone, and the report says so.
    """
    at = now() if at is None else at
    with in_turn(database, tenant_id) as conn:
        plan = newest_plan(conn, tenant_id, path)
        kept = draws_of(conn, tenant_id, path)
        if kept and again is None:
            return _same(kept[-1], waves, seed), False
        month = _month(conn, at)
        if min((wave.month for wave in waves), default=month) < month:
            raise BadInput(
                "a wave starts before the draw",
                where="wave",
                hint="what has begun cannot be drawn any more; draw for the months to come",
            )
        _some_in_window(plan, waves)
        names = [metric(conn, tenant_id, one.metric) for one in plan.outcomes]
        teams = _teams(conn, tenant_id, names, month)
        number = len(kept) + 1
        seed = secrets.randbelow(2**31) if seed is None else seed
        made = draw_starts(teams, waves, seed, ["size", *(one.key for one in names)])
        keep_draw(conn, tenant_id, path, made, number=number, reason=again, at=at)
        return draws_of(conn, tenant_id, path)[-1], True


def _some_in_window(plan: Plan, waves: Sequence[Wave]) -> None:
    """Refuse waves that all start when nothing is read any more; later ones may well wait for theirs."""
    if plan.window and waves and min(wave.month for wave in waves) > plan.window[1]:
        raise BadInput(
            f"every wave starts after the plan's window ends, {month_name(plan.window[1])}",
            where="wave",
            hint="no month with an effect would count; start earlier, or plan a later window",
        )


def _same(kept: KeptDraw, waves: Sequence[Wave], seed: int | None) -> KeptDraw:
    """Return the draw there is, if it is the one that is asked for."""
    other_waves = sorted(waves, key=lambda w: w.month) != list(kept.draw.waves)
    if other_waves or seed not in (None, kept.draw.seed):
        raise Conflict(
            "this path was drawn already",
            where="wave",
            hint="a draw is made once; --again REASON draws once more, and the report says so",
        )
    return kept


def _teams(conn: sa.Connection, tenant_id: int, names: list[Metric], month: int) -> list[Team]:
    with staff(conn, tenant_id):
        return teams_to_draw(conn, tenant_id, names, month)


def newest_plan(conn: sa.Connection, tenant_id: int, path: str) -> Plan:
    """Return the plan of a path; raises `NotFound`."""
    versions = versions_of(conn, tenant_id, path)
    if not versions:
        raise no_plan(path)
    return versions[-1].plan


def _month(conn: sa.Connection, at: int) -> int:
    day = calendar.c.day_no == at // MICROSECONDS_A_DAY
    return int(conn.execute(sa.select(calendar.c.month_ix).where(day)).scalar_one())


def lots(conn: sa.Connection, tenant_id: int, made: Draw) -> list[Lot]:
    """Return the draw as people read it: by start, then by team."""
    names = {unit.key: unit.name for unit in units(conn, tenant_id).values()}
    pairs = zip(made.starts, (team.key for team in made.teams), strict=True)
    return [
        Lot(key, names.get(key, key), None if start == NEVER else month_name(start))
        for start, key in sorted(pairs)
    ]


def as_json(kept: KeptDraw, found: Sequence[Lot]) -> dict[str, Any]:
    """Return a draw for machines: how it was made, and who starts when."""
    return {
        "number": kept.number,
        "made_at": instant(kept.made_at),
        "seed": kept.draw.seed,
        "method": METHOD,
        "balanced_over": list(kept.draw.balanced_over),
        "imbalance": imbalance(kept.draw),
        "teams": [lot._asdict() for lot in found],
    }


def as_csv(found: Sequence[Lot]) -> str:
    """Return the draw as a table; an empty start stands beside until the window closes."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("team_id", "team_name", "start"))
    writer.writerows((lot.team, lot.name, lot.start or "") for lot in found)
    return out.getvalue()


def power(
    database: Database,
    tenant_id: int,
    path: str,
    waves: Sequence[Wave] = (),
    *,
    effect: float | None = None,
    at: int | None = None,
) -> list[dict[str, Any]]:
    """Return, for each primary outcome, how small an effect the company's history lets be seen."""
    with database.read() as conn:
        plan = newest_plan(conn, tenant_id, path)
        if not plan.outcomes:
            raise NotFound("the plan names no outcome yet", where=path)
        _some_in_window(plan, waves)
        month = _month(conn, now() if at is None else at)
        with staff(conn, tenant_id):
            return [
                _power(
                    conn,
                    tenant_id,
                    metric(conn, tenant_id, one.metric),
                    plan,
                    waves,
                    month,
                    effect,
                    database.settings.min_group,
                )
                for one in plan.outcomes
            ]


def _power(
    conn: sa.Connection,
    tenant_id: int,
    name: Metric,
    plan: Plan,
    waves: Sequence[Wave],
    month: int,
    effect: float | None,
    min_group: int,
) -> dict[str, Any]:
    seen = Before(conn, tenant_id, name, month)
    found = seen.history(smallest_group(min_group, sensitive=name.sensitive))
    seen.close()
    told: dict[str, Any] = {"outcome": name.key, "name": name.name, "unit": name.unit}
    if found is None:
        return told | {"history": None}
    better: Better = "down" if name.better == "down" else "up"
    counted = better if name.kind in PER_EXPOSURE else None
    planned, few_events = _planned(found, plan, waves, counted)
    by_lot = plan.assignment == "lot"
    return told | {
        "history": found.as_json(),
        "table": [
            row | _relative(row["effect"], found)
            for row in table(found, by_lot=by_lot, better=counted)
        ],
        "planned": planned,
        "too_few": few_events or _too_few(found, waves),
        "needed": None if effect is None else needed(found, effect),
    }


def _planned(
    found: History, plan: Plan, waves: Sequence[Wave], better: Better | None
) -> tuple[dict[str, Any] | None, bool]:
    """Return what the roll-out would show, and whether events are too few for it to show any effect."""
    if not waves or plan.window is None:
        return None, False
    beside = found.teams - sum(wave.teams for wave in waves)
    if beside < 0 or _too_few(found, waves):
        return None, False
    by_lot = plan.assignment == "lot"
    since, until = plan.window
    seen = foresee(found, waves, beside, until, since=since, by_lot=by_lot)
    if seen is None:
        return None, False
    least = seen.smallest(better)
    told = None if least is None else {"effect": least, **_relative(least, found)}
    return told, least is None


def _too_few(found: History, waves: Sequence[Wave]) -> bool:
    """Return whether so few teams take part that no effect could be told from chance."""
    sizes = [wave.teams for wave in waves]
    beside = found.teams - sum(sizes)
    labels = np.repeat(np.arange(len(sizes) + 1), [*sizes, max(beside, 0)])
    dealt = bool(waves) and are_dealt(len(labels), sum(sizes))
    return dealt and least_possible(labels) >= SIGNIFICANT


def _relative(effect: float, found: History) -> dict[str, float | None]:
    """Return an effect in percent of the level as well, where there is one above zero."""
    return {"percent": 100 * effect / found.level if found.level > 0 else None}
