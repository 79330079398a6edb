"""Evaluate a table that the user already has, without a record store: spec in, answer out.

The form of the spec and of the answer is a contract (`docs/evaluate.md`). Each design is a module
of `analytics.designs`; `auto` chooses from the keys that are given.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from analytics import arithmetic
from analytics.designs import (
    duration,
    interrupted_series,
    observational,
    panel,
    placebos,
    randomised,
    single_unit,
)
from analytics.designs.spec import COMMON_KEYS, Spec
from analytics.designs.table import fingerprint
from lrs.errors import BadInput

Answer = dict[str, Any]

_TELLING: tuple[tuple[str, frozenset[str]], ...] = (
    ("single_unit", frozenset({"unit", "time", "treated_unit", "start"})),
    ("panel", frozenset({"unit", "time", "start"})),
    ("single_unit", frozenset({"unit", "time", "treatment"})),
    ("duration", frozenset({"exit", "event"})),
    ("interrupted_series", frozenset({"time", "step"})),
)
"""The keys that tell a design, the most of them first."""

DESIGNS: dict[str, ModuleType] = {
    "panel": panel,
    "randomised": randomised,
    "observational": observational,
    "duration": duration,
    "interrupted_series": interrupted_series,
    "single_unit": single_unit,
}


def evaluate(spec: Mapping[str, Any], base: Path) -> Answer:
    """Return the answer to ``spec``; paths in it are relative to ``base``.

    Raises `BadInput`, naming the key, for a spec or a table that cannot be right.
    """
    if arithmetic.asked(spec):
        return arithmetic.answer(spec)
    name, why = _design(spec)
    design = DESIGNS[name]
    read = Spec(spec, base)
    read.only(COMMON_KEYS | design.KEYS)
    provenance = {"spec_sha256": _digest(spec)}
    if read.path.is_file():
        provenance["data_sha256"] = fingerprint(read.path)
    beside = placebos.outcomes(read, design.answer)
    answer: Answer = design.answer(Spec(spec, base, placebos.flags(beside)), provenance)
    if beside:
        answer["checks"].setdefault("placebo", {})["outcomes"] = beside
    return answer | {"design_because": why} if why else answer


def _design(spec: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the design, and for `auto` why it was chosen."""
    asked = spec.get("design", "auto")
    if asked == "auto":
        return _chosen(spec)
    if asked not in DESIGNS:
        known = ", ".join((*DESIGNS, "auto"))
        raise BadInput(f"there is no design {asked!r}", where="design", hint=f"known: {known}")
    return str(asked), None


def _chosen(spec: Mapping[str, Any]) -> tuple[str, str]:
    """Choose by the keys: each design has some that no other has."""
    for name, keys in _TELLING:
        if keys <= spec.keys():
            return name, f"the spec names {', '.join(sorted(keys))}"
    if spec.get("inference") == "exact_permutation":
        return "randomised", "the spec asks for a permutation of a draw"
    if "treatment" in spec:
        return "observational", "there is no time, and nothing says that lots were drawn"
    raise BadInput(
        "the design cannot be told from the keys",
        where="design",
        hint=f"name it, one of {', '.join(DESIGNS)}, or the columns it needs",
    )


def _digest(spec: Mapping[str, Any]) -> str:
    text = json.dumps(spec, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
