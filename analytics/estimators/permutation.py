"""Exact tests by re-drawing who was trained: for few clusters, and for draws by lot.

All ways of dealing the same labels are enumerated when there are at most 200,000, otherwise as many
as `DRAWS` are drawn with a fixed seed. The p value is the share that does at least as much.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analytics.estimators.grid import FloatArray, IntArray
from analytics.estimators.inverting import Ends, inverted

ENUMERATED = 200_000
DRAWS = 9_999
SEED = 20_260_101
_CHUNK = 20_000
_ROUNDING = 1e-9
"""Share of what is summed by which two deals that give the same may differ."""


@dataclass(frozen=True, slots=True)
class Permuted:
    """A p value by re-drawing; ``exact`` when every way was tried.

    ``spread`` is the root mean square of what the other deals give: the error of an effect that
    only placebos can measure. ``least_p`` is the smallest p that there can be, however large the
    effect. From .05 on nothing could have been found; 0 where it is not known. ``ends`` are those
    of the effects that the same deals do not reject; None where they were not asked for, or an
    interval has no end.
    """

    p: float
    assignments: int
    exact: bool
    spread: float
    least_p: float = 0.0
    ends: Ends | None = None


def assignments(labels: IntArray) -> int:
    """Return in how many ways the labels can be dealt."""
    _, counts = np.unique(labels, return_counts=True)
    ways = math.factorial(int(counts.sum()))
    for count in counts:
        ways //= math.factorial(int(count))
    return ways


def least_possible(labels: IntArray) -> float:
    """Return the smallest p that dealing the labels in every way can give, two-sided.

    Where two sides are of one size, a deal and its mirror image do as much.
    """
    _, counts = np.unique(labels, return_counts=True)
    mirrored = len(counts) == 2 and counts[0] == counts[1]
    return (2 if mirrored else 1) / assignments(labels)


def deal_test(
    parts: FloatArray, labels: IntArray, per_effect: FloatArray | None = None
) -> Permuted:
    """Test ``sum(parts[i, labels[i]])`` against all deals of the same labels, two-sided.

    ``per_effect`` is what comes to the parts for each unit of an effect that is taken off those who
    have had it; then the effects that the deals do not reject are told, too.
    """
    slopes = np.zeros_like(parts) if per_effect is None else per_effect
    own, ways, rounding = np.arange(len(labels)), assignments(labels), _rounding(parts)
    made = float(parts[own, labels].sum()), float(slopes[own, labels].sum())
    exact = ways <= ENUMERATED
    if exact:
        dealt: Iterator[IntArray] = _in_chunks(_all_deals(labels), len(labels))
    else:
        order = _order(parts)
        parts, slopes, dealt = parts[order], slopes[order], _random_deals(np.sort(labels))
    found = [
        np.array([table[own, deals].sum(axis=1) for table in (parts, slopes)]) for deals in dealt
    ]
    value, slope = np.hstack(found)
    squares = float(value @ value) - made[0] ** 2 * exact
    others = len(value) - exact
    spread = math.sqrt(max(squares, 0.0) / others) if others > 0 else 0.0
    if not exact:  # the deal that was made is one of those that could have been drawn
        value, slope = np.append(value, made[0]), np.append(slope, made[1])
    p = int((np.abs(value) >= abs(made[0]) - rounding).sum()) / len(value)
    return Permuted(
        p=p,
        assignments=ways if exact else others,
        exact=exact,
        spread=spread,
        least_p=least_possible(labels) if exact else 1 / len(value),
        ends=None if per_effect is None else inverted(value, slope, made),
    )


def _rounding(parts: FloatArray) -> float:
    """Return by how much what two deals give may differ and still be the same."""
    return _ROUNDING * float(np.abs(parts).max(axis=1).sum())


def _all_deals(labels: IntArray) -> Iterator[tuple[int, ...]]:
    """Yield every distinct order of the labels, by placing the rarest labels first."""
    values, counts = np.unique(labels, return_counts=True)
    kinds = sorted(zip(counts.tolist(), values.tolist(), strict=True))
    return _place(kinds, tuple(range(len(labels))), [0] * len(labels))


def _place(
    kinds: list[tuple[int, int]], free: tuple[int, ...], deal: list[int]
) -> Iterator[tuple[int, ...]]:
    count, value = kinds[0]
    for chosen in itertools.combinations(free, count):
        for at in chosen:
            deal[at] = value
        if len(kinds) == 1:
            yield tuple(deal)
        else:
            left = tuple(at for at in free if at not in set(chosen))
            yield from _place(kinds[1:], left, deal)


def _in_chunks(deals: Iterator[tuple[int, ...]], width: int) -> Iterator[IntArray]:
    while chunk := list(itertools.islice(deals, _CHUNK)):
        yield np.array(chunk, dtype=np.int64).reshape(len(chunk), width)


def _order(parts: FloatArray) -> IntArray:
    """Return an order of the parts' own: which deals are drawn must not hang on that of the rows, or
    on names. What differs by rounding alone counts as the same.
    """
    unit = _ROUNDING * float(np.abs(parts).max())
    keys = np.round(parts / unit) if unit > 0 else parts
    return np.asarray(np.lexsort(keys.T[::-1]))


def _random_deals(labels: IntArray) -> Iterator[IntArray]:
    random = np.random.default_rng(SEED)
    left = DRAWS
    while left > 0:
        size = min(left, max(1, 2_000_000 // max(len(labels), 1)))
        deals: npt.NDArray[np.int64] = np.tile(labels, (size, 1))
        yield random.permuted(deals, axis=1)
        left -= size
