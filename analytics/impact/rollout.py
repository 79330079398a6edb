"""When each team was trained, and whether it was teams or single people that were.

Both follow from how many members a team has and how many of them count as trained, month by month.
Those come as changes (a spell begins, a spell ends), so what is worked out here grows with the number
of moves and not with people times months. Pure arithmetic; `evaluation.md`, "Inputs", rules it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]

TEAM_SHARE = 0.5
"""Teams were rolled out when they explain half of who is trained in a month, or more."""

AT_ONCE = 0.9
"""Everybody was trained at once when the month alone tells nearly all of who is trained."""


class Change(NamedTuple):
    """From this month on, a team has so many more members, and so many more who are trained."""

    unit_id: int
    month: int
    members: int
    trained: int


class Changes(NamedTuple):
    """Such changes in columns of equal length."""

    unit_id: Counts
    month: Counts
    members: Counts
    trained: Counts

    @classmethod
    def of(cls, changes: Iterable[Change]) -> Changes:
        """Return single changes as columns."""
        return cls(*np.array(list(changes), np.int64).reshape(-1, 4).T)


@dataclass(frozen=True)
class TeamMonths:
    """Members and trained members of each team (rows) in each month (columns) from the first."""

    units: tuple[int, ...]
    first: int
    members: Counts
    trained: Counts

    def between(self, first: int, last: int) -> TeamMonths:
        """Return the months from first to last."""
        keep = slice(first - self.first, last - self.first + 1)
        return TeamMonths(self.units, first, self.members[:, keep], self.trained[:, keep])


def team_months(changes: Changes, first: int, last: int) -> TeamMonths:
    """Add the changes up to the state of each month; what came before the first counts in it."""
    known = changes.month <= last
    units, row = np.unique(changes.unit_id[known], return_inverse=True)
    at = row, np.maximum(changes.month[known] - first, 0)
    members = np.zeros((len(units), last - first + 1), dtype=np.int64)
    trained = np.zeros_like(members)
    np.add.at(members, at, changes.members[known])
    np.add.at(trained, at, changes.trained[known])
    cumulated = (each.cumsum(axis=1) for each in (members, trained))
    return TeamMonths(tuple(units.tolist()), first, *cumulated)


def team_starts(teams: TeamMonths) -> dict[int, int]:
    """Return the first month in which half of a team's members are trained, where there is one."""
    half = (teams.members > 0) & (2 * teams.trained >= teams.members)
    return {
        unit: teams.first + int(half[i].argmax())
        for i, unit in enumerate(teams.units)
        if half[i].any()
    }


def share_between_teams(teams: TeamMonths) -> float | None:
    """Return how much of who is trained, within a month, is told by the team; None if no one varies.

    One minus the mean square within teams over that within months. The degrees of freedom are taken
    off both, for small teams would differ by chance alone: people drawn one by one come to about 0.
    """
    n, k = teams.members.astype(float), teams.trained.astype(float)
    in_month, trained_in_month = n.sum(axis=0), k.sum(axis=0)
    total = float(_spread(trained_in_month, in_month).sum())
    within = float(_spread(k, n).sum())
    free_total = in_month.sum() - (in_month > 0).sum()
    free_within = n.sum() - (n > 0).sum()
    if total <= 0 or free_within <= 0:
        return None
    return 1 - (within / float(free_within)) / (total / float(free_total))


def share_between_months(teams: TeamMonths) -> float | None:
    """Return how much of who is trained is told by the month alone; None if nothing ever varies.

    Where it is nearly all, what varies within a month is newcomers who have yet to take the path:
    they say nothing of how it was rolled out, and are no comparison.
    """
    in_month, trained = teams.members.sum(axis=0).astype(float), teams.trained.sum(axis=0)
    total = float(_spread(np.array([trained.sum()], float), np.array([in_month.sum()])).sum())
    if total <= 0:
        return None
    return 1 - float(_spread(trained.astype(float), in_month).sum()) / total


def _spread(k: npt.NDArray[np.float64], n: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the sum of squares of a 0/1 variable that is 1 in k of n cases."""
    return k - np.divide(k * k, n, out=np.zeros_like(k), where=n > 0)
