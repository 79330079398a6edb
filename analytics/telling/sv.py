"""The sentence in Swedish. Verbs in the past tense do not bend with number, so names can lead."""

from __future__ import annotations

from analytics.telling.told import Amounts, Told

PATH, OUTCOME = "utbildningen", "utfallet"


def claim(told: Told) -> str:
    """Say that the outcome changed."""
    return f"{opened(told)} {_change(told)} ({sure(told.amounts())})."


def suggestion(told: Told, reason: str) -> str:
    """Say that it looks so, and why that is not more."""
    return (
        f"Det ser ut som om {outcome(told)} {_change(told)} ({sure(told.amounts())}), "
        f"men underlaget är svagt: {reason}."
    )


def nothing_seen(told: Told) -> str:
    """Say that no effect was seen, and how small a one would have been."""
    return (
        f"Ingen effekt av {path(told)} på {outcome(told)} gick att se; "
        f"{_one(told.amounts())} på {smallest(told.amounts())} eller mer hade med största "
        "sannolikhet synts."
    )


def cannot_tell(told: Told, reason: str) -> str:
    """Say that it cannot be told, and why."""
    return f"Det går inte att säga om {path(told)} påverkade {outcome(told)}: {reason}."


def but_weak(reason: str) -> str:
    """Say, after a sentence, that it does not stand firm."""
    return f" Underlaget är svagt: {reason}."


def _change(told: Told) -> str:
    return f"{'ökade' if told.rose else 'minskade'} med {size(told.amounts())} {where(told)}"


def path(told: Told) -> str:
    """Return the name of the path."""
    return told.path("sv", PATH)


def outcome(told: Told) -> str:
    """Return the outcome as it stands inside a sentence."""
    return told.inside("sv", OUTCOME)


def opened(told: Told) -> str:
    """Return the outcome as a sentence opens with it."""
    return told.opening("sv", OUTCOME)


def where(told: Told) -> str:
    """Return where the effect was seen."""
    if told.question.level == "team":
        return f"där teamen gick {path(told)}"
    if told.question.level == "person":
        return f"bland dem som gick {path(told)}"
    return f"där {path(told)} gavs"


def size(amounts: Amounts) -> str:
    """Return the effect with its measure."""
    return with_measure(amounts.words("sv")[0], amounts)


def sure(amounts: Amounts) -> str:
    """Return the interval."""
    _, low, high, _ = amounts.words("sv")
    return f"med 95 % säkerhet mellan {low} och {with_measure(high, amounts)}"


def smallest(amounts: Amounts) -> str:
    """Return the smallest effect that would have been seen."""
    return with_measure(amounts.words("sv")[3], amounts)


def _one(amounts: Amounts) -> str:
    """Return what would have been seen: in per cent, a rise is not as large as the fall that undoes it."""
    if amounts.measure != "percent":
        return "en effekt"
    return "en minskning" if amounts.smallest_falls else "en ökning"


def with_measure(digits: str, amounts: Amounts) -> str:
    """Return digits followed by what they count."""
    return {
        "percent": f"{digits} %",
        "points": f"{digits} procentenhet{'' if digits == '1' else 'er'}",
        "scale": f"{digits} steg på skalan",
        "unit": amounts.counted(digits, "sv"),
        "bare": digits,
    }[amounts.measure]
