"""How long the things are that pandas makes: no longer than a few cells, however many people there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pandas as pd


@contextmanager
def lengths_noted() -> Iterator[list[int]]:
    """Yield the lengths of all tables and columns that pandas makes in the meantime."""
    noted: list[int] = []

    def noting(made: Any) -> Any:
        begin = made.__init__

        def begun(self: Any, *given: Any, **more: Any) -> None:
            begin(self, *given, **more)
            noted.append(len(self))

        return mock.patch.object(made, "__init__", begun)

    with noting(pd.DataFrame), noting(pd.Series):
        yield noted
