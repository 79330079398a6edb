"""What was planned, and whether the roll-out followed its draw: read beside the data of a report.

A plan binds when it was locked before the first person of those who count completed the path. A draw
counts when it was made before that too, and most teams started when it said: then every drawn team
stands in the month it was drawn for, whatever it did (intention to treat), and teams that were not
in the draw stand aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import sqlalchemy as sa

from analytics.checks.redrawn import Redraws
from analytics.estimators.panel import NEVER
from analytics.estimators.question import Comparison
from analytics.impact.asking import Asked
from analytics.impact.population import Rollout
from analytics.impact.window import Window
from analytics.months import MICROSECONDS_A_DAY, month_name, month_of
from analytics.plans.drawing import deals
from analytics.plans.following import Followed, follow
from analytics.plans.history import units
from analytics.plans.model import Months, Primary
from analytics.plans.standing import Standing, standing
from analytics.plans.store import KeptDraw, draws_of, versions_of
from analytics.store import stage
from analytics.store.observed import Observed
from analytics.store.unread import Unread
from lrs.xapi.times import instant

REDRAWS = 4_999
SEED = 20_260_104


@dataclass(frozen=True)
class Drawn:
    """The newest draw of a path beside what came of it."""

    kept: KeptDraw
    in_time: bool
    by_unit: dict[int, int]
    """The drawn month of each team that is still known, `NEVER` for those that stand beside."""
    places: tuple[int, ...]
    """Where each of them stands in the draw."""
    followed: Followed

    @property
    def holds(self) -> bool:
        """Return whether the answer rests on the draw."""
        return self.in_time and self.followed.enough

    @property
    def own(self) -> bool:
        """Return whether chance alone decided: a draw that was repeated leaves a choice."""
        return self.holds and self.kept.number == 1

    def redraws(self) -> Redraws:
        """Return the draws that were as likely, for the teams still known."""
        clusters = np.array(list(self.by_unit), np.int64)
        return Redraws(clusters, deals(self.kept.draw, REDRAWS, SEED)[:, list(self.places)])

    def as_json(self) -> dict[str, Any]:
        """Return it as it stands in the record."""
        return {
            "made_at": instant(self.kept.made_at),
            "seed": self.kept.draw.seed,
            "times": self.kept.number,
            "balanced_over": list(self.kept.draw.balanced_over),
            "in_time": self.in_time,
            "holds": self.holds,
            **self.followed.as_json(),
        }


@dataclass(frozen=True)
class Planned:
    """The plan of a path as it bears on one outcome, and its draw."""

    metric: str
    standing: Standing | None
    drawn: Drawn | None

    @property
    def primary(self) -> Primary | None:
        """Return what the plan says of the outcome."""
        return None if self.standing is None else self.standing.plan.primary(self.metric)

    @property
    def binds(self) -> bool:
        """Return whether a plan locked in time rules this outcome."""
        return self.primary is not None and self.standing is not None and self.standing.binds

    @property
    def by_draw(self) -> Drawn | None:
        """Return the draw, if the answer rests on it."""
        return self.drawn if self.drawn is not None and self.drawn.holds else None

    def months(self, seen: Window) -> Window:
        """Return the months to look at: none after the planned window."""
        end = self._end
        return seen if end is None or end >= seen.last else replace(seen, last=end)

    def unread(self, seen: Window) -> Unread | None:
        """Return what is not read of these months: those of the trained before the planned window.

        Where the window has yet to begin there is nothing else, and no verdict.
        """
        if self._window is None or not seen.first < self._window[0] <= seen.last:
            return None
        drawn = self.by_draw
        return Unread(self._window[0], None if drawn is None else min(drawn.by_unit.values()))

    def flags(self, seen: Window) -> list[str]:
        """Return the flags that follow from the plan."""
        if self.standing is None or not self.binds:
            return []
        still_open = self._end is not None and seen.last < self._end
        return [*self.standing.flags, *(["window_not_closed"] if still_open else [])]

    @property
    def _window(self) -> Months | None:
        return self.standing.plan.window if self.standing is not None and self.binds else None

    @property
    def _end(self) -> int | None:
        return None if self._window is None else self._window[1]

    def comparison(self) -> Comparison:
        """Return with whom to compare."""
        asked = self.standing.plan.comparison if self.standing is not None and self.binds else None
        return next((known for known in get_args(Comparison) if known == asked), "both")

    def steps(self, codes: Sequence[str]) -> list[str]:
        """Return what would raise the grade, at most three: a plan that does not bind is one."""
        loose = self.standing is not None and not self.standing.binds
        return list(dict.fromkeys([*codes, *(["lock_the_plan"] if loose else [])]))[:3]

    def as_json(self, unread: Unread | None = None) -> dict[str, Any] | None:
        """Return it as it stands in the record, with what was not read for its sake."""
        if self.standing is None:
            return None
        window = self.standing.plan.window
        locked = self.standing.locked_at
        return {
            "status": self.standing.status,
            "primary": self.primary is not None,
            "locked_at": None if locked is None else instant(locked),
            "window": None if window is None else [month_name(month) for month in window],
            "unread_before": None if unread is None else month_name(unread.until),
            "assignment": self.standing.plan.assignment,
            "changes": [
                {"at": instant(change.made_at), "reason": change.reason}
                for change in self.standing.changes
            ],
            "draw": None if self.drawn is None else self.drawn.as_json(),
        }


def planned_for(
    conn: sa.Connection, asked: Asked, rollout: Rollout, months: Window, start_day: int | None
) -> Planned:
    """Return what was planned; needs the teams' actual starts.

    ``start_day`` is that on which the first of those whose start counts completed the path.
    """
    tenant, path = asked.tenant_id, asked.path.key
    found = standing(versions_of(conn, tenant, path), start_day)
    kept = draws_of(conn, tenant, path)
    drawn = _drawn(conn, asked, kept[-1], start_day, months) if kept else None
    if rollout.asked_for and rollout.level == "person":
        drawn = None  # teams were drawn; people are another question
    return Planned(asked.metric.key, found, drawn)


def _drawn(
    conn: sa.Connection, asked: Asked, kept: KeptDraw, start_day: int | None, months: Window
) -> Drawn:
    known = {unit.key: number for number, unit in units(conn, asked.tenant_id).items()}
    drawn = zip(kept.draw.teams, kept.draw.starts, strict=True)
    there = [
        (known[team.key], start, at) for at, (team, start) in enumerate(drawn) if team.key in known
    ]
    by_unit = {unit: start for unit, start, _ in there}
    actual = {row.unit_id: row.start_ix for row in conn.execute(sa.select(stage.unit_start))}
    made_on = kept.made_at // MICROSECONDS_A_DAY
    # Who was trained long before the figures begin had no lot to wait for either.
    early = any(actual.get(unit, NEVER) < month_of(made_on) for unit in by_unit)
    in_time = (start_day is None or made_on < start_day) and not early
    followed = follow(by_unit, actual, months.last)
    return Drawn(kept, in_time, by_unit, tuple(at for *_, at in there), followed)


def stand_by_draw(conn: sa.Connection, drawn: Drawn, own: Observed) -> None:
    """Put every drawn team into its drawn month, and leave out teams that were not drawn."""
    starts = sorted((unit, start) for unit, start in drawn.by_unit.items() if start != NEVER)
    stage.fill(conn, stage.unit_start, starts)
    own.keep_teams(drawn.by_unit)
