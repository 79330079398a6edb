"""Reads the teams there are, and what their outcomes were before: what a draw is balanced over.

Everything is read as sums of teams; nobody is singled out, and a team's own figure never leaves the
database's machine: the draw keeps it to be made again, and no command shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa

from analytics.plans.drawing import Team
from analytics.plans.power import History, history_of
from analytics.store import stage
from analytics.store.measure import measure
from analytics.store.observed import Observed
from analytics.store.people import stage_people
from analytics.store.team_panel import TeamPanel
from connectors.metrics import Metric
from connectors.store.schema import org_unit

LONGEST = 24
"""Months: what lies further back says little of how teams differ now."""

BASELINE = 12


class Unit(NamedTuple):
    """A team as it is known: its number, its key in the staff records, and its name."""

    id: int
    key: str
    name: str


@contextmanager
def staff(conn: sa.Connection, tenant_id: int) -> Iterator[None]:
    """Hold who is in which team, for as long as teams are read."""
    with stage.staged(conn):
        stage_people(conn, tenant_id)
        yield


def sizes(conn: sa.Connection, month: int) -> dict[int, int]:
    """Return how many people each team has in a month; needs `staff`."""
    m = stage.member.c
    query = (
        sa.select(m.unit_id, sa.func.count())
        .where(m.from_ix <= month, m.to_ix > month)
        .group_by(m.unit_id)
        .order_by(m.unit_id)
    )
    return {unit: int(n) for unit, n in conn.execute(query)}


def units(conn: sa.Connection, tenant_id: int) -> dict[int, Unit]:
    """Return every team by its number."""
    u = org_unit.c
    query = sa.select(u.id, u.source_key, u.name).where(u.tenant_id == tenant_id, u.kind == "team")
    return {
        row.id: Unit(row.id, row.source_key, row.name or row.source_key)
        for row in conn.execute(query)
    }


class Before:
    """One outcome of the teams in the months before; needs `staff`."""

    def __init__(self, conn: sa.Connection, tenant_id: int, metric: Metric, until: int) -> None:
        """Read the months up to ``until``, itself left out."""
        self._panel: TeamPanel | None = None
        found = measure(conn, tenant_id, metric.id, metric.kind)
        if found is None:
            return
        observed = Observed(conn, found)
        months = [month for month in observed.coverage() if month < until]
        if months:
            first = max(min(months), max(months) - LONGEST + 1)
            self._panel = TeamPanel(observed, first, max(months))
        observed.drop()

    def history(self, fewest: int) -> History | None:
        """Return what they tell of how teams differ; None when they tell too little.

        Or when they are of fewer people than that: then they tell of them.
        """
        if self._panel is None or int(self._panel.sizes()["people"].sum()) < fewest:
            return None
        return history_of(self._panel)

    def means(self) -> dict[int, float]:
        """Return each team's mean over the last year."""
        if self._panel is None:
            return {}
        sums = self._panel.sums
        recent = sums.at(sums.period > self._panel.last - BASELINE)
        teams, at = np.unique(recent.cluster, return_inverse=True)
        num, den = (np.bincount(at, column).tolist() for column in (recent.num, recent.den))
        each = zip(teams.tolist(), num, den, strict=True)
        # To nine digits: the databases add up in another order.
        return {team: float(f"{of / per:.9g}") for team, of, per in each if per > 0}

    def close(self) -> None:
        """Give back the room it took."""
        if self._panel is not None:
            self._panel.drop()


def teams_to_draw(
    conn: sa.Connection, tenant_id: int, metrics: list[Metric], month: int
) -> list[Team]:
    """Return every team with people in it, and its earlier outcomes; needs `staff`."""
    before = []
    for metric in metrics:
        seen = Before(conn, tenant_id, metric, month)
        before.append(seen.means())
        seen.close()
    known = units(conn, tenant_id)
    return [
        Team(known[unit].key, n, tuple(means.get(unit) for means in before))
        for unit, n in sizes(conn, month).items()
        if unit in known
    ]
