"""What each flag, grade and step means, in three languages: for the sentence, the pages and the CLI.

A flag has a clause (it follows a colon, in lower case) and what it means for the reader.
"""

from __future__ import annotations

from collections.abc import Iterable

from analytics.checks.grading import RULES
from analytics.telling.flag_texts import CLAUSES, GRADES, MEANINGS, STEPS, UNKNOWN
from analytics.telling.names import opening
from analytics.telling.numbers import Lang, as_language


def reason_of(flags: Iterable[str], lang: Lang) -> str:
    """Return the clause of the gravest flag that takes something away."""
    for flag in flags:
        if RULES[flag].cap != "A":
            return CLAUSES[flag][lang]
    return UNKNOWN[lang]


def explain_flag(code: str, lang: str) -> str:
    """Return what was found and what it means for the reader."""
    language = as_language(lang)
    return f"{opening(CLAUSES[code][language])}. {MEANINGS[code][language]}"


def explain_grade(grade: str, lang: str) -> str:
    """Return what a grade says about the evidence."""
    return GRADES[grade][as_language(lang)]


def explain_raise(code: str, lang: str) -> str:
    """Return a step that would raise the grade, as advice."""
    return STEPS[code][as_language(lang)]
