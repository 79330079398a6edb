"""Which mapping a file is read with: the one given, the one remembered for its header, or none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson

from connectors.files.mapping import FileMapping, mapping_of, read_toml
from connectors.files.table import Table
from connectors.store.runs import remembered_mapping
from lrs.errors import BadInput
from lrs.store.database import Database
from lrs.xapi.digests import digest16


def chosen_mapping(
    database: Database, tenant_id: int, entity: str, table: Table, given: Path | None
) -> FileMapping:
    """Return the mapping to read the table with."""
    if given is not None:
        mapping = mapping_of(read_toml(given), given.name)
    else:
        with database.read() as conn:
            kept = remembered_mapping(conn, tenant_id, entity, table.layout)
        mapping = mapping_of(kept, "the remembered mapping") if kept else FileMapping()
    _refuse_bad_formats(mapping)
    return mapping if mapping.decimal else replace(mapping, decimal=_decimal(table))


def _refuse_bad_formats(mapping: FileMapping) -> None:
    for form in mapping.date_formats:
        if "%Y" not in form or "%d" not in form:
            raise BadInput(
                f"date_format {form!r} does not name a day",
                where="mapping, date_format",
                hint="such as %d-%m-%Y; a year of two digits can be read two ways",
            )


def _decimal(table: Table) -> str:
    return "," if table.delimiter == ";" else "."


def salt(table: Table, mapping: FileMapping, *more: object) -> bytes:
    """Return a digest of all that, beside its fields, decides how a row is read."""
    read_as = [table.layout.hex(), mapping.as_json(), [repr(one) for one in more]]
    return digest16(orjson.dumps(read_as))
