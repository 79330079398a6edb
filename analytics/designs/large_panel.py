"""A panel in a Parquet file too large for memory: read by DuckDB, with the same rules and errors.

From `LARGE` rows on the file is never in memory; the answer equals that of `panel` to nine digits and
more. Needs the extra ``duckdb``; without it `panel` reads the file as any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from analytics.answering import answer_panel
from analytics.designs import panel
from analytics.designs.outcome_sql import Outcome
from analytics.designs.spec import Given, Spec, question_of
from analytics.store.adding import NotAsSupposed

if TYPE_CHECKING:
    from analytics.designs.large_table import LargeTable
    from analytics.store.columns import Columns

LARGE = 2_000_000
"""Rows from which a table is left in its file."""


def is_large(spec: Spec) -> bool:
    """Return whether the spec's file is a large Parquet file, and DuckDB is there to read it."""
    if spec.path.suffix != ".parquet" or not spec.path.is_file():
        return False
    try:
        import duckdb  # noqa: F401
        import pyarrow.parquet as pq

        schema, rows = pq.read_schema(spec.path), pq.read_metadata(spec.path).num_rows
    except (ImportError, OSError, ValueError):
        return False  # `read_table` says what is wrong
    return rows >= LARGE and _is_plain(spec, schema)


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


def answer(spec: Spec, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer, as `panel.answer` does."""
    from analytics.store.columns import Columns  # with SQLAlchemy, which other tables do without

    columns = Columns(spec.path)
    try:
        return _answer(spec, columns, provenance)
    finally:
        columns.close()


def _answer(spec: Spec, columns: Columns, provenance: Mapping[str, Any]) -> dict[str, Any]:
    from analytics.designs.large_table import LargeTable

    outcomes = list(_outcomes(spec))
    _check_columns(spec, columns, outcomes)
    table = LargeTable(spec, columns, outcomes)
    if spec.kpi["kind"] == "time_to_event" and table.is_of_single_people():
        panel.refuse_people_by_themselves(spec, chosen_within=False)
    try:
        return _answered(spec, table, outcomes, provenance)
    except NotAsSupposed:
        table.look_at_each()
    # Only here has what was under way let go of the file.
    return _answered(spec, table, outcomes, provenance)


def _answered(
    spec: Spec, table: LargeTable, outcomes: list[Outcome], provenance: Mapping[str, Any]
) -> dict[str, Any]:
    people, flags = table.units.found()
    companions = {}
    for n, outcome in enumerate(outcomes[1:], start=1):
        question = question_of(outcome.kpi, outcome_name=outcome.column)
        companions[question.outcome_name] = (table.panel(n), question)
    own = table.panel(0, people)
    panels = [own, *(companion for companion, _ in companions.values())]
    if not table.is_borne_out_by(panels):
        raise NotAsSupposed
    found = answer_panel(
        own,
        panel.question_of_panel(spec, table.clock),
        companions=companions,
        provenance=provenance,
        flags=panel.flags_of([*spec.flags, *flags], table.units.left_out),
    )
    if own.is_held_whole:
        raise NotAsSupposed
    return panel.with_left_out(found, table.units.left_out)


def _outcomes(spec: Spec) -> Iterator[Outcome]:
    """Yield the outcome, and its companions."""
    yield Outcome(spec.kpi, spec.text("outcome"), spec.optional("exposure"), "")
    for where, kpi, part in panel.companions_of(spec):
        yield Outcome(kpi, str(part.get("outcome")), part.get("exposure"), where)


def _check_columns(spec: Spec, columns: Columns, outcomes: list[Outcome]) -> None:
    """Refuse a name that no column has, as a table in memory would."""
    header = pd.DataFrame(columns=columns.file.schema_arrow.names)
    named = Given(spec.given, spec.base, rows=header)
    for key in ("unit", "time", "start"):
        named.column(key)
    if spec.optional("cluster"):
        named.column("cluster")
    for outcome in outcomes:
        named.named(outcome.column, f"{outcome.where}outcome")
        if outcome.exposure is not None:
            named.named(outcome.exposure, f"{outcome.where}exposure")
