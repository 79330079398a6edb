"""Observations of people, packed a line a person and unpacked again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.store import records
from analytics.store.records import Lines, Packing, Records, unpacked

FIRST, BASE, PEOPLE, WIDTH = 600, 7, 5, 62

cells = st.dictionaries(
    st.tuples(st.integers(BASE, BASE + PEOPLE - 1), st.integers(FIRST, FIRST + WIDTH - 1)),
    st.tuples(st.floats(allow_nan=False), st.floats(0.5, 9)),
    min_size=1,
)


def as_rows(lines: Lines) -> list[tuple[float, ...]]:
    found = lines.records()
    den = np.ones(len(found.num)) if found.den is None else found.den
    return list(zip(found.person, found.period, found.num, den, strict=True))


@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize("at_once", [1, 2, 8_192])
def test_what_is_packed_is_unpacked(
    weighed: bool, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "_AT_ONCE", at_once)

    @given(cells)
    def holds(known: dict[tuple[int, int], tuple[float, float]]) -> None:
        person, period = np.array(list(known)).T
        num, den = np.array(list(known.values())).T
        packing = Packing(BASE, PEOPLE, FIRST, WIDTH)
        for part in (slice(0, 1), slice(1, None)):
            size = den[part] if weighed else None
            packing.take(Records(person[part], period[part], num[part], size))
        lines = list(packing.lines())
        assert [line[0] for line in lines] == sorted({who for who, _ in known})
        told = {cell: (num, den if weighed else 1.0) for cell, (num, den) in known.items()}
        found = unpacked(lines, FIRST, WIDTH)
        assert as_rows(found) == [(*cell, *told[cell]) for cell in sorted(told)]
        some = found.between(FIRST + 10, FIRST + 40)
        within = [cell for cell in sorted(told) if FIRST + 10 <= cell[1] <= FIRST + 40]
        assert as_rows(some) == [(*cell, *told[cell]) for cell in within]

    holds()
