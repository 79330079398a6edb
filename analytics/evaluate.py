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

from analytics.designs import panel, randomised
from analytics.designs.spec import COMMON_KEYS, Spec
from analytics.designs.table import fingerprint
from lrs.errors import BadInput

Answer = dict[str, Any]

DESIGNS: dict[str, ModuleType] = {"panel": panel, "randomised": randomised}
LATER = ("observational", "duration", "interrupted_series", "single_unit")


def evaluate(spec: Mapping[str, Any], base: Path) -> Answer:
    """Return the answer to ``spec``; paths in it are relative to ``base``.

    Raises `BadInput`, naming the key, for a spec or a table that cannot be right.
    """
    name, why = _design(spec)
    design = DESIGNS[name]
    read = Spec(spec, base)
    read.only(COMMON_KEYS | design.KEYS)
    provenance = {"spec_sha256": _digest(spec)}
    if read.path.is_file():
        provenance["data_sha256"] = fingerprint(read.path)
    answer: Answer = design.answer(read, provenance)
    return answer | {"design_because": why} if why else answer


def _design(spec: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the design, and for `auto` why it was chosen."""
    asked = spec.get("design", "auto")
    if asked == "auto":
        return _chosen(spec)
    if asked in LATER:
        raise BadInput(f"the design {asked!r} comes with a later version", where="design")
    if asked not in DESIGNS:
        known = ", ".join((*DESIGNS, "auto"))
        raise BadInput(f"there is no design {asked!r}", where="design", hint=f"known: {known}")
    return str(asked), None


def _chosen(spec: Mapping[str, Any]) -> tuple[str, str]:
    if {"unit", "time", "start"} <= spec.keys():
        return "panel", "the spec names unit, time and start"
    if spec.get("inference") == "exact_permutation":
        return "randomised", "the spec asks for a permutation of a draw"
    raise BadInput(
        "the design cannot be told from the keys",
        where="design",
        hint='name it: "panel" (unit, time, start) or "randomised" (treatment, drawn by lot)',
    )


def _digest(spec: Mapping[str, Any]) -> str:
    text = json.dumps(spec, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
