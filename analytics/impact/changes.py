"""How teams and the workforce change, month by month, in sums."""

from __future__ import annotations

import numpy as np

from analytics.estimators.grid import IntArray
from analytics.impact.rollout import Changes
from analytics.store.distinct import distinct
from analytics.store.staff import Learners, Staff
from analytics.store.stage import FOREVER


def team_changes(staff: Staff, learners: Learners) -> Changes:
    """Return every change in members and trained members of each team, added up by month."""
    spell, unit = staff.member, staff.unit
    start = learners.start_of(spell.person)
    trained = start < spell.ends
    since = np.maximum(start, spell.begins)[trained]
    return _added_up(
        (unit, spell.begins, 1, 0),
        (unit, spell.ends, -1, 0),
        (unit[trained], since, 0, 1),
        (unit[trained], spell.ends[trained], 0, -1),
    )


def workforce_changes(staff: Staff) -> Changes:
    """Return every change in how many people are employed, as those of one team."""
    spell = staff.employed
    nobody = np.zeros(len(spell.person), np.int64)
    return _added_up((nobody, spell.begins, 1, 0), (nobody, spell.ends, -1, 0))


def _added_up(*parts: tuple[IntArray, IntArray, int, int]) -> Changes:
    """Count changes by unit and month; the first part names every unit."""
    known, found = distinct(parts[0][0]), []
    for unit, month, members, trained in parts:
        there = month < FOREVER
        width = int(month.max(where=there, initial=0)) + 1
        cells = np.searchsorted(known, unit[there]) * width + month[there]
        cells.sort()
        begins = np.flatnonzero(np.diff(cells, prepend=-1))
        cell, n = cells[begins], np.diff(begins, append=len(cells))
        found.append((known[cell // width], cell % width, n * members, n * trained))
    return Changes(*map(np.concatenate, zip(*found, strict=True)))
