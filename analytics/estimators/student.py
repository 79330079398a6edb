"""Student's t, by the special functions that `scipy.stats` rests on.

Digit by digit the same; but to import that takes half a second, a quarter of what a report needs to begin.
"""

from __future__ import annotations

from typing import overload

import numpy as np
import numpy.typing as npt
from scipy import special

FloatArray = npt.NDArray[np.float64]


@overload
def quantile(share: float, df: float) -> float: ...
@overload
def quantile(share: FloatArray, df: float) -> FloatArray: ...
def quantile(share: float | FloatArray, df: float) -> float | FloatArray:
    """Return below which number such a share lies; nan without degrees of freedom."""
    found = special.stdtrit(df, share)
    return np.asarray(found, np.float64) if isinstance(share, np.ndarray) else float(found)


def beyond(t: float, df: float) -> float:
    """Return the chance of a number above ``t``."""
    return float(special.stdtr(df, -t))
