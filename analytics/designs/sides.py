"""Who was trained, what has happened: a column of yes and no, however it is written."""

from __future__ import annotations

import re

import numpy as np

from analytics.designs.column import Column, numbers_of
from analytics.estimators.grid import BoolArray, FloatArray, IntArray
from lrs.errors import BadInput

_SIDES = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "ja", "treated", "treatment", "trained"), 1),
    **dict.fromkeys(("0", "false", "f", "no", "n", "nej", "nee", "control", "untrained"), 0),
}
_ONES_AND_TWOS = {"1": 0, "2": 1}
_WHOLE = re.compile(r"^([012])\.0+$")


def sides(column: Column, key: str = "treatment", needed: BoolArray | None = None) -> IntArray:
    """Return 1 for each row that was trained and 0 for the others.

    Raises `BadInput`, naming the row, for what is neither; a row that is not ``needed``, for want
    of an outcome, may lack it.
    """
    found, bad = _read(column, _SIDES)
    if needed is not None:
        unneeded = ~needed & ~column.told
        found[unneeded], bad = 0, bad[~unneeded[bad]]
    if len(bad):
        row = int(bad[0])
        cell = column.cell(row)
        what = "empty" if cell is None else repr(cell)
        raise BadInput(
            f"{what} is neither trained (1) nor not (0)",
            where=f"{key}: data row {row + 1}",
            hint="write 1 and 0, and leave out who is neither",
        )
    return np.asarray(found, dtype=np.int64)


def in_words(column: Column) -> bool:
    """Return whether a column says yes and no in words, and nothing else."""
    words = {_plain(word) for word in column.words}
    return words <= _SIDES.keys() - {"1", "0"} and bool(words)


def says_yes_or_no(column: Column) -> bool:
    """Return whether a column answers in words, here and there at least, and has no other numbers."""
    told = {_plain(word) for word in column.words}
    others = numbers_of(sorted(told - _SIDES.keys()))
    return not told.isdisjoint(_SIDES.keys() - {"1", "0"}) and bool(np.isnan(others).all())


def happened(column: Column, key: str) -> FloatArray:
    """Return 1 where something has happened, 0 where not, nan where that is not told.

    A column of ones and twos only is read as survival tables write it: 2 where it has happened.
    """
    words = {_plain(word) for word in column.words}
    found, bad = _read(column, _ONES_AND_TWOS if words == {"1", "2"} else _SIDES)
    bad = bad[column.told[bad]]
    if len(bad):
        raise BadInput(f"the {key} is neither 0 nor 1", where=f"{key}: data row {bad[0] + 1}")
    return found


def _read(column: Column, words: dict[str, int]) -> tuple[FloatArray, IntArray]:
    """Return the column as numbers, and the rows that are none of the words."""
    found = column.read(lambda word: words.get(_plain(word)))
    return found, np.flatnonzero(np.isnan(found))


def _plain(word: str) -> str:
    return _WHOLE.sub(r"\1", word.strip().lower())
