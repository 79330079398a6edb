"""One outcome of a large table as SQL over its file: `measures`, told again.

SQL says which rows cannot be right and what the others count as; what is wrong with such a row is
told by `measures` itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analytics.estimators.question import PER_EXPOSURE


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _is_number(value: str) -> str:
    """Return whether a number stands there, as SQL.

    Not by ``isnan``: the least and greatest number that a file tells of leave NaN out, and DuckDB takes
    them to say that there is none.
    """
    return f"(isfinite({value}) OR isinf({value}))"


@dataclass(frozen=True)
class Outcome:
    """One outcome, as SQL over the file's columns: `measures`, told again."""

    kpi: Mapping[str, Any]
    column: str
    exposure: str | None
    where: str

    @property
    def value(self) -> str:
        """Return the outcome's number."""
        return f"CAST({quoted(self.column)} AS DOUBLE)"

    @property
    def den(self) -> str:
        """Return the exposure."""
        return f"CAST({quoted(self.exposure) if self.exposure is not None else 1} AS DOUBLE)"

    @property
    def num(self) -> str:
        """Return the numerator."""
        weighted = self.kpi["kind"] in ("continuous", "ordinal") and self.exposure is not None
        return f"({self.value} * {self.den})" if weighted else self.value

    @property
    def num2(self) -> str:
        """Return the row's part of a spread."""
        square = f"{self.num} * {self.num}"
        return square if self.exposure is None else f"{square} / {self.den}"

    @property
    def known(self) -> str:
        """Return whether a row has the outcome."""
        told = _is_number(self.value)
        return told if self.exposure is None else f"({told} AND {self.den} > 0)"

    @property
    def odd(self) -> str:
        """Return whether a row has what `measures` refuses."""
        return f"({_is_number(self.value)} AND ({' OR '.join([f'isinf({self.value})', *self._faults()])}))"

    def _faults(self) -> Iterator[str]:
        value, den, kind = self.value, self.den, self.kpi["kind"]
        if self.exposure is not None:
            yield f"NOT isfinite({den}) OR {den} IS NULL OR {den} < 0"
            yield f"({den} = 0 AND {value} > 0)"
        if kind in (*PER_EXPOSURE, "binary"):
            yield f"{value} < 0"
        if kind == "count":
            yield f"{value} <> floor({value})"
        if kind == "binary" or (kind == "absence" and self.exposure is not None):
            yield f"{value} > {den}"

    @property
    def has_no_rules(self) -> bool:
        """Return whether any finite number will do."""
        return self.exposure is None and not list(self._faults())

    def told_by_file(self, most: float) -> tuple[str, ...]:
        """Return what `looked_at` does, where the file tells the greatest size and that none is missing."""
        return "FALSE", "count(*)", f"{most!r}::DOUBLE", "1.0", f"{most * most!r}::DOUBLE"

    def looked_at(self, *, closely: bool) -> tuple[str, ...]:
        """Return, as SQL: is any row odd, how many have the outcome, the most of num, den and num2.

        Not closely is cheaper, and tells all unless the most is no finite number or a row is odd.
        """
        if self.exposure is None and not closely:
            most = f"max(abs({self.value}))"
            odd = " OR ".join(self._faults()) or "FALSE"
            return odd, f"count({self.value})", most, "1.0", f"{most} * {most}"
        known = f"FILTER ({self.known})"
        sizes = (f"abs({self.num})", self.den, self.num2)
        return self.odd, f"count(*) {known}", *(f"max({size}) {known}" for size in sizes)
