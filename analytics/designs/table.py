"""The user's own table: CSV, CSV.GZ or Parquet, of which only the columns that are asked for are kept.

CSV is read as text, so that nothing is guessed too early, and some rows at a time, so that a large table
is never in memory as text.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import warnings
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from analytics.designs.column import (
    AT_ONCE,
    Column,
    NumberColumn,
    WordColumn,
    as_words,
    column_of,
    in_parts,
)
from analytics.estimators.grid import IntArray
from lrs.errors import BadInput

SEPARATORS = ",;\t|"
WHOLE = r"(-?\d+),00?"
"""A whole number as a table with decimal commas may write it."""
MISSING = ("", ".", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")


@dataclass(frozen=True)
class Table:
    """The rows of a table: the names of all its columns, and those of them that were read."""

    rows: int
    names: tuple[str, ...]
    columns: Mapping[str, Column]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Table:
        """Return a small table that is in memory."""
        columns = {str(name): column_of(str(name), frame[name]) for name in frame.columns}
        return cls(len(frame), tuple(columns), columns)

    def beside(self, column: Column) -> Table:
        """Return the table with one column more."""
        columns = {**self.columns, column.name: column}
        return replace(self, names=(*self.names, column.name), columns=columns)


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of the file, as the answer's provenance names it."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_table(path: Path, separator: str | None, wanted: Collection[str]) -> Table:
    """Return the table with those of its columns whose names are ``wanted``."""
    if not path.is_file():
        raise BadInput("the data file is not there", where="data", hint=f"looked for {path.name}")
    try:
        table = (
            _parquet(path, wanted) if path.suffix == ".parquet" else _csv(path, separator, wanted)
        )
    except UnicodeDecodeError as exc:
        hint = "save it as CSV in UTF-8"
        raise BadInput("the data file is not UTF-8", where="data", hint=hint) from exc
    except pd.errors.ParserWarning as exc:
        hint = "a text with a separator in it needs quotes"
        raise BadInput("a row has more cells than the header", where="data", hint=hint) from exc
    except (OSError, EOFError, zlib.error, pd.errors.ParserError, ValueError) as exc:
        raise BadInput(f"the data file cannot be read: {exc}", where="data") from exc
    if not table.rows:
        raise BadInput("the data file has no rows", where="data")
    return table


def _parquet(path: Path, wanted: Collection[str]) -> Table:
    try:
        import pyarrow.parquet as pq
    except ImportError as exc:
        raise BadInput(
            "reading Parquet needs pyarrow", where="data", hint="pip install pyarrow, or use CSV"
        ) from exc
    file = pq.ParquetFile(path)
    names = tuple(file.schema_arrow.names)
    columns = {
        name: _of_arrow(name, file.read(columns=[name]).column(0))
        for name in names
        if name in wanted
    }
    return Table(file.metadata.num_rows, names, columns)


def _of_arrow(name: str, values: Any) -> Column:
    """Return a column that pyarrow holds: as numbers where it has them, else by its different values."""
    from pyarrow import types

    kind = values.type
    if types.is_float64(kind) or (types.is_integer(kind) and not values.null_count):
        return NumberColumn(name, values.to_numpy())
    try:
        coded = values.dictionary_encode().unify_dictionaries().combine_chunks()
    except NotImplementedError as exc:
        raise ValueError(f"{name!r} has cells of the type {kind}, not numbers or texts") from exc
    place, words = [np.array([-1])], list[str]()
    for part in in_parts(coded.dictionary):
        different = part.to_pandas()
        told = different.notna().to_numpy()
        place.insert(-1, np.where(told, len(words) + np.cumsum(told) - 1, -1))
        words += as_words(different.array[told])
    code = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return WordColumn(name, np.concatenate(place)[code], words)


def _csv(path: Path, separator: str | None, wanted: Collection[str]) -> Table:
    with _text(path) as file:
        header = file.readline()
    if not header.strip():
        raise ValueError("its first line is empty")
    by = separator or max(SEPARATORS, key=header.count)
    rows, blank, names = 0, 0, tuple[str, ...]()
    reading: dict[str, _Words] = {}
    with _text(path) as file, warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # cells would be lost
        for part in _parts(file, by):
            names = names or _names(part, header, by, wanted)
            reading = reading or {name: _Words() for name in names if name in wanted}
            rows += len(part)
            blank = _blank_at_the_end(part, blank)
            part.columns = pd.Index(names)
            for name, words in reading.items():
                words.add(part[name])
    rows -= blank
    return Table(rows, names, {name: words.column(name, rows) for name, words in reading.items()})


def _blank_at_the_end(part: pd.DataFrame, before: int) -> int:
    """Return how many rows without a cell end the table so far; spreadsheets leave some behind."""
    told = np.flatnonzero(part.notna().any(axis=1).to_numpy())
    return len(part) - 1 - int(told[-1]) if len(told) else before + len(part)


def _names(
    part: pd.DataFrame, header: str, separator: str, wanted: Collection[str]
) -> tuple[str, ...]:
    written = [name.strip(' "\r\n') for name in header.split(separator)]
    for name in wanted:
        if written.count(name) > 1:
            raise ValueError(f"two columns have the name {name!r}")
    return tuple(str(name).strip() for name in part.columns)


@contextmanager
def _text(path: Path) -> Iterator[IO[str]]:
    """Open a CSV file, packed or not, as text."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        yield io.TextIOWrapper(file, encoding="utf-8-sig", newline="")


def _parts(file: IO[str], separator: str) -> Iterator[pd.DataFrame]:
    """Yield the rows, some at a time, every cell as text, nothing where there is none."""
    with pd.read_csv(
        file,
        sep=separator,
        dtype=object,
        keep_default_na=False,
        na_values=list(MISSING),
        skipinitialspace=True,
        index_col=False,
        chunksize=AT_ONCE,
    ) as parts:
        yield from parts


class _Words:
    """A column of text as its parts come in."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._codes: list[IntArray] = []

    def add(self, part: pd.Series) -> None:
        """Add some rows."""
        code, different = pd.factorize(part)
        places = self._places
        place = [places.setdefault(word, len(places)) for word in different]
        self._codes.append(np.array([*place, -1], np.int64)[code])

    def column(self, name: str, rows: int) -> WordColumn:
        """Return so many rows of the column."""
        code = np.concatenate(self._codes)[:rows] if self._codes else np.zeros(0, np.int64)
        return WordColumn(name, code, _with_whole_numbers(list(self._places)))


def _with_whole_numbers(words: list[str]) -> list[str]:
    """Return whole numbers without the ``,0`` that a table with decimal commas gives them all.

    One zero or two: ``1,000`` may be a thousand.
    """
    if not words or not re.fullmatch(WHOLE, words[0]):
        return words
    return [re.sub(rf"^{WHOLE}$", r"\1", word) for word in words]
