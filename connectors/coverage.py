"""Whether a file still fills the columns that the one before it filled.

An import that succeeds although a column has run dry is the complaint heard most: nobody notices
until a report is wrong. What was filled in at least half of the rows and now is in none is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from connectors.store.runs import WARNING, Issue, keep_state, kept_state

_HALF = 0.5


class Coverage:
    """Counts how many rows fill each column."""

    def __init__(self, columns: Iterable[tuple[str, int]]) -> None:
        self._columns = tuple(columns)
        self._filled: Counter[str] = Counter()
        self._rows = 0

    def see(self, fields: Sequence[str]) -> None:
        """Count a row that has all its fields."""
        self._rows += 1
        self._filled.update(name for name, place in self._columns if fields[place])

    def compare(
        self, conn: sa.Connection, tenant_id: int, source: str, stream: str, file: str
    ) -> list[Issue]:
        """Return what ran dry since the last file of the stream, and remember this one."""
        name = f"{stream}, columns filled"
        before = kept_state(conn, tenant_id, source, name) or {}
        now = {
            column: round(self._filled[column] / max(self._rows, 1), 2)
            for column, _ in self._columns
        }
        if {**before, **now} != before:
            keep_state(conn, tenant_id, source, name, {**before, **now})
        return [
            Issue(
                WARNING,
                f"{file}:1:{column}",
                f"{column} is empty in every row; the file before filled it in "
                f"{before[column]:.0%} of them",
                None,
            )
            for column, share in now.items()
            if share == 0 and before.get(column, 0) >= _HALF
        ]
