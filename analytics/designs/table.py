"""The user's own table: CSV, CSV.GZ or Parquet, read as text, so that nothing is guessed too early."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from lrs.errors import BadInput

SEPARATORS = ",;\t|"
LARGEST = 1e60
"""The fourth power of a number is still one; nothing that is measured comes near."""
WHOLE = r"(-?\d+),00?"
"""A whole number as a table with decimal commas may write it."""
MISSING = ("", ".", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of the file, as the answer's provenance names it."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_table(path: Path, separator: str | None) -> pd.DataFrame:
    """Return the table with every cell as text, None where there is nothing."""
    if not path.is_file():
        raise BadInput("the data file is not there", where="data", hint=f"looked for {path.name}")
    try:
        table = _parquet(path) if path.suffix == ".parquet" else _csv(path, separator)
    except UnicodeDecodeError as exc:
        hint = "save it as CSV in UTF-8"
        raise BadInput("the data file is not UTF-8", where="data", hint=hint) from exc
    except pd.errors.ParserWarning as exc:
        hint = "a text with a separator in it needs quotes"
        raise BadInput("a row has more cells than the header", where="data", hint=hint) from exc
    except (OSError, EOFError, pd.errors.ParserError, ValueError) as exc:
        raise BadInput(f"the data file cannot be read: {exc}", where="data") from exc
    if not len(table):
        raise BadInput("the data file has no rows", where="data")
    return table


def _parquet(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path)
    except ImportError as exc:
        raise BadInput(
            "reading Parquet needs pyarrow", where="data", hint="pip install pyarrow, or use CSV"
        ) from exc
    return as_text(table)


def as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with every cell as text, None where there is nothing."""
    return table.astype("string").astype(object).where(table.notna(), None)


def _csv(path: Path, separator: str | None) -> pd.DataFrame:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = raw.decode("utf-8-sig")
    header = text.split("\n", 1)[0]
    if not header.strip():
        raise ValueError("its first line is empty")
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # cells would be lost
        table = pd.read_csv(
            io.StringIO(text),
            sep=separator or max(SEPARATORS, key=header.count),
            dtype=object,
            keep_default_na=False,
            na_values=list(MISSING),
            skipinitialspace=True,
            index_col=False,
        )
    if len(set(table.columns)) < len(header.split(separator or max(SEPARATORS, key=header.count))):
        raise ValueError("two columns have the same name")
    table.columns = [str(name).strip() for name in table.columns]
    return table.apply(_with_whole_numbers)


def _with_whole_numbers(column: pd.Series) -> pd.Series:
    """Return whole numbers without the ``,0`` that a table with decimal commas gives them all.

    One zero or two: ``1,000`` may be a thousand.
    """
    first = column.first_valid_index()
    if first is None or not re.fullmatch(WHOLE, str(column[first])):
        return column
    return column.str.replace(rf"^{WHOLE}$", r"\1", regex=True)


def numbers(column: pd.Series, key: str) -> npt.NDArray[np.float64]:
    """Return a column as numbers, nan where there is none; a decimal comma is understood."""
    told = column.notna()
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, copy=True)
    if np.isnan(values[told]).any():
        text = column[told].astype(str).str.replace(",", ".", regex=False)
        values[told] = pd.to_numeric(text, errors="coerce").to_numpy(np.float64)
    bad = np.flatnonzero(told.to_numpy() & ~np.isfinite(values))
    if len(bad):
        raise BadInput(
            f"{column.name!r} has {column.iloc[bad[0]]!r} where a number belongs",
            where=f"{key}: data row {bad[0] + 1}",
        )
    large = np.flatnonzero(np.abs(values) > LARGEST)
    if len(large):
        raise BadInput(
            f"{column.name!r} has {column.iloc[large[0]]!r}, too large a number to work with",
            where=f"{key}: data row {large[0] + 1}",
        )
    values[np.abs(values) < 1 / LARGEST] = 0.0
    return values
