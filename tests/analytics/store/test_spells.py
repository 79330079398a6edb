"""Spells laid out month by month, against the same counted one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.store import spells
from analytics.store.spells import Spells, by_month

PEOPLE, MONTHS = 4, 6
one = st.tuples(st.integers(0, PEOPLE - 1), st.integers(-3, 8), st.integers(-3, 2**31 - 1))


@pytest.mark.parametrize("at_once", [1, 1 << 15])
def test_each_month_has_the_value_of_its_spell(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spells, "_AT_ONCE", at_once)

    @given(st.lists(one, max_size=8))
    def holds(each: list[tuple[int, int, int]]) -> None:
        found = np.full((PEOPLE, MONTHS), -1)
        expected = found.copy()
        person, begins, ends = np.array(each, np.int64).reshape(-1, 3).T
        value = np.arange(len(each))
        by_month(found, Spells(person, begins, ends), value)
        for number, (who, begin, end) in enumerate(each):
            for month in range(max(begin, 0), min(end, MONTHS)):
                expected[who, month] = number
        # Of two in one month the later counts, as it does one by one.
        assert (found == expected).all()

    holds()
