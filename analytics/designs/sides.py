"""Who was trained: a column of yes and no, however it is written."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.estimators.grid import IntArray
from lrs.errors import BadInput

_SIDES = {"1": 1, "0": 0, "true": 1, "false": 0, "yes": 1, "no": 0}


def sides(column: pd.Series) -> IntArray:
    """Return 1 for each row that was trained and 0 for the others.

    Raises `BadInput`, naming the row, for what is neither.
    """
    plain = (
        column.astype(str).str.strip().str.lower().str.replace(r"^([01])\.0+$", r"\1", regex=True)
    )
    side = plain.map(_SIDES)
    if side.isna().any():
        row = int(np.flatnonzero(side.isna())[0])
        raise BadInput(
            f"{column.iloc[row]!r} is neither trained (1) nor not (0)",
            where=f"treatment: data row {row + 1}",
        )
    return np.asarray(side, dtype=np.int64)
