"""Who was employed when, asked of a page of people: outcomes before they came or after they left.

Such outcomes are kept, for a later file may put the dates right, and count for nothing until one does.
A file full of them is one whose dates or whose people are wrong, so their number is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

import sqlalchemy as sa

from connectors.model.outcomes import When
from connectors.store.schema import employment
from lrs.store.bulk import among

Spells = list[tuple[int, int | None]]


def employments(conn: sa.Connection, tenant_id: int, persons: Collection[int]) -> dict[int, Spells]:
    """Return the employments in force of each person that has any: first day, and first day after."""
    columns = employment.c
    query = sa.select(columns.person_id, columns.valid_from, columns.valid_to).where(
        columns.tenant_id == tenant_id,
        columns.superseded_run.is_(None),
        among(conn, columns.person_id, persons),
    )
    found: defaultdict[int, Spells] = defaultdict(list)
    for person, first, after in conn.execute(query):
        found[person].append((first, after))
    return found


def outside(when: When, spells: Spells) -> bool:
    """Return whether no day of a time lies in any of the employments."""
    end = when.day + (when.period_days or 1)
    return not any(first < end and (after is None or after > when.day) for first, after in spells)
