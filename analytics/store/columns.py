"""A Parquet file that is larger than memory, asked by DuckDB: `analytics.estimators.panel.Panel`.

The same text that the record store runs (`sums`), on a database that lives in memory over the file and
spills to a folder of its own. Sums come out the same to the last bit whatever the number of threads:
every value is rounded to a grain so fine that no estimate feels it, and so coarse that sums of grains
are whole numbers a double holds exactly, in whatever order they are added.

Needs the extra ``duckdb``. Nothing is fetched at run time: extensions are barred.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import sqlalchemy as sa

from analytics.estimators.grid import FloatArray, Grid
from analytics.estimators.moments import LISTED, Moments
from analytics.estimators.panel import Scores
from analytics.store import sums
from analytics.store.adding import Block, Rows, added_up, in_blocks, part_by_part

MEMORY = "250MB"
THREADS = 1
"""One spends the least, in seconds of CPU and in memory; the answer is the same with more."""
_AT_ONCE = 1 << 15
"""Rows of a batch: few enough that they stay near while they are added up."""
_SLICE, _SLICES, _MOST = 2_000_000, 32, 8_000_000
"""Rows of a part at least, parts at best, and rows of a part at most."""
_EXACT = 53
"""Bits of a whole number that a double holds."""
_FINEST = 1000
"""The finest grain whose number of them in one is still a double."""


class Bounds(NamedTuple):
    """A part of the file: more than ``after``, at most ``upto``; None is no bound."""

    after: Any = None
    upto: Any = None
    low: Any = None
    high: Any = None
    rows: int = 0

    def is_dense(self, periods: int) -> bool:
        """Return whether whole numbers stand there, with so few left out that all have room at once."""
        whole = isinstance(self.low, int) and isinstance(self.high, int)
        return whole and self.clusters * periods <= 3 * _MOST

    @property
    def clusters(self) -> int:
        """Return how many whole numbers there are from the least to the greatest."""
        return int(self.high - self.low + 1)


class Columns:
    """One Parquet file."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self.file = pq.ParquetFile(path)
        name = literal(str(path))
        self.source = f"read_parquet({name})"
        self.numbered = f"read_parquet({name}, file_row_number = true)"
        self._spill = tempfile.TemporaryDirectory(prefix="verkan-")
        self._db = in_memory(Path(self._spill.name))
        self._db.execute("SET parquet_metadata_cache = true")

    def close(self) -> None:
        """Let go of the file and of what was spilled."""
        self._db.close()
        self.file.close()
        self._spill.cleanup()

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL and return its rows, which must be few."""
        found = self._db.execute(sql)
        return list(found.fetchall()) if found.description else []

    def frame(self, query: sa.Select[Any]) -> pd.DataFrame:
        """Return the rows of a portable query."""
        return pd.DataFrame(self._db.execute(sums.text_of(query)).fetchnumpy())

    def arrays(self, query: sa.Select[Any]) -> list[npt.NDArray[Any]]:
        """Return the columns of a portable query that has no nulls in its answer."""
        return list(self._db.execute(sums.text_of(query)).fetchnumpy().values())

    def batches(self, sql: str) -> Iterator[Any]:
        """Yield the rows of a query a part at a time."""
        reader = self._db.sql(sql).to_arrow_reader(_AT_ONCE)
        try:
            yield from reader
        finally:
            reader.close()

    def slices(self, column: str) -> list[Bounds]:
        """Part the file by a column it is sorted by, so that each part is read and summed on its own.

        A file that is sorted otherwise stays whole.
        """
        enough = min(max(_SLICE, self.file.metadata.num_rows // _SLICES), _MOST)
        parts = [Bounds()]
        for low, high, rows in sorted(self._ranges(column)):
            last = parts[-1]
            if last.rows >= enough and low > last.high:
                parts[-1] = last._replace(upto=last.high)
                last = Bounds(after=last.high)
                parts.append(last)
            ends = (low, high) if last.low is None else (last.low, max(last.high, high))
            parts[-1] = Bounds(last.after, None, *ends, last.rows + rows)
        return parts

    def are_in_order(self, column: str) -> bool:
        """Return whether the file has its parts one after the other."""
        ranges = self._ranges(column)
        return ranges == sorted(ranges)

    def may_lack(self, column: str) -> bool:
        """Return whether a row may be without a value there, as far as the file itself tells."""
        told = [found for found, _ in self._told(column)]
        return not all(f is not None and f.has_null_count and f.null_count == 0 for f in told)

    def most(self, column: str) -> float | None:
        """Return the greatest size of a number there, NaN left aside; None where the file tells none."""
        told = [found for found, _ in self._told(column)]
        if not all(found is not None and found.has_min_max for found in told):
            return None
        most = max((abs(float(end)) for found in told for end in (found.min, found.max)), default=0)
        return most if math.isfinite(most) else None

    def _told(self, column: str) -> list[tuple[Any, int]]:
        """Return what each row group tells of a column, and its rows."""
        at = self.file.schema_arrow.names.index(column)
        groups = [self.file.metadata.row_group(n) for n in range(self.file.num_row_groups)]
        return [(group.column(at).statistics, group.num_rows) for group in groups]

    def _ranges(self, column: str) -> list[tuple[Any, Any, int]]:
        """Return the least and greatest value of each row group, none unless all tell them."""
        told = self._told(column)
        if not all(found is not None and found.has_min_max for found, _ in told):
            return []
        return [(found.min, found.max, rows) for found, rows in told]


def in_memory(folder: Path) -> Any:
    """Return a database of DuckDB's that holds little in memory, spills to a folder and fetches nothing."""
    import duckdb

    limits: dict[str, Any] = {
        "memory_limit": MEMORY,
        "threads": THREADS,
        "temp_directory": str(folder),
    }
    barred = dict.fromkeys(("autoinstall_known_extensions", "autoload_known_extensions"), False)
    db = duckdb.connect(config=limits | barred)
    db.execute("SET enable_progress_bar = false")
    return db


def literal(value: str | int) -> str:
    """Return a text or whole number as SQL writes it."""
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(int(value))


class Grains(NamedTuple):
    """The grains of ``num``, ``den`` and ``num2``, as powers of two: a value is counted in them.

    Where every row has a den of one, dens are counted as they are.
    """

    num: int
    den: int
    num2: int

    @classmethod
    def of(cls, rows: int, num: float, den: float | None, num2: float) -> Grains:
        """Return grains for sums of that many rows, a cell's, of values up to these.

        None for ``den`` is one in every row.
        """
        bits = _EXACT - math.ceil(math.log2(max(rows, 2)))
        fine = [min(bits - math.frexp(most or 0)[1], _FINEST) for most in (num, den, num2)]
        return cls(fine[0], 0 if den is None else fine[1], fine[2])


class ColumnPanel:
    """One outcome: rows of cohort, cluster, period, num, den and num2 in grains, in a named view.

    Without den, where every row has one.
    """

    def __init__(
        self,
        columns: Columns,
        view: str,
        grains: Grains,
        people: Mapping[int, int],
        sorted_by: str | None,
        *,
        has_den: bool,
        cells: pd.DataFrame | None = None,
        complete: bool = False,
    ) -> None:
        """``sorted_by`` is the column of the file that clusters stand in as they are, if one has them.

        ``has_den`` says whether the view tells dens; ``cells`` are the sums by cohort and period in
        grains, where they are known already; ``complete`` says that every cluster is known to have a
        row of every period, with a den of one.
        """
        self.columns = columns
        self.grains = grains
        self._people = people
        self._cells = cells
        self._sorted_by = sorted_by
        self._has_den = has_den
        self._complete = complete
        measures = [name for name in Grains._fields if name != "den" or has_den]
        self._rows = _table(view, *sums.KEY, *measures)
        self.sums = _table(f"{view}_sums", *sums.KEY, "rows", *Grains._fields)
        self._make_sums()

    def _make_sums(self) -> None:
        into = f"CREATE OR REPLACE TEMP TABLE {self.sums.name} AS "
        for bounds in self._slices():
            rows = _between(sa.select(self._rows), self._rows.c.cluster, bounds).cte("observations")
            self.columns.run(into + sums.text_of(sums.by_cluster(rows)))
            into = f"INSERT INTO {self.sums.name} "

    def _slices(self) -> list[Bounds]:
        by = self._sorted_by
        return [Bounds()] if by is None else self.columns.slices(by)

    def cells(self) -> pd.DataFrame:
        """Return one row per cohort and period."""
        if self._cells is None:
            self._cells = self.columns.frame(sums.cells(self.sums))
        found = self._cells.copy()
        for name in ("num", "den", "num2"):
            found[name] = np.ldexp(found[name].to_numpy(np.float64), -getattr(self.grains, name))
        return found

    def sizes(self) -> pd.DataFrame:
        """Return one row per cohort: clusters and people."""
        found = self.columns.frame(sums.clusters(self.sums))
        return found.assign(people=found["cohort"].map(self._people))

    def scores(self, weights: pd.DataFrame) -> Scores:
        """Return, for each cohort and cluster, the weighted sums of deviations from the means."""
        names = [str(n) for n in weights.columns if n not in ("cohort", "period", "mean")]
        scale = 2.0 ** (self.grains.num - self.grains.den)
        plain = weights.assign(mean=weights["mean"] * scale)[["cohort", "period", "mean", *names]]
        columns = ["cohort", "period", "mean", *(f"w{i}" for i in range(len(names)))]
        values = ", ".join(_tuple(row) for row in plain.itertuples(index=False, name=None))
        self.columns.run(
            f"CREATE OR REPLACE TEMP TABLE stage_weights AS "
            f"SELECT * FROM (VALUES {values}) AS w ({', '.join(columns)})"
        )
        table = _table("stage_weights", *columns)
        cohort, cluster, *found = self.columns.arrays(sums.scores(self.sums, table, len(names)))
        summed = np.column_stack(found) if found else np.zeros((len(cohort), 0))
        return Scores(cohort, cluster, np.ldexp(summed.astype(np.float64), -self.grains.num))

    def moments(self, grid: Grid, mean: FloatArray) -> Moments | None:
        """Return the clusters' sums and products where they are too many to list."""
        if int(grid.clusters.sum()) <= LISTED:
            return None
        if self._crossed():
            return None
        return added_up(self._blocks(len(grid.periods)), grid, mean)

    def _crossed(self) -> bool:
        return bool(self.columns.run(sums.text_of(sums.in_several_cohorts(self.sums)))[0][0])

    def _blocks(self, periods: int) -> Iterator[Block]:
        """Yield blocks of whole clusters; rows need no order where numbers tell clusters apart."""
        every = self._each()
        for bounds in self._slices():
            within = _between(every, every.selected_columns.cluster, bounds)
            if bounds.is_dense(periods):
                yield Block(bounds.low, bounds.clusters, self._read(within), self._complete)
            else:
                yield from in_blocks(self._read(sums.in_order(within)))

    def _each(self) -> sa.Select[Any]:
        """Return what `_read` takes, of every cluster."""
        return sums.each(self.sums)

    def _read(self, query: sa.Select[Any]) -> Iterator[Rows]:
        """Yield the rows of a query, in no grains; without den each has one."""
        to_num, to_den = self._to_num, 2.0**-self.grains.den
        batches = numbered(self.columns.batches(sums.text_of(query)))
        for cohort, cluster, period, num, *told in batches:
            den = told[0] * to_den if told else np.broadcast_to(1.0, len(num))
            yield Rows(cohort, cluster, period, num * to_num, den)

    @property
    def _to_num(self) -> float:
        """Return what makes a number of what `_each` tells of num."""
        return float(2.0**-self.grains.num)


class UnitPanel(ColumnPanel):
    """One outcome of units that each are a cluster, in a view with a row a period.

    It has another column: plain, which is num in no grains.
    """

    def _make_sums(self) -> None:
        each: list[Any] = [
            *self._rows.c,
            sa.column("plain"),
            sa.literal(1, sa.Integer).label("rows"),
        ]
        if not self._has_den:
            each.append(sa.cast(1, sa.Double).label("den"))
        view = sums.text_of(sa.select(*each).select_from(self._rows))
        self.columns.run(f"CREATE OR REPLACE TEMP VIEW {self.sums.name} AS {view}")

    def sizes(self) -> pd.DataFrame:
        """Return one row per cohort: clusters and people."""
        people = pd.Series(self._people, dtype=np.int64).sort_index()
        return pd.DataFrame({"cohort": people.index, "clusters": people, "people": people})

    def _crossed(self) -> bool:
        return False

    def _blocks(self, periods: int) -> Iterator[Block]:
        by, parts = self._sorted_by, self._slices()
        dense = all(part.is_dense(periods) for part in parts)
        # Rows that had to be looked up elsewhere first may come in any order.
        in_order = self._complete and by is not None and self.columns.are_in_order(by)
        if not (dense and in_order):
            yield from super()._blocks(periods)
            return
        # To ask for the rows of a part costs a third more than to read them all.
        read = part_by_part(self._read(self._each()), [part.high for part in parts])
        for bounds, rows in zip(parts, read, strict=True):
            yield Block(bounds.low, bounds.clusters, rows, complete=True)

    def _each(self) -> sa.Select[Any]:
        rows = _table(self.sums.name, *sums.KEY, "plain", *(("den",) if self._has_den else ()))
        return sa.select(rows)

    @property
    def _to_num(self) -> float:
        return 1.0


def numbered(batches: Iterator[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield a batch's columns as arrays, clusters that are names as running numbers."""
    import pyarrow as pa
    from pyarrow import compute

    number, last = 0, None
    for batch in filter(len, batches):
        cohort, cluster, *rest = batch.columns
        if pa.types.is_integer(cluster.type):
            codes = cluster.to_numpy()
        else:
            new = np.ones(len(cluster), np.int64)
            new[1:] = compute.not_equal(cluster[1:], cluster[:-1]).to_numpy(zero_copy_only=False)
            new[0] = cluster[0].as_py() != last
            codes = number + new.cumsum()
            number, last = int(codes[-1]), cluster[-1].as_py()
        yield cohort.to_numpy(), codes, *(column.to_numpy() for column in rest)


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns))


def _between(
    query: sa.Select[Any], column: sa.ColumnElement[Any], bounds: Bounds
) -> sa.Select[Any]:
    if bounds.after is not None:
        query = query.where(column > sa.literal_column(literal(bounds.after)))
    if bounds.upto is None:
        return query
    return query.where(column <= sa.literal_column(literal(bounds.upto)))


def _tuple(row: tuple[Any, ...]) -> str:
    cohort, period, *weights = row
    return f"({int(cohort)}, {int(period)}, {', '.join(f'{float(w)!r}::DOUBLE' for w in weights)})"
