"""A panel left in its file: read by DuckDB, with the same rules and errors.

From `LARGE` rows on, where that begins to cost less, the file is never in memory; the answer equals
that of `panel` to nine digits and more. Needs the extra ``duckdb``; without it `panel` reads the
file as any other.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from analytics.answering import answer_panel
from analytics.designs import panel
from analytics.designs.outcome_sql import Outcome
from analytics.designs.spec import Given, Spec, question_of
from analytics.designs.table import Table

if TYPE_CHECKING:
    from analytics.designs.large_table import LargeTable
    from analytics.store.columns import ColumnPanel, Columns

LARGE = 250_000
"""Rows from which a table is left in its file."""
LARGE_CSV, LARGE_PACKED = 10_000_000, 1_000_000
"""Bytes from which a CSV file is not read into memory, as it is and packed."""


@contextmanager
def large_file(spec: Spec) -> Iterator[Path | None]:
    """Yield the Parquet file to leave the spec's table in; None where it has its place in memory.

    A large CSV file is put down as one, in a folder that is removed at the end.
    """
    path = spec.path
    if isinstance(spec, Given):
        yield None  # its rows are in memory, and not all of them in the file
    elif not path.is_file() or not _has_duckdb():
        yield None  # `read_table` says what is wrong
    elif path.suffix == ".parquet":
        yield path if _is_large(spec, path) else None
    elif path.stat().st_size >= (LARGE_PACKED if path.suffix == ".gz" else LARGE_CSV):
        with tempfile.TemporaryDirectory(prefix="verkan-") as folder:
            yield _put_down(spec, Path(folder))
    else:
        yield None


def _has_duckdb() -> bool:
    return all(find_spec(name) is not None for name in ("duckdb", "pyarrow"))


def _is_large(spec: Spec, path: Path) -> bool:
    import pyarrow.parquet as pq

    try:
        schema, rows = pq.read_schema(path), pq.read_metadata(path).num_rows
    except (OSError, ValueError):
        return False  # `read_table` says what is wrong
    return rows >= LARGE and _is_plain(spec, schema)


def _put_down(spec: Spec, folder: Path) -> Path | None:
    """Write what the spec asks for of a CSV file to a Parquet file, if it is plain."""
    from analytics.designs import large_csv  # with SQLAlchemy, which other tables do without

    separator = spec.optional("separator")
    header = large_csv.header_of(spec.path, separator)
    outcomes = list(_outcomes(spec))
    if header is None or any(outcome.kpi.get("scale") for outcome in outcomes):
        return None
    _check_columns(spec, header.names, outcomes)
    numbers = {name for o in outcomes for name in (o.column, o.exposure) if name is not None}
    named = {spec.optional(key) for key in ("unit", "time", "start", "cluster")} - {None}
    return large_csv.as_parquet(spec.path, header, {*map(str, named)}, numbers, folder)


def _is_plain(spec: Spec, schema: Any) -> bool:
    """Return whether units are whole numbers or names, and outcomes numbers as they are."""
    from pyarrow import types

    kinds = dict(zip(schema.names, schema.types, strict=True))
    of_units = (types.is_integer, types.is_string, types.is_large_string)
    of_values = (types.is_integer, types.is_floating, types.is_decimal)
    outcomes = list(_outcomes(spec))
    wanted = [(spec.optional(key), of_units) for key in ("unit", "cluster")]
    wanted += [(name, of_values) for o in outcomes for name in (o.column, o.exposure)]
    plain = all(any(is_a(kinds[name]) for is_a in of) for name, of in wanted if name in kinds)
    return plain and not any(outcome.kpi.get("scale") for outcome in outcomes)


def answer(spec: Spec, path: Path, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer of a table in such a file, as `panel.answer` does."""
    from analytics.store.columns import Columns  # with SQLAlchemy, which other tables do without

    columns = Columns(path)
    try:
        return _answer(spec, columns, provenance)
    finally:
        columns.close()


def _answer(spec: Spec, columns: Columns, provenance: Mapping[str, Any]) -> dict[str, Any]:
    from analytics.designs.large_table import LargeTable

    outcomes = list(_outcomes(spec))
    _check_columns(spec, columns.file.schema_arrow.names, outcomes)
    table = LargeTable(spec, columns, outcomes)
    if spec.kpi["kind"] == "time_to_event" and table.is_of_single_people():
        panel.refuse_people_by_themselves(spec, chosen_within=False)
    flags, own, others = _panels(table, outcomes)
    if not table.is_borne_out_by([own, *others]):
        table.look_at_each()
        flags, own, others = _panels(table, outcomes)
    questions = [question_of(o.kpi, outcome_name=o.column) for o in outcomes[1:]]
    left_out = table.units.left_out + table.without_level
    found = answer_panel(
        own,
        panel.question_of_panel(spec, table.clock),
        companions={
            question.outcome_name: (other, question)
            for question, other in zip(questions, others, strict=True)
        },
        provenance=provenance,
        flags=panel.flags_of([*spec.flags, *flags], left_out),
    )
    return panel.with_left_out(found, left_out)


def _panels(
    table: LargeTable, outcomes: list[Outcome]
) -> tuple[list[str], ColumnPanel, list[ColumnPanel]]:
    """Return what is to be said of the units, the outcome's panel and those of its companions."""
    people, flags = table.units.found()
    others = [table.panel(n) for n in range(1, len(outcomes))]
    return flags, table.panel(0, people), others


def _outcomes(spec: Spec) -> Iterator[Outcome]:
    """Yield the outcome, and its companions."""
    yield Outcome(spec.kpi, spec.text("outcome"), spec.optional("exposure"), "")
    for where, kpi, part in panel.companions_of(spec):
        yield Outcome(kpi, str(part.get("outcome")), part.get("exposure"), where)


def _check_columns(spec: Spec, names: Sequence[str], outcomes: list[Outcome]) -> None:
    """Refuse a name that no column has, as a table in memory would."""
    named = spec.over(Table.of(pd.DataFrame(columns=list(names))))
    for key in ("unit", "time", "start"):
        named.column(key)
    if spec.optional("cluster"):
        named.column("cluster")
    for outcome in outcomes:
        named.named(outcome.column, f"{outcome.where}outcome")
        if outcome.exposure is not None:
            named.named(outcome.exposure, f"{outcome.where}exposure")
