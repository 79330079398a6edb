"""A column of a user's table, as it was written: the different words in it, and which one each row has.

What a word means is looked at once, however many rows say it; so a table of a million people is a
few arrays of numbers. A column that came as numbers (Parquet) stays so until somebody asks how they
are written.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.estimators.grid import BoolArray, FloatArray, IntArray
from lrs.errors import BadInput

AT_ONCE = 50_000
"""Rows, or words, that pandas has in hand at a time."""
LARGEST = 1e60
"""The fourth power of a number is still one; nothing that is measured comes near."""
_TENS = 10 ** np.arange(1, 18, dtype=np.int64)
GROUPED, SHORT = r"[+-]?[1-9]\d{0,2}[.,]\d{3}", r"[+-]?\d{1,3}"
"""A number that may be a thousand, and one that is below it."""
_GROUPED, _SHORT = re.compile(GROUPED), re.compile(SHORT)
_WHOLE_NAME = re.compile(r"^(-?\d+)\.0+$")


class Named(NamedTuple):
    """Rows told by name: of each row the place of its name among all names, in the order of texts."""

    code: IntArray
    names: Sequence[str]

    def of(self, row: int) -> str:
        """Return the name of a row."""
        return self.names[int(self.code[row])]


class Column(ABC):
    """A column of a table."""

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def __len__(self) -> int:
        """Return how many rows there are."""

    @property
    @abstractmethod
    def code(self) -> IntArray:
        """Return the place of each row's word among `words`, -1 where nothing stands."""

    @property
    @abstractmethod
    def words(self) -> Sequence[str]:
        """Return the different words, in the order in which rows first say them; some may be alike."""

    @property
    def told(self) -> BoolArray:
        """Return which rows have something."""
        return np.asarray(self.code >= 0)

    def cell(self, row: int) -> str | None:
        """Return what stands in a row."""
        at = int(self.code[row])
        return None if at < 0 else self.words[at]

    def each(self, of_word: npt.NDArray[Any], nothing: Any) -> npt.NDArray[Any]:
        """Return what each row has, told by what each word is, and ``nothing`` where there is none."""
        return np.append(of_word, np.array([nothing], of_word.dtype))[self.code]

    def read(self, meaning: Callable[[str], float | None]) -> FloatArray:
        """Return the number that each row's word means; nan where it means none, or nothing stands."""
        found = (meaning(word) for word in self.words)
        numbers = [np.nan if number is None else number for number in found]
        return np.asarray(self.each(np.array(numbers, np.float64), np.nan), np.float64)

    def numbers(self, key: str) -> FloatArray:
        """Return the column as numbers, nan where there is none; a decimal comma is understood.

        ``key`` is the one that names the column. Raises `BadInput`, naming the row, for what is none.
        """
        self._refuse_thousands(key)
        return self._held(np.asarray(self.each(numbers_of(self.words), np.nan), np.float64), key)

    def _refuse_thousands(self, key: str) -> None:
        at = _may_be_thousand(self.words)
        if at is not None:
            row = int(np.flatnonzero(self.code == at)[0])
            raise BadInput(
                f"{self.name!r} has {self.words[at]!r}, a thousand or a fraction: nothing tells which",
                where=f"{key}: data row {row + 1}",
                hint="write thousands without a separator; where it is a fraction, write one more "
                "decimal (1.0200)",
            )

    def _held(self, values: FloatArray, key: str) -> FloatArray:
        for bad, what in (
            (self.told & ~np.isfinite(values), " where a number belongs"),
            (np.abs(values) > LARGEST, ", too large a number to work with"),
        ):
            rows = np.flatnonzero(bad)
            if len(rows):
                cell = self.cell(int(rows[0]))
                raise BadInput(
                    f"{self.name!r} has {cell!r}{what}", where=f"{key}: data row {rows[0] + 1}"
                )
        values[np.abs(values) < 1 / LARGEST] = 0.0
        return values

    def count_of_numbers(self) -> int:
        """Return how many rows have a number."""
        return int((~self.each(np.isnan(numbers_of(self.words)), True)).sum())

    def named(self, key: str) -> Named:
        """Return the column as names, each row's; "8001.0" and "8001" are one.

        Raises `BadInput` for a row without a name.
        """
        missing = np.flatnonzero(self.code < 0)
        if len(missing):
            raise BadInput(f"a row has no {key}", where=f"{key}: data row {missing[0] + 1}")
        spelt = [_WHOLE_NAME.sub(r"\1", word.strip()) for word in self.words]
        names = sorted({*spelt})
        place = {name: n for n, name in enumerate(names)}
        return Named(np.array([place[name] for name in spelt], np.int64)[self.code], names)


class WordColumn(Column):
    """A column that came as text, or as something else that is as good as text."""

    def __init__(self, name: str, code: IntArray, words: Sequence[str]) -> None:
        super().__init__(name)
        self._code = code
        self._words = words

    def __len__(self) -> int:
        return len(self._code)

    @property
    def code(self) -> IntArray:
        """Return the place of each row's word among `words`, -1 where nothing stands."""
        return self._code

    @property
    def words(self) -> Sequence[str]:
        """Return the different words, in the order in which rows first say them; some may be alike."""
        return self._words


class NumberColumn(Column):
    """A column that came as numbers, nan where nothing stands."""

    def __init__(self, name: str, values: npt.NDArray[np.generic]) -> None:
        super().__init__(name)
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    @property
    def told(self) -> BoolArray:
        """Return which rows have something."""
        return np.asarray(~np.isnan(self._values.astype(np.float64)))

    def numbers(self, key: str) -> FloatArray:
        """Return the numbers."""
        return self._held(self._values.astype(np.float64), key)

    def count_of_numbers(self) -> int:
        """Return how many rows have a number."""
        return int(self.told.sum())

    def named(self, key: str) -> Named:
        """Return the column as names, each row's."""
        if not np.can_cast(self._values.dtype, np.int64):
            return super().named(key)
        different, place = np.unique(self._values.astype(np.int64), return_inverse=True)
        order = _as_texts(different)
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        return Named(rank[place], list(map(str, different[order].tolist())))

    @cached_property
    def _coded(self) -> tuple[IntArray, list[str]]:
        code, different = pd.factorize(self._values)
        return np.asarray(code, np.int64), as_words(different)

    @property
    def code(self) -> IntArray:
        """Return the place of each row's number among the different ones."""
        return self._coded[0]

    @property
    def words(self) -> Sequence[str]:
        """Return the different numbers as they are written."""
        return self._coded[1]


def _as_texts(numbers: IntArray) -> IntArray:
    """Return the order of whole numbers as that of their texts, in which 10 comes before 9."""
    size = np.abs(numbers)
    digits = np.searchsorted(_TENS, size, side="right") + 1
    most = int(digits.max(initial=1))
    if most > len(_TENS):
        return np.argsort(numbers.astype(str), kind="stable")
    return np.lexsort((digits, size * 10 ** (most - digits), numbers >= 0))


def again(*keys: IntArray) -> IntArray:
    """Return the rows that have all keys in common with a row before them, in order."""
    order = np.lexsort(keys)
    like = np.logical_and.reduce([key[order][1:] == key[order][:-1] for key in keys])
    return np.sort(order[1:][like])


def column_of(name: str, values: pd.Series) -> Column:
    """Return a column of a table that has types of its own."""
    plain = isinstance(values.dtype, np.dtype)
    if plain and (values.dtype.kind in "iu" or values.dtype == np.float64):
        return NumberColumn(name, values.to_numpy())
    code, different = pd.factorize(values)
    return WordColumn(name, np.asarray(code, np.int64), as_words(different))


def as_words(different: Any) -> list[str]:
    """Return values as the text of a table has them."""
    return [str(text) for part in in_parts(different) for text in pd.Series(part).astype("string")]


def numbers_of(words: Sequence[str]) -> FloatArray:
    """Return the number that each word is, nan where it is none."""
    return np.concatenate([np.zeros(0), *map(_numbers, in_parts(words))])


def _may_be_thousand(words: Sequence[str]) -> int | None:
    """Return the place of a number that may be a thousand, where no other tells what it is.

    Beside whole numbers below a thousand, all that have a separator have three figures behind it.
    """
    found, plain = None, False
    for at, word in enumerate(words):
        if _GROUPED.fullmatch(word):
            found = at if found is None else found
        elif _SHORT.fullmatch(word):
            plain = True
        else:
            return None
    return found if plain else None


def _numbers(words: Sequence[str]) -> FloatArray:
    text = pd.Series(list(words), dtype=object)
    values = pd.to_numeric(text, errors="coerce").to_numpy(np.float64, copy=True)
    other = np.isnan(values)
    if other.any():
        with_point = text[other].str.replace(",", ".", regex=False)
        values[other] = pd.to_numeric(with_point, errors="coerce").to_numpy(np.float64)
    return values


def in_parts(values: Any) -> Iterator[Any]:
    """Yield some values at a time: where each person has one of their own they are as many as people."""
    for begin in range(0, len(values), AT_ONCE):
        yield values[begin : begin + AT_ONCE]
