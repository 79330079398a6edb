"""What a draw by lot says of itself, whatever its outcome: who was drawn, how evenly, how p is found."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from analytics.checks import grading
from analytics.checks.few import FEW
from analytics.designs.spec import Spec
from analytics.estimators import randomised as by_lot
from analytics.estimators.between import Between
from analytics.estimators.counting import how_many
from analytics.estimators.grid import BoolArray, FloatArray, IntArray
from analytics.estimators.permutation import Permuted
from analytics.estimators.randomised import Draw
from lrs.errors import BadInput

KEYS = frozenset({"unit", "treatment", "cluster", "covariates", "inference"})
_UNBALANCED = 0.01
_MOST = 0.5
"""Share of units on both sides below which those that are look like mistakes, not like a trial that
crosses over and that some have left."""


class People(NamedTuple):
    """How many people are on each side of a draw, and in all; somebody with several rows is one."""

    without: int
    trained: int
    units: int


def check_sides(side: IntArray) -> None:
    """Refuse a draw with one side only."""
    if len(np.unique(side)) < 2:
        who = "everyone" if side.any() else "nobody"
        raise BadInput(f"{who} is trained: there is nothing to compare", where="treatment")


def check_units(draw: Draw) -> None:
    """A unit is on one side, unless units cross over: then most have rows on both."""
    both = draw.crossed
    if both.any() and both.mean() < _MOST:
        raise BadInput(
            f"{int(both.sum())} of {len(both)} units have trained and untrained rows, "
            "the others have only one of the two",
            where="unit",
            hint="a unit stays on the side it was drawn for; name as 'cluster' what has both sides",
        )


def permuted_of(
    spec: Spec, draw: Draw, *, ratio: bool = False, needed: bool = False
) -> Permuted | None:
    """Return the permutation test: when asked for, ``needed``, and when few were drawn.

    Clusters that are on both sides were not what was drawn, and cannot be dealt anew.
    """
    if draw.crossed.any():
        if _is_asked(spec):
            raise BadInput(
                "clusters that are on both sides were not drawn as one, and cannot be dealt anew",
                where="inference",
                hint="leave out the cluster, or the permutation",
            )
        return None
    return by_lot.permuted(draw, ratio=ratio) if needed or is_dealt(spec, draw) else None


def is_dealt(spec: Spec, draw: Draw) -> bool:
    """Return whether p is that of the permutation: when asked for, and when few were drawn."""
    return _is_asked(spec) or how_many(draw.cluster) < FEW


def _is_asked(spec: Spec) -> bool:
    return spec.choice("inference", ("exact_permutation", "t"), "t") == "exact_permutation"


def of_people(spec: Spec) -> bool:
    """Return whether rows are to be counted as people: not where teams have one each."""
    return spec.optional("level") != "team" or any(map(spec.optional, ("unit", "cluster")))


def flags_of(
    draw: Draw, people: People, balance: dict[str, Any] | None, *, of_people: bool = True
) -> list[str]:
    """Return the flags of few people, few clusters, and sides that differed beforehand."""
    found = []
    clusters = _clusters(draw)
    if of_people and min(people.without, people.trained) < grading.SMALL_SAMPLE:
        found.append("small_sample")
    if clusters[1] == 1:
        found.append("single_treated_unit")
    elif min(clusters) < grading.FEW_CLUSTERS:
        found.append("few_clusters")
    if balance is not None and balance["p"] is not None and balance["p"] < _UNBALANCED:
        found.append("unbalanced_draw")
    return found


def fewest(num: FloatArray, den: FloatArray, trained: BoolArray, kind: str) -> int:
    """Return how many rows of a side had any of what is counted; of yes and no, the rarer of the two."""
    some = [num > 0, *([num < den] if kind == "binary" else [])]
    return min(int(own[side].sum()) for own in some for side in (trained, ~trained))


def few_between(between: Between) -> list[str]:
    """Return the flags of few clusters, where nothing was drawn."""
    trained, beside = between.sizes
    found = ["single_treated_unit"] if trained == 1 else []
    if trained > 1 and min(trained, beside) < grading.FEW_CLUSTERS:
        found.append("few_clusters")
    return [*found, *(["too_few_to_tell"] if between.too_few else [])]


def counts_of(draw: Draw, people: People) -> dict[str, Any]:
    """Return how many were drawn."""
    clusters = _clusters(draw)
    return {
        "units": people.units,
        "treated": people.trained,
        "comparison": people.without,
        "clusters": how_many(draw.cluster),
        "clusters_treated": clusters[1],
        "clusters_comparison": clusters[0],
        "periods": 1,
    }


def inference_of(
    p: float | None, permuted: Permuted | None, draw: Draw, plain: str, *, both: bool = False
) -> dict[str, Any]:
    """Return how p was found; ``plain`` is how without a permutation, or the larger of ``both``."""
    clusters = how_many(draw.cluster)
    if permuted is None:
        return {"p": p, "clusters": clusters, "method": plain}
    method = "permutation, " + ("all" if permuted.exact else "a sample")
    method = f"the larger p of {plain} and {method}" if both else method
    return {
        "p": p,
        "assignments": permuted.assignments,
        "least_p": permuted.least_p,
        "clusters": clusters,
        "method": method,
    }


def _clusters(draw: Draw) -> tuple[int, int]:
    """Return the clusters of the untrained and of the trained."""
    without, trained = (how_many(draw.cluster[draw.side == side]) for side in (0, 1))
    return without, trained
