"""What is asked of each table of a TOML file, whatever it declares."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from lrs.errors import BadInput


def only(table: Any, keys: Collection[str], where: str) -> None:
    """Refuse what is no table, and keys nobody knows: a slip of the pen should be told."""
    if not isinstance(table, Mapping):
        raise BadInput(f"{table!r} should be a table", where=where)
    unknown = sorted(set(table) - set(keys))
    if unknown:
        raise BadInput(f"what is {unknown[0]!r}?", where=where, hint=f"known: {', '.join(keys)}")


def a_text(table: Mapping[str, Any], key: str, where: str) -> str | None:
    """Return a text that may be left out but not be empty."""
    value = table.get(key)
    if value is not None and not (isinstance(value, str) and value.strip()):
        raise BadInput(f"{key} should be text, not {value!r}", where=where)
    return value
