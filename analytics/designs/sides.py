"""Who was trained, what has happened: a column of yes and no, however it is written."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.estimators.grid import IntArray
from lrs.errors import BadInput

_SIDES = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "ja", "treated", "treatment", "trained"), 1),
    **dict.fromkeys(("0", "false", "f", "no", "n", "nej", "nee", "control", "untrained"), 0),
}
_ONES_AND_TWOS = {"1": 0, "2": 1}


def sides(column: pd.Series, key: str = "treatment", needed: np.ndarray | None = None) -> IntArray:
    """Return 1 for each row that was trained and 0 for the others.

    Raises `BadInput`, naming the row, for what is neither; a row that is not ``needed``, for want
    of an outcome, may lack it.
    """
    found, bad = _read(column, _SIDES)
    if needed is not None:
        unneeded = ~needed & column.isna().to_numpy()
        found[unneeded], bad = 0, bad[~unneeded[bad]]
    if len(bad):
        row = int(bad[0])
        what = "empty" if pd.isna(column.iloc[row]) else repr(column.iloc[row])
        raise BadInput(
            f"{what} is neither trained (1) nor not (0)",
            where=f"{key}: data row {row + 1}",
            hint="write 1 and 0, and leave out who is neither",
        )
    return np.asarray(found, dtype=np.int64)


def in_words(column: pd.Series) -> bool:
    """Return whether a column says yes and no in words, and nothing else."""
    words = set(_plain(column).dropna())
    return words <= _SIDES.keys() - {"1", "0"} and bool(words)


def says_yes_or_no(column: pd.Series) -> bool:
    """Return whether a column answers in words, here and there at least, and has no other numbers."""
    told = _plain(pd.Series(column.dropna().unique(), dtype=object))
    others = told[~told.isin(_SIDES.keys())].str.replace(",", ".", regex=False)
    words = told.isin(_SIDES.keys() - {"1", "0"})
    return bool(words.any()) and bool(pd.to_numeric(others, errors="coerce").isna().all())


def happened(column: pd.Series, key: str) -> np.ndarray:
    """Return 1 where something has happened, 0 where not, nan where that is not told.

    A column of ones and twos only is read as survival tables write it: 2 where it has happened.
    """
    words = set(_plain(column).dropna())
    found, bad = _read(column, _ONES_AND_TWOS if words == {"1", "2"} else _SIDES)
    bad = bad[column.notna().to_numpy()[bad]]
    if len(bad):
        raise BadInput(f"the {key} is neither 0 nor 1", where=f"{key}: data row {bad[0] + 1}")
    return found


def _read(column: pd.Series, words: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the column as numbers, and the rows that are none of the words."""
    found = _plain(column).map(words).to_numpy(np.float64, copy=True)
    return found, np.flatnonzero(np.isnan(found))


def _plain(column: pd.Series) -> pd.Series:
    text = column.astype(object).where(column.notna(), None)
    plain = text.map(lambda cell: None if cell is None else str(cell).strip().lower())
    return plain.str.replace(r"^([012])\.0+$", r"\1", regex=True)
