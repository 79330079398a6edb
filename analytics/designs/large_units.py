"""The units of a large table: how many start when, and whether that can be right.

Each is looked at in SQL, which says whether one breaks a rule; the rule itself, of `panel`, says what is
wrong. Where the same units are there in every period, that is known without looking at each.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property, reduce
from operator import xor
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analytics.designs import panel
from analytics.designs.measures import MANY_MISSING
from analytics.designs.outcome_sql import quoted
from analytics.store.columns import Bounds, literal
from lrs.errors import BadInput

if TYPE_CHECKING:
    from analytics.designs.large_table import LargeTable

WORD = 62
"""Periods that fit a whole number, a bit each."""
LOGARITHM = 40
"""Bits of a whole number whose logarithm, rounded down, is sure to be its highest bit."""


class LargeUnits:
    """The units of one table, whose times and starts are read."""

    def __init__(self, table: LargeTable) -> None:
        self._table = table
        self.left_out = 0

    def found(self) -> tuple[dict[int, int], list[str]]:
        """Check each unit; return how many start when, and the flag of missing periods."""
        if self.whole is not None:
            rows = sum(self.whole.values()) * len(self._table.seen)
            return self.whole, panel.gaps(self._table.seen, rows, rows)
        people, lacking = Counter[int](), Counter[int]()
        span = several = twice = 0
        for bounds in self._parts():
            for cohort, n, often, double, short, own in self._by_cohort(bounds):
                people[cohort] += n
                lacking[cohort] += short
                span, several, twice = span + (own or 0), several + often, twice + double
        if several:
            raise self._several_starts()
        if twice:
            raise self._two_rows()
        rows = int(self._table.looked["known0"].sum())
        if panel.are_on_their_own(self._table.spec) and panel.may_leave_out(lacking, people):
            self._leave_out()
            people -= lacking
            self.left_out = lacking.total()
            span = rows = people.total() * len(self._table.seen)
        known = {cohort: n for cohort, n in sorted(people.items()) if n}
        return known, [*self._missing(), *panel.gaps(self._table.seen, int(span), rows)]

    @cached_property
    def whole(self) -> dict[int, int] | None:
        """Return how many units start when, if each has its outcome in every period once.

        In one period no unit is there twice. By its rows and its mark, the exclusive or of its units'
        hashes, a start has the same units in every other: two sets of units have the same mark once in
        2 to the 64th.
        """
        table, looked = self._table, self._table.looked
        if looked["spelt"].any() or looked["known0"].sum() < looked["n"].sum():
            return None
        rows = pd.DataFrame({"cohort": table.cohort, "period": table.period})
        cells = rows.assign(n=looked["n"], mark=looked["mark"]).groupby(["cohort", "period"])
        by_period = cells["n"].sum().unstack()
        marks = cells["mark"].agg(lambda of_cell: reduce(xor, of_cell)).unstack()
        if by_period.isna().any(axis=None) or any(
            (part.nunique(axis=1) > 1).any() for part in (by_period, marks)
        ):
            return None
        units = by_period.iloc[:, 0].astype(np.int64)
        if self._distinct(int(by_period.columns[0])) < units.sum():
            return None
        return dict(zip(units.index.tolist(), units.tolist(), strict=True))

    def _distinct(self, period: int) -> int:
        """Return how many units are there in a period."""
        table, unit = self._table, self._table.named("unit")
        table.columns.run(
            f"SET VARIABLE times = (SELECT list(DISTINCT time) FROM timed WHERE _period_ = {period})"
        )
        written = table.columns.run("SELECT len(getvariable('times'))")[0][0]
        # Each by itself, for so the parts of the file that lack them are not read.
        times = ", ".join(f"getvariable('times')[{n}]" for n in range(1, written + 1))
        of_period = f"{quoted(table.names['time'])} IN ({times})"
        found = 0
        for bounds in self._parts():
            counted = f"count(DISTINCT {unit})"
            if bounds.is_dense(len(table.seen)):
                counted = f"bit_count(bitstring_agg({unit}, {bounds.low}, {bounds.high}))"
            rows = f"FROM {table.columns.source} {self._within(bounds, of_period)}"
            found += table.columns.run(f"SELECT {counted} {rows}")[0][0] or 0
        return found

    def _parts(self) -> list[Bounds]:
        by = self._table.sorted_by("unit")
        return self._table.columns.slices(by) if by else [Bounds()]

    def _leave_out(self) -> None:
        """Note the units that lack a period."""
        into = "CREATE TEMP TABLE lacking AS "
        for bounds in self._parts():
            units = f"FROM ({self._by_unit(bounds)}) WHERE known < {len(self._table.seen)}"
            self._table.columns.run(f"{into}SELECT unit {units}")
            into = "INSERT INTO lacking "

    def _by_cohort(self, bounds: Bounds) -> list[tuple[int, ...]]:
        """Return, by cohort: people, how many of them start twice or are doubled, and their spans."""
        if self._table.in_bits:
            found = self._table.columns.run(self._by_start_in_bits(bounds))
            return [
                (int(self._table.starts[int(nth).bit_length() - 1]), *row) for nth, *row in found
            ]
        return self._table.columns.run(
            "SELECT first, count(*) FILTER (known > 0), count(*) FILTER (first < last), "
            f"count(*) FILTER (n > {self._bits()}), "
            f"count(*) FILTER (known BETWEEN 1 AND {len(self._table.seen) - 1}), sum(high - low + 1) "
            f"FROM ({self._by_unit(bounds)}) GROUP BY first"
        )

    def _by_start_in_bits(self, bounds: Bounds) -> str:
        """Return the same where one number holds a unit's periods, and above them its start."""
        periods, unit = len(np.unique(self._table.period)), self._table.named("unit")
        return (
            "SELECT starts, count(*), count(*) FILTER (bit_count(starts) > 1), "
            f"count(*) FILTER (n > bit_count(seen)), count(*) FILTER (bit_count(seen) < {periods}), "
            "sum(floor(log2(seen)) - log2(seen & -seen) + 1)::BIGINT "
            f"FROM (SELECT n, code >> {periods} AS starts, code & {2**periods - 1} AS seen FROM ("
            f"SELECT count(*) AS n, bit_or(_mask_ | _start_) AS code "
            f"FROM {self._table.rows} {self._within(bounds)} GROUP BY {unit})) GROUP BY starts"
        )

    def _within(self, bounds: Bounds, *tests: str) -> str:
        unit, ends = self._table.named("unit"), {">": bounds.after, "<=": bounds.upto}
        ended = [f"{unit} {sign} {literal(end)}" for sign, end in ends.items() if end is not None]
        tests = (*tests, *ended)
        return f"WHERE {' AND '.join(tests)}" if tests else ""

    def _by_unit(self, bounds: Bounds) -> str:
        unit, kept = self._table.named("unit"), f"FILTER ({self._table.outcomes[0].known})"
        masks = ", ".join(f"bit_or({_mask(w)}) AS mask{w}" for w in range(self._words))
        return (
            f"SELECT {unit} AS unit, min(_cohort_) AS first, max(_cohort_) AS last, count(*) AS n, "
            f"count(*) {kept} AS known, min(_place_) {kept} AS low, max(_place_) {kept} AS high, "
            f"{masks} FROM {self._table.rows} {self._within(bounds)} GROUP BY {unit}"
        )

    @property
    def _words(self) -> int:
        return -(-len(np.unique(self._table.period)) // WORD)

    def _bits(self) -> str:
        return " + ".join(f"bit_count(mask{w})" for w in range(self._words))

    def _missing(self) -> list[str]:
        known, n = int(self._table.looked["known0"].sum()), int(self._table.looked["n"].sum())
        return ["missing_outcomes"] if 1 - known / n > MANY_MISSING else []

    def _several_starts(self) -> BadInput:
        units = self._by_unit(Bounds())
        found = f"SELECT min(unit::VARCHAR) FROM ({units}) WHERE first < last"
        return panel.several_starts(self._table.columns.run(found)[0][0])

    def _two_rows(self) -> BadInput:
        doubled = f"SELECT unit FROM ({self._by_unit(Bounds())}) WHERE n > {self._bits()}"
        unit = self._table.named("unit")
        place = "row_number() OVER (PARTITION BY unit, period ORDER BY number)"
        numbered = self._table.timed(self._table.columns.numbered)
        rows = (
            f"SELECT {unit} AS unit, _period_ AS period, file_row_number AS number FROM {numbered}"
        )
        again = f"SELECT *, {place} AS place FROM ({rows}) WHERE unit IN ({doubled})"
        first = (
            f"SELECT unit::VARCHAR, number FROM ({again}) WHERE place > 1 ORDER BY number LIMIT 1"
        )
        name, number = self._table.columns.run(first)[0]
        return panel.two_rows(name, number + 1)


def _mask(word: int) -> str:
    return f"CASE WHEN _word_ = {word} THEN _mask_ ELSE 0 END"
