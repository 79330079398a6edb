"""Covariates: what was so of each row before the training, in numbers or in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.designs.spec import Spec
from analytics.designs.table import numbers
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
            columns.append(numbers(column, "covariates"))
            names.append(name)
            continue
        for level in _levels(column):
            told = column.notna().to_numpy()
            columns.append(np.where(told, (column == level).to_numpy(float), np.nan))
            names.append(f"{name}={level}")
    rows = len(spec.table)
    return (np.column_stack(columns) if columns else np.empty((rows, 0))), names


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


def _is_of_words(column: pd.Series) -> bool:
    """Return whether most cells are words; a few among numbers are mistakes, and refused as such."""
    told = column.dropna()
    text = told.astype(str).str.replace(",", ".", regex=False)
    return len(told) > 0 and float(pd.to_numeric(text, errors="coerce").isna().mean()) > 0.5


def _levels(column: pd.Series) -> list[str]:
    levels = sorted(column.dropna().astype(str).unique())
    most = max(_ALWAYS, min(column.notna().sum() // _ROWS_A_WORD, _MOST_CELLS // len(column)))
    if len(levels) > most:
        raise BadInput(
            f"{column.name!r} has {len(levels)} different words; in {len(column)} rows {most} can "
            "be told apart",
            where="covariates",
            hint=f"words need {_ROWS_A_WORD} rows each on average: leave the column out (one that "
            "names each person says nothing of likeness), or let like words be one",
        )
    return levels[1:]
