"""What a page of rows could not be taken for, told by place: file, line and column."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.files.staging import Staged
from connectors.files.table import Table
from connectors.store.runs import REFUSED, WARNING, Issue
from lrs.errors import BadInput


class Refusals:
    """Gathers the refusals and warnings of one page."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.issues: list[Issue] = []
        self.refused = 0

    def refuse(self, row: Staged, column: str | None, text: str) -> None:
        """Keep a row out, and keep it as it came with the reason."""
        raw = self._table.delimiter.join(row.fields)
        # PostgreSQL's text cannot hold NUL, and a field that does is one reason to be here.
        self._keep(REFUSED, row.line, column, text, raw.replace("\0", "\ufffd"))
        self.refused += 1

    def refuse_fault(self, row: Staged, fault: BadInput) -> None:
        """Keep a row out for what reading it raised; ``where`` is the column."""
        self.refuse(row, fault.where, in_words(fault))

    def refuse_rows(self, rows: Sequence[Staged], column: str | None, text: str) -> None:
        """Keep rows out that are wrong together."""
        for row in rows:
            self.refuse(row, column, text)

    def warn(self, line: int, column: str | None, text: str) -> None:
        """Tell of a field that was left out of a row that was taken."""
        self._keep(WARNING, line, column, text, None)

    def _keep(self, level: str, line: int, column: str | None, text: str, raw: str | None) -> None:
        name = f":{column}" if column else ""
        self.issues.append(Issue(level, f"{self._table.name}:{line}{name}", text, raw))


def in_words(fault: BadInput) -> str:
    """Return what is wrong and what to do, on one line."""
    return f"{fault.message} ({fault.hint})" if fault.hint else fault.message
