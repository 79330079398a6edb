"""What each language calls a metric. The library's own names are told in the reader's language; what
a customer named keeps the customer's name in every language.

A name or a unit that is kept as the library has it was never changed, and is the library's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from connectors.model.metrics import library, shipped


@dataclass(frozen=True, slots=True)
class Wording:
    """A metric in one language.

    ``name`` heads a page; ``inside`` stands within a sentence, empty where that follows from the
    name; ``unit`` follows a number, and ``one`` a 1.
    """

    name: str
    inside: str
    unit: str
    one: str


def wordings(key: str, name: str, unit: str | None) -> dict[str, Wording]:
    """Return how each language tells a metric; empty where nothing in it is the library's."""
    ready = library().get(key.casefold())
    own_name = ready is None or name != ready.name
    own_unit = ready is None or unit != ready.unit
    if ready is None or (own_name and own_unit):
        return {}
    told = {}
    for lang, words in _languages()[ready.key].items():
        told[lang] = Wording(
            name if own_name else words.name,
            "" if own_name else words.inside,
            unit or "" if own_unit else words.unit,
            unit or "" if own_unit else words.one,
        )
    return told


@cache
def _languages() -> Mapping[str, Mapping[str, Wording]]:
    """Return the library's metrics by id, each in every language."""
    return {
        entry["id"]: {lang: _wording(entry, words) for lang, words in entry["told"].items()}
        for entry in shipped()
    }


def _wording(entry: Mapping[str, str], words: Mapping[str, str]) -> Wording:
    unit = words.get("unit", entry["unit"])
    return Wording(
        words.get("name", entry["name"]), words.get("inside", ""), unit, words.get("one", unit)
    )
