"""One sentence a manager understands, in each language: the verdict decides its shape."""

from __future__ import annotations

from types import ModuleType

from analytics.telling import en, nl, sv
from analytics.telling.flags import reason_of
from analytics.telling.numbers import LANGUAGES, Lang
from analytics.telling.told import Told

_GRAMMAR: dict[Lang, ModuleType] = {"en": en, "sv": sv, "nl": nl}


def sentences(told: Told) -> dict[str, str]:
    """Return the sentence in every language."""
    return {lang: sentence(told, lang) for lang in LANGUAGES}


def sentence(told: Told, lang: Lang) -> str:
    """Return the sentence in one language."""
    grammar = _GRAMMAR[lang]
    reason = reason_of(told.flags, lang)
    if told.verdict == "cannot_tell" or told.effect is None:
        return str(grammar.cannot_tell(told, reason))
    if told.verdict == "no_detectable_effect":
        weak = grammar.but_weak(reason) if told.weak else ""
        return f"{grammar.nothing_seen(told)}{weak}"
    return str(grammar.suggestion(told, reason) if told.weak else grammar.claim(told))
