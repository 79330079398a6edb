"""A panel's rows left in their file: what is in it, whether it can be right, and its outcomes as panels.

The rules are those of `panel`, `spec` and `measures`. SQL finds the row that breaks one; the rule
itself then tells what is wrong with it, so that a large file and a small one are refused alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from analytics.designs import panel
from analytics.designs.large_levels import LargeLevels
from analytics.designs.large_units import LOGARITHM, WORD, LargeUnits
from analytics.designs.measures import measures
from analytics.designs.outcome_sql import Outcome, quoted
from analytics.designs.spec import Spec
from analytics.designs.table import Table
from analytics.designs.time import no_period
from analytics.estimators.grid import IntArray
from analytics.store.columns import ColumnPanel, Columns, Grains, UnitPanel
from lrs.errors import BadInput


class LargeTable:
    """The rows of one spec."""

    def __init__(self, spec: Spec, columns: Columns, outcomes: Sequence[Outcome]) -> None:
        self.spec = spec
        self.columns = columns
        self.outcomes = outcomes
        names = {key: spec.optional(key) for key in ("unit", "time", "start", "cluster")}
        self.names = {key: name for key, name in names.items() if name is not None}
        self._ahead = [self._grains_ahead(outcome) for outcome in outcomes]
        self._told_by_file = self._sizes_by_file()
        self._look_through()

    def _look_through(self) -> None:
        self.looked = self._look()
        self._refuse_what_cannot_be()
        self._keep_timing()
        self.units = LargeUnits(self)
        self.without_level = 0
        """How many units have no level of the first outcome, where levels are taken off."""

    def _sizes_by_file(self) -> list[float] | None:
        """Return how large each outcome gets by the file's own word, if that is all there is to look at.

        What is no number it does not tell; adding the outcome up shows that some rows have none.
        """
        by_people = "cluster" not in self.names or panel.are_on_their_own(self.spec)
        if by_people and None in self._ahead:
            return None
        sizes = [self.columns.most(o.column) for o in self.outcomes]
        plain = all(o.has_no_rules and not self.columns.may_lack(o.column) for o in self.outcomes)
        known = [size for size in sizes if size is not None]
        return known if plain and len(known) == len(sizes) else None

    @property
    def _is_granted(self) -> bool:
        """Return whether it is the file's word alone that every row has its outcomes."""
        # What is added up while it is looked at has shown it.
        return self._told_by_file is not None and None in self._ahead

    def is_borne_out_by(self, panels: Iterable[ColumnPanel]) -> bool:
        """Return whether the outcomes, added up, are numbers in all rows, as the file let suppose."""
        rows = self.columns.file.metadata.num_rows
        return not self._is_granted or all(
            cells["rows"].sum() == rows and np.isfinite(cells["num"]).all()
            for cells in (panel.cells() for panel in panels)
        )

    def _known(self, n: int) -> str:
        """Return, as SQL, which rows have the outcome, and do not ask where all do."""
        sure = self.units.whole is not None or not self._is_granted
        return "TRUE" if self._have_all(n) and sure else self.outcomes[n].known

    def _have_all(self, n: int) -> bool:
        return bool(self.looked[f"known{n}"].sum() == self.looked["n"].sum())

    def _grains_ahead(self, outcome: Outcome) -> Grains | None:
        """Return the grains to add an outcome up in, where the file tells how large it gets.

        With clusters of many units their sums give the cells at less cost.
        """
        ahead = outcome.exposure is None and "cluster" not in self.names
        most = self.columns.most(outcome.column) if ahead else None
        if most is None:
            return None
        return Grains.of(self.columns.file.metadata.num_rows, most, None, most * most)

    def _look(self, *, closely: bool = False) -> pd.DataFrame:
        """Ask, of every period and start, what there is and up to which size, and mark its units.

        And how much it comes to, in grains, where these are known ahead and nothing is doubtful.
        """
        if closely:
            self._told_by_file = None
        if self._told_by_file is None:
            looked_at = [o.looked_at(closely=closely) for o in self.outcomes]
        else:
            told = zip(self.outcomes, self._told_by_file, strict=True)
            looked_at = [o.told_by_file(most) for o, most in told]
        odd, *parts = zip(*looked_at, strict=True)
        names = [f"{part}{n}" for part in _LOOKED for n in range(len(self.outcomes))]
        asked = [part for of_all in parts for part in of_all]
        if not closely and None not in self._ahead:
            names += [f"{part}{n}" for n in range(len(self.outcomes)) for part in _ADDED]
            asked += [f"sum({part})" for n in range(len(self.outcomes)) for part in self._added(n)]
        ends = [name for key, name in self.names.items() if key != "start"]
        missing = [f"{quoted(name)} IS NULL" for name in ends if self.columns.may_lack(name)]
        found_odd = _any([*(each for each in odd if each != "FALSE"), *missing])
        time, start = quoted(self.names["time"]), quoted(self.names["start"])
        self.columns.run(
            f"CREATE OR REPLACE TEMP TABLE looked AS "
            f"SELECT row_number() OVER (ORDER BY time, start) AS id, * "
            f"FROM (SELECT {time} AS time, {start} AS start, count(*) AS n, "
            f"{found_odd} AS odd, {_any(self._spelt_otherwise())} AS spelt, "
            f"bit_xor(hash({quoted(self.names['unit'])})) AS mark, "
            f"{', '.join(f'{one} AS {name}' for one, name in zip(asked, names, strict=True))} "
            f"FROM {self.columns.source} GROUP BY ALL)"
        )
        every = ["id", "time", "start", "n", "odd", "spelt", "mark", *names]
        found = self.columns.run(f"SELECT {', '.join(every)} FROM looked ORDER BY id")
        looked = pd.DataFrame(found, columns=every, dtype=object)
        sizes = looked[[name for name in names if not name.startswith("known")]].astype(float)
        known = looked[[f"known{n}" for n in range(len(self.outcomes))]].to_numpy(np.int64) > 0
        doubtful = looked["odd"].any() or (~np.isfinite(sizes[known.all(axis=1)])).any(axis=None)
        return self._look(closely=True) if doubtful and not closely else looked

    def _added(self, n: int) -> tuple[str, str]:
        """Return, as SQL, what a row adds to its cell, in grains; nothing where there is no outcome."""
        outcome, grains = self.outcomes[n], self._grains(n)
        return _in_grains(outcome.num, grains.num), _in_grains(outcome.num2, grains.num2)

    def _grains(self, n: int) -> Grains:
        """Return the grains that an outcome is counted in."""
        ahead = self._ahead[n]
        if ahead is not None:
            return ahead
        num, den, num2 = self.looked[[f"num{n}", f"den{n}", f"square{n}"]].astype(float).max()
        has_den = self.outcomes[n].exposure is not None
        return Grains.of(self._largest, num, den if has_den else None, num2)

    def _cells(self, n: int) -> pd.DataFrame | None:
        """Return what the outcome comes to by cohort and period, if that was added up already."""
        if f"sum{n}" not in self.looked or self.units.left_out:
            return None
        rows = self.looked[f"known{n}"].to_numpy(np.int64)
        added = {
            "cohort": self.cohort,
            "period": self.period,
            "rows": rows,
            "num": self.looked[f"sum{n}"].astype(float),
            "den": np.ldexp(rows.astype(float), self._grains(n).den),
            "num2": self.looked[f"squares{n}"].astype(float),
        }
        return pd.DataFrame(added)[rows > 0].groupby(["cohort", "period"], as_index=False).sum()

    def _spelt_otherwise(self) -> list[str]:
        """Return whether a name is not in the one spelling `Spec.names` has for it."""
        texts = [quoted(name) for name in self._names_of_text()]
        return [f"{n} <> trim({n}) OR {n} LIKE '%.0'" for n in texts]

    def _names_of_text(self) -> list[str]:
        schema = self.columns.file.schema_arrow
        named = [self.names[key] for key in ("unit", "cluster") if key in self.names]
        return [name for name in named if "string" in str(schema.field(name).type)]

    def _rules(self) -> Iterator[tuple[str, Callable[[Spec], object]]]:
        """Yield what a row must not have, in SQL, and the rule that says so."""
        yield f"{quoted(self.names['unit'])} IS NULL", lambda row: row.names("unit")
        yield f"{quoted(self.names['time'])} IS NULL", _without_period
        if "cluster" in self.names:
            yield f"{quoted(self.names['cluster'])} IS NULL", lambda row: row.names("cluster")
        for outcome in self.outcomes:
            yield outcome.odd, outcome_rule(outcome)

    def _refuse_what_cannot_be(self) -> None:
        if self.looked["odd"].any():
            for condition, rule in self._rules():
                self._refuse_first(condition, rule)
        for n, outcome in enumerate(self.outcomes):
            if not self.looked[f"known{n}"].sum():
                outcome_rule(outcome)(self.spec.over(self._row("TRUE")))

    def _refuse_first(self, condition: str, rule: Callable[[Spec], object]) -> None:
        source = self.columns.numbered
        first = f"SELECT min(file_row_number) FROM {source} WHERE {condition}"
        number = self.columns.run(first)[0][0]
        if number is None:
            return
        row = self._row(f"file_row_number = {number}")
        try:
            rule(self.spec.over(row))
        except BadInput as exc:
            where = (exc.where or "").replace("data row 1", f"data row {number + 1}")
            raise BadInput(exc.message, where=where, hint=exc.hint) from exc

    def _row(self, condition: str) -> Table:
        names = self.columns.file.schema_arrow.names
        chosen = ", ".join(map(quoted, names))
        found = f"SELECT {chosen} FROM {self.columns.numbered} WHERE {condition} LIMIT 1"
        return Table.of(pd.DataFrame(self.columns.run(found), columns=names, dtype=object))

    def _keep_timing(self) -> None:
        """Read the periods and starts, and keep beside each what it means."""
        texts = {self.names[key]: self.looked[key] for key in ("time", "start")}
        small = self.spec.over(Table.of(pd.DataFrame(texts)))
        self.period, cohort, self.clock = panel.timing(small)
        self.cohort = cohort
        cells = pd.DataFrame({"period": self.period, "cohort": cohort, "n": self.looked["n"]})
        self._largest = int(cells.groupby(["period", "cohort"])["n"].sum().max())
        bit = np.searchsorted(np.unique(self.period), self.period)
        self.starts, nth = np.unique(cohort, return_inverse=True)
        start = 1 << (nth + len(np.unique(self.period)) if self.in_bits else 0 * nth)
        place = np.searchsorted(self.seen, self.period)
        mask, word = 1 << (bit % WORD), bit // WORD
        rows = zip(self.looked["id"], self.period, mask, word, place, cohort, start, strict=True)
        values = ", ".join(str(tuple(map(int, row))) for row in rows)
        self.columns.run(
            f"CREATE OR REPLACE TEMP TABLE timed AS SELECT time, start, m.* EXCLUDE (id) "
            f"FROM looked JOIN (VALUES {values}) AS m (id, {', '.join(_TIMED)}) USING (id)"
        )
        for name, of in _TIMED.items():
            known = f"SELECT DISTINCT {of}, {name} FROM timed WHERE {of} IS NOT NULL"
            self.columns.run(
                f"SET VARIABLE {name} = (SELECT map(list({of}), list({name})) FROM ({known}))"
            )

    @cached_property
    def seen(self) -> IntArray:
        """Return the periods in which the outcome is known of somebody."""
        return np.unique(self.period[self.looked["known0"].to_numpy(np.int64) > 0])

    @property
    def in_bits(self) -> bool:
        """Return whether bits tell all: every outcome known, few periods and starts."""
        every = bool(self.looked["known0"].sum() == self.looked["n"].sum())
        periods = len(np.unique(self.period))
        return every and periods <= LOGARITHM and periods + len(self.starts) <= WORD

    @property
    def rows(self) -> str:
        """Return the file's rows with what is known of each, under names that no file has."""
        return self.timed(self.columns.source)

    def timed(self, source: str) -> str:
        """Look times and starts up one by one: cheaper by far than a join on both."""
        found = ", ".join(f"{self._timing(name, of)} AS {name}" for name, of in _TIMED.items())
        return f"(SELECT *, {found} FROM {source})"

    def _timing(self, name: str, of: str) -> str:
        told = f"getvariable('{name}')[{quoted(self.names[of])}]"
        without = f"SELECT any_value({name}) FROM timed WHERE {of} IS NULL"
        missing = self.columns.run(without)[0][0]
        return told if missing is None else f"coalesce({told}, {missing})"

    def named(self, key: str) -> str:
        """Return a column of names, as SQL, each in the one spelling that it has in memory."""
        name = quoted(self.names[key])
        if self.names[key] in self._names_of_text() and self.looked["spelt"].any():
            return f"regexp_replace(trim({name}), '^(-?\\d+)\\.0+$', '\\1')"
        return name

    def sorted_by(self, key: str) -> str | None:
        """Return the column to part the file by, None when what stands there is not what is asked."""
        return self.names[key] if self.named(key) == quoted(self.names[key]) else None

    def panel(self, n: int, people: Mapping[int, int] | None = None) -> ColumnPanel:
        """Return one outcome's panel."""
        o, rows = self.outcomes[n], f"rows{n}"
        key = "cluster" if "cluster" in self.names else "unit"
        self.columns.run(
            f"CREATE OR REPLACE TEMP VIEW {rows} AS SELECT _cohort_ AS cohort, {self.named(key)} AS cluster, "
            f"_period_ AS period, {o.num} AS num, {o.den} AS den, {o.num2} AS num2, "
            f"{self.named('unit')} AS unit FROM {self.rows} WHERE {self._known(n)}{self._but_lacking()}"
        )
        if people is None:
            people = self._counted(rows)
        levels = self._levels(n, people)
        grains, cells = self._grains(n), self._cells(n) if levels is None else None
        if levels is not None:
            grains = grains._replace(num=grains.num - _ROOM)
            rows, cells = levels.shifted(grains)
            people = self._counted(rows)
        has_den = o.exposure is not None
        told = [name for name in Grains._fields if name != "den" or has_den]
        measures = (f"{_in_grains(name, getattr(grains, name))} AS {name}" for name in told)
        self.columns.run(
            f"CREATE OR REPLACE TEMP VIEW outcome{n} AS SELECT cohort, cluster, period, "
            f"{', '.join(measures)}, num AS plain FROM {rows}"
        )
        made = UnitPanel if key == "unit" else ColumnPanel
        return made(
            self.columns,
            f"outcome{n}",
            grains,
            people,
            self.sorted_by(key),
            has_den=has_den,
            cells=cells,
            complete=key == "unit"
            and self.units.whole is not None
            and self._have_all(n)
            and not has_den,
        )

    def _counted(self, rows: str) -> dict[int, int]:
        counted = f"SELECT cohort, count(DISTINCT unit) FROM {rows} GROUP BY cohort"
        return {row[0]: row[1] for row in self.columns.run(counted)}

    def _levels(self, n: int, people: Mapping[int, int]) -> LargeLevels | None:
        """Return the levels of units, where some come and go, and one is not who leaves."""
        known = self.looked[f"known{n}"].to_numpy(np.int64)
        seen = np.unique(self.period[known > 0])
        hazard = self.outcomes[n].kpi["kind"] == "time_to_event"
        # Of the first outcome, nobody lacks a period then.
        whole = n == 0 and self.units.left_out
        if hazard or whole or known.sum() == sum(people.values()) * len(seen):
            return None
        levels = LargeLevels(self.columns, f"rows{n}", seen)
        if not levels.are_told():
            return None
        self.without_level = levels.left_out if n == 0 else self.without_level
        return levels

    def _but_lacking(self) -> str:
        """Return what keeps units out that lack a period."""
        return f" AND {self.named('unit')} NOT IN (FROM lacking)" if self.units.left_out else ""

    def is_of_single_people(self) -> bool:
        """Return whether no row tells of more than one thing that happened, or over more than one."""
        return float(self.looked[["num0", "den0"]].astype(float).max().max()) <= 1

    def look_at_each(self) -> None:
        """Take nothing for granted by the file's own word."""
        self._told_by_file = None
        self.__dict__.pop("seen", None)
        self._look_through()


_ROOM = 2
"""Bits that a sum may need more once levels are taken off."""
_LOOKED = ("known", "num", "den", "square")
_ADDED = ("sum", "squares")
_TIMED = {
    "_period_": "time",
    "_mask_": "time",
    "_word_": "time",
    "_place_": "time",
    "_cohort_": "start",
    "_start_": "start",
}
"""What is known of a row by its time or by its start."""


def outcome_rule(outcome: Outcome) -> Callable[[Spec], object]:
    """Return the rule for the outcome of a row."""
    return lambda row: measures(row, outcome.kpi, outcome.column, outcome.exposure, outcome.where)


def _without_period(row: Spec) -> None:
    if not row.column("time").told.all():
        raise no_period(1)


def _any(conditions: Sequence[str]) -> str:
    """Return whether any row meets any of the conditions; to ask nothing costs nothing."""
    return f"coalesce(bool_or({' OR '.join(conditions)}), FALSE)" if conditions else "FALSE"


def _in_grains(value: str, grain: int) -> str:
    return f"round({value} * {2.0**grain!r}::DOUBLE)"
