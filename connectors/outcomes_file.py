"""An outcomes file that can be read: which of its columns are metrics, and how it writes things."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from connectors.coverage import Coverage
from connectors.files.columns import Columns, columns_of, missing, place_of
from connectors.files.mapping import FileMapping, WideMetric, read_toml, wide_metrics
from connectors.files.staging import Staged, unreadable
from connectors.files.table import Table, read_table
from connectors.layouts import chosen_mapping, salt
from connectors.model.days import is_day, is_first_of_month
from connectors.model.metrics import Declared, declared
from connectors.model.outcomes import (
    COLUMNS,
    SUBJECTS,
    TIMES,
    WIDE_COLUMNS,
    Observation,
    OutcomeReading,
    WideColumn,
    key_of,
    long_measure,
    observation,
    wide_measures,
)
from lrs.errors import BadInput
from lrs.store.database import Database

ENTITY = "outcomes"


@dataclass(frozen=True, slots=True)
class OutcomesFile:
    """The file, where its columns stand, and the metrics it declares."""

    table: Table
    mapping: FileMapping
    columns: Columns
    wide: tuple[WideColumn, ...]
    dimensions: tuple[tuple[str, int], ...]
    unused: tuple[str, ...]
    reading: OutcomeReading
    declared: tuple[Declared, ...]
    salt: bytes

    def observation(self, row: Staged) -> Observation:
        """Return what a row says; raises `BadInput` whose ``where`` is the column."""
        if row.fault is not None:
            raise BadInput(row.fault)
        given = self.columns.given(row.fields)
        if self.wide:
            measures = tuple(wide_measures(row.fields, self.wide, self.reading))
        else:
            measures = (long_measure(given, self.reading),)
        beside = {name: row.fields[at] for name, at in self.dimensions if row.fields[at]}
        return observation(row.line, given, measures, self.reading, beside)

    def staged(self, coverage: Coverage) -> Iterator[tuple[str, Staged]]:
        """Yield each row under the key of its observation; one without a key can only be refused."""
        for record in self.table.records():
            row = Staged(*record)
            if row.fault is None:
                coverage.see(row.fields)
            yield self._key(row) or unreadable(row.line), row

    def _key(self, row: Staged) -> str:
        try:
            return "" if row.fault else key_of(self.columns.given(row.fields), self.reading)
        except BadInput:
            return ""

    @property
    def filled(self) -> list[tuple[str, int]]:
        """Return the columns that should not run dry: ours, and those that are metrics."""
        return [*self.columns.ours, *((column.column, column.place) for column in self.wide)]


def open_outcomes_file(
    database: Database,
    tenant_id: int,
    path: Path,
    mapping: Path | None,
    wide: Sequence[str],
    metrics: Path | None,
) -> OutcomesFile:
    """Return the file ready to be read; raises `BadInput` when it is no outcomes file."""
    table = read_table(path)
    chosen = chosen_mapping(database, tenant_id, ENTITY, table, mapping)
    if wide:
        chosen = replace(chosen, metrics=wide_metrics(wide, table.header))
    columns = columns_of(table, WIDE_COLUMNS if chosen.metrics else COLUMNS, chosen.columns)
    _refuse_lacking(table, columns, chosen)
    places = tuple(_wide_column(table, one) for one in chosen.metrics)
    taken = {place for one in places for place in (one.place, one.denominator_place)}
    beside = [(name, place) for name, place in columns.extras if place not in taken]
    kept = [(name, place_of(table, name, "mapping, dimensions")) for name in chosen.dimensions]
    dimensions = tuple(kept or (() if places else beside))
    reading = _reading(table, columns, chosen)
    return OutcomesFile(
        table=table,
        mapping=chosen,
        columns=columns,
        wide=places,
        dimensions=dimensions,
        unused=tuple(name for name, place in beside if (name, place) not in dimensions),
        reading=reading,
        declared=tuple(_declared(chosen.metrics, metrics)),
        salt=salt(table, chosen, reading),
    )


def _refuse_lacking(table: Table, columns: Columns, mapping: FileMapping) -> None:
    for needed in (SUBJECTS, TIMES):
        if not any(columns.has(name) for name in needed):
            raise missing(table, [" or ".join(needed)])
    if mapping.metrics:
        return
    if not columns.has("metric"):
        raise _no_metrics(table, columns)
    if not columns.has("value") and not (columns.has("numerator") and columns.has("denominator")):
        raise missing(table, ["value (or numerator and denominator)"])


def _no_metrics(table: Table, columns: Columns) -> BadInput:
    extras = [name for name, _ in columns.extras]
    example = " ".join(f'--wide "{name}={name}"' for name in extras[:2])
    return BadInput(
        "which columns are metrics?",
        where=f"{table.name}:1",
        hint=f"name them, such as {example or '--wide METRIC=COLUMN'}, with /DENOMINATOR for what "
        f"is counted per something; or give a column `metric`. Found: {', '.join(table.header)}",
    )


def _wide_column(table: Table, wide: WideMetric) -> WideColumn:
    where = f"metric {wide.metric.key}"
    per = None if wide.denominator is None else place_of(table, wide.denominator, where)
    place = place_of(table, wide.column, where)
    return WideColumn(wide.metric.key, place, per, wide.column, wide.denominator)


def _reading(table: Table, columns: Columns, mapping: FileMapping) -> OutcomeReading:
    is_daily = mapping.period == "day"
    if mapping.period is None and columns.has("period"):
        is_daily = _is_daily(table, dict(columns.ours)["period"])
    return OutcomeReading(mapping.date_formats, mapping.decimal == ",", is_daily)


def _is_daily(table: Table, place: int) -> bool:
    """Return whether a date in ``period`` is a day: not so while all of them begin a month."""
    for record in table.records():
        text = record.fields[place] if place < len(record.fields) else ""
        if is_day(text) and not is_first_of_month(text):
            return True
    return False


def _declared(wide: Sequence[WideMetric], metrics: Path | None) -> Iterator[Declared]:
    """Yield what is declared of metrics: in metrics.toml, and by the mapping or command over it."""
    stated = {} if metrics is None else {one.key: one for one in metrics_in(metrics)}
    for one in wide:
        before = stated.pop(one.metric.key, None)
        yield one.metric if before is None else one.metric.over(before)
    yield from stated.values()


def metrics_in(path: Path) -> list[Declared]:
    """Return the metrics that a metrics.toml declares."""
    return declared(read_toml(path), path.name)
