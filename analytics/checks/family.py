"""Many pairs of path and outcome at once: how many findings of chance are among the findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ALPHA = 0.05


def q_values(p: Sequence[float]) -> list[float]:
    """Return the q value of each p value, after Benjamini and Hochberg (1995).

    Of the findings whose q is at most this large, so large a share is by chance at most.
    """
    order = sorted(range(len(p)), key=lambda at: p[at], reverse=True)
    found, least = [1.0] * len(p), 1.0
    for above, at in enumerate(order):
        least = min(least, p[at] * len(p) / (len(p) - above))
        found[at] = least
    return found


def false_discovery(p: Sequence[float], alpha: float = ALPHA) -> dict[str, Any]:
    """Return the q values, and how many and which findings stand at ``alpha``."""
    q = q_values(p)
    stands = [value <= alpha for value in q]
    return {"rejected": sum(stands), "stands": stands, "q": q}


def beside_each_other(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the answers, each with its q value among them where it has a p value."""
    p = {at: _p(record) for at, record in enumerate(records)}
    told = {at: value for at, value in p.items() if value is not None}
    q = dict(zip(told, q_values(list(told.values())), strict=True))
    return [
        {**record, "family": _place(q[at], len(told)) if at in q else None}
        for at, record in enumerate(records)
    ]


def _p(record: Mapping[str, Any]) -> float | None:
    found = (record.get("estimate") or {}).get("p")
    return None if found is None else float(found)


def _place(q: float, answers: int) -> dict[str, Any]:
    return {"answers": answers, "q": q, "stands": q <= ALPHA}
