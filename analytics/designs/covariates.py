"""Covariates: what was so of each row before the training, in numbers or in words."""

from __future__ import annotations

from functools import partial

import numpy as np

from analytics.designs.column import Column
from analytics.designs.spec import Spec
from analytics.estimators.grid import FloatArray
from lrs.errors import BadInput

_ALWAYS = 50
"""Words that any table may have."""
_ROWS_A_WORD = 10
_MOST_CELLS = 20_000_000
"""Words times rows that are worked with: every word is a column of all rows."""


def covariates_of(spec: Spec, *asked_about: str) -> tuple[FloatArray, list[str]]:
    """Return the covariates as numbers, nan where there is none, and their names.

    One of words becomes a column a word. Refused is a covariate that is itself what is asked about:
    the outcome, the treatment, or what the keys ``asked_about`` name.
    """
    columns, names = [], []
    for name in _names(spec, ("outcome", "treatment", *asked_about)):
        column = spec.named(name, "covariates")
        if not _is_of_words(column):
            columns.append(column.numbers("covariates"))
            names.append(name)
            continue
        for level in _levels(column):
            columns.append(column.read(partial(_says, level)))
            names.append(f"{name}={level}")
    return (np.column_stack(columns) if columns else np.empty((spec.table.rows, 0))), names


def _names(spec: Spec, keys: tuple[str, ...]) -> list[str]:
    names = spec.texts("covariates")
    asked = {str(spec.given[key]): key for key in keys if spec.given.get(key)}
    for name in names:
        if name in asked:
            raise BadInput(
                f"{name!r} is the {asked[name]}, and no covariate too",
                where="covariates",
                hint="covariates are what was so before the training",
            )
    return names


def _is_of_words(column: Column) -> bool:
    """Return whether most cells are words; a few among numbers are mistakes, and refused as such."""
    told = int(column.told.sum())
    return told > 0 and told - column.count_of_numbers() > 0.5 * told


def _says(level: str, word: str) -> float:
    return float(word == level)


def _levels(column: Column) -> list[str]:
    levels = sorted({*column.words})
    rows = len(column)
    most = max(_ALWAYS, min(int(column.told.sum()) // _ROWS_A_WORD, _MOST_CELLS // rows))
    if len(levels) > most:
        raise BadInput(
            f"{column.name!r} has {len(levels)} different words; in {rows} rows {most} can "
            "be told apart",
            where="covariates",
            hint=f"words need {_ROWS_A_WORD} rows each on average: leave the column out (one that "
            "names each person says nothing of likeness), or let like words be one",
        )
    return levels[1:]
