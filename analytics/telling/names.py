"""The names the user gave, set into a sentence."""

from __future__ import annotations


def opening(name: str) -> str:
    """Return a name as a sentence opens with it."""
    return name[:1].upper() + name[1:]


def inside(name: str) -> str:
    """Return a name as it stands inside a sentence: "Errors" in lower case, "NPS" as it is."""
    word = name.split(" ", 1)[0]
    if len(word) > 1 and word[1:] == word[1:].lower():
        return name[:1].lower() + name[1:]
    return name
