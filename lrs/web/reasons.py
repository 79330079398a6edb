"""Why something was refused, in plain words, by the code of its error (`lrs.errors`)."""

from __future__ import annotations

from lrs.web.i18n import N_, Words

REASONS = {
    "bad_statement": N_("A statement in it breaks a rule of xAPI."),
    "bad_input": N_("It was not in a form that can be read."),
    "companion": N_(
        "Nothing is wrong with it, but it came together with something that was refused."
    ),
    "conflict": N_("Another statement with the same id is here already."),
    "too_large": N_("It was larger than this server takes."),
}
_OTHERWISE = N_("It could not be stored.")


def reason(code: str, words: Words) -> str:
    """Return the reason as a sentence in the reader's language."""
    return words.say(REASONS.get(code, _OTHERWISE))
