"""A panel, in memory or left in its file, as its size asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.designs import large_panel, panel
from analytics.designs.spec import Spec

KEYS = panel.KEYS


def answer(spec: Spec, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer, the same from either."""
    with large_panel.large_file(spec) as path:
        if path is not None:
            return large_panel.answer(spec, path, provenance)
    return panel.answer(spec, provenance)
