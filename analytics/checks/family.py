"""Many pairs of path and outcome at once: how many findings of chance are among the findings."""

from __future__ import annotations

from typing import Any


def false_discovery(p: list[float], alpha: float = 0.05) -> dict[str, Any]:
    """Return the q value of each p value, after Benjamini and Hochberg (1995).

    ``rejected`` of them stay below ``alpha``: of these, a share of ``alpha`` is by chance at most.
    """
    from statsmodels.stats.multitest import multipletests

    stands, q, *_ = multipletests(p, alpha=alpha, method="fdr_bh")
    return {"rejected": int(stands.sum()), "stands": stands.tolist(), "q": q.tolist()}
