"""Evaluate a table that the user already has, without a record store: spec in, answer out.

The form of the spec and of the answer is a contract (`docs/evaluate.md`). Each design is a module
of `analytics.designs`; `auto` chooses (`analytics.designs.choosing`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from analytics import arithmetic, spec_money
from analytics.designs import (
    choosing,
    duration,
    interrupted_series,
    observational,
    panels,
    placebos,
    randomised,
    single_unit,
)
from analytics.designs.spec import COMMON_KEYS, Spec
from analytics.designs.table import fingerprint
from lrs.errors import BadInput

Answer = dict[str, Any]

DESIGNS: dict[str, ModuleType] = {
    "panel": panels,
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
    asked, table = spec_money.asked(spec)
    name, read, why = _design(Spec.of(table, base))
    design = DESIGNS[name]
    read.only(COMMON_KEYS | design.KEYS)
    provenance = {"spec_sha256": _digest(spec)}
    if read.path.is_file():
        provenance["data_sha256"] = fingerprint(read.path)
    beside = placebos.outcomes(read, design.answer)
    answer: Answer = design.answer(replace(read, found=placebos.flags(beside)), provenance)
    if beside:
        answer["checks"].setdefault("placebo", {})["outcomes"] = beside
    if asked is not None:
        answer["money"] = asked.of(answer)
    return answer | {"design_because": why} if why else answer


def _design(read: Spec) -> tuple[str, Spec, str | None]:
    """Return the design, the spec it reads, and for `auto` why it was chosen."""
    asked = read.given.get("design", "auto")
    if asked == "auto":
        return choosing.chosen(read)
    if not isinstance(asked, str) or asked not in DESIGNS:
        known = ", ".join((*DESIGNS, "auto"))
        raise BadInput(f"there is no design {asked!r}", where="design", hint=f"known: {known}")
    return asked, read, None


def _digest(spec: Mapping[str, Any]) -> str:
    text = json.dumps(spec, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    try:
        return hashlib.sha256(text.encode()).hexdigest()
    except UnicodeEncodeError as exc:
        raise BadInput(
            "the spec has half a character in it, a surrogate that is alone",
            hint="save it as UTF-8",
        ) from exc
