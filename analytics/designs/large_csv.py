"""A large CSV file put down as Parquet for the time of one answer, so that it is never in memory.

What stands in it is read as `table` reads it. Whatever DuckDB and `table` may understand differently
(a row with too few cells, a number written in words) is left to `table`, which knows what to say. Only a
separator too many at the end of a row, which loses nothing, is let pass here.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from analytics.designs.column import GROUPED, SHORT
from analytics.designs.outcome_sql import quoted
from analytics.designs.table import MISSING, SEPARATORS, WHOLE
from analytics.store.columns import in_memory, literal

_LONGEST = 1 << 16
_FIRST = 10_000
_WRITTEN = "FORMAT parquet, COMPRESSION zstd"
# None of these is too large to be a number.
_NUMBER = r"[+-]?(\d{1,60}([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,2})?"
_WHOLE_NUMBER = r"0|-?[1-9]\d{0,17}"


class Header(NamedTuple):
    """The names of the columns, and what parts them."""

    names: list[str]
    separator: str


def header_of(path: Path, separator: str | None) -> Header | None:
    """Return what the first line says; None where that is not plain."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            line = file.readline(_LONGEST).decode("utf-8-sig").rstrip("\r\n")
    except (UnicodeDecodeError, OSError, EOFError):
        return None
    by = separator or max(SEPARATORS, key=line.count)
    if len(by) != 1:
        return None
    names = [name.strip() for name in next(csv.reader([line], delimiter=by, skipinitialspace=True))]
    plain = all(names) and '"' not in "".join(names) and len(names) == line.count(by) + 1
    return Header(names, by) if plain and len({*names}) == len(names) else None


def as_parquet(
    path: Path, header: Header, named: Collection[str], numbers: Collection[str], folder: Path
) -> Path | None:
    """Write columns to a Parquet file: ``named`` as names, ``numbers`` as numbers.

    Returns None where that would not be sure to say what `table.read_table` reads.
    """
    import duckdb

    text, made = folder / "text.parquet", folder / "table.parquet"
    columns = sorted({*named, *numbers})
    db = in_memory(folder)
    try:
        db.execute(f"COPY ({_cells(path, header, columns)}) TO {literal(str(text))} ({_WRITTEN})")
        source = f"read_parquet({literal(str(text))})"
        blank = " AND ".join(f"{quoted(name)} IS NULL" for name in columns)
        if db.execute(f"SELECT bool_or({blank}) FROM {source}").fetchone()[0]:
            return None
        chosen = [_column(db, source, name, of_numbers=name in numbers) for name in columns]
        if None in chosen:
            return None
        asked = f"SELECT {', '.join(map(str, chosen))} FROM {source}"
        db.execute(f"COPY ({asked}) TO {literal(str(made))} ({_WRITTEN})")
    except duckdb.Error:
        return None
    finally:
        db.close()
    text.unlink()
    return made


def _cells(path: Path, header: Header, names: Collection[str]) -> str:
    """Return, as SQL, every cell as text, nothing where `table` reads nothing."""
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header.names)
    read = (
        f"read_csv({literal(str(path))}, columns = {{{columns}}}, header = true, auto_detect = false, "
        f"delim = {literal(header.separator)}, quote = '\"', escape = '\"')"
    )
    missing = ", ".join(literal(text) for text in MISSING)
    cells = [quoted(name) for name in names]
    bare = (
        f"CASE WHEN starts_with({c}, ' ') THEN ltrim({c}, ' ') ELSE {c} END AS {c}" for c in cells
    )
    told = (f"CASE WHEN {c} NOT IN ({missing}) THEN {c} END AS {c}" for c in cells)
    return f"SELECT {', '.join(told)} FROM (SELECT {', '.join(bare)} FROM {read})"


def _may_be_thousands(db: Any, value: str, source: str) -> bool:
    """Return whether some numbers may be thousands, where no other tells what they are."""
    grouped, short = (f"regexp_full_match({value}, {literal(form)})" for form in (GROUPED, SHORT))
    either = f"bool_and({grouped} OR {short})"
    # Most often one of the first tells.
    first = db.execute(f"SELECT {either} FROM (FROM {source} LIMIT {_FIRST})").fetchone()[0]
    if first is False:
        return False
    both = f"{either} AND bool_or({grouped}) AND bool_or({short})"
    return bool(db.execute(f"SELECT {both} FROM {source}").fetchone()[0])


def _column(db: Any, source: str, name: str, *, of_numbers: bool) -> str | None:
    """Return a column as SQL: as numbers, as whole numbers where all are, or as it stands."""
    cell = quoted(name)
    found = db.execute(f"SELECT {cell} FROM {source} WHERE {cell} IS NOT NULL LIMIT 1").fetchone()
    value = cell
    if found and re.fullmatch(WHOLE, found[0]):
        value = f"regexp_replace({cell}, {literal(f'^{WHOLE}$')}, '\\1')"
    form = _NUMBER if of_numbers else _WHOLE_NUMBER
    alike = f"SELECT bool_and(regexp_full_match({value}, {literal(form)})) FROM {source}"
    if of_numbers and _may_be_thousands(db, value, source):
        return None
    if db.execute(alike).fetchone()[0]:
        if not of_numbers:
            return f"CAST({value} AS BIGINT) AS {cell}"
        return f"CAST(replace({value}, ',', '.') AS DOUBLE) AS {cell}"
    return None if of_numbers else f"{value} AS {cell}"
