"""The sentence in English."""

from __future__ import annotations

from analytics.telling.told import Amounts, Told

PATH, OUTCOME = "the training", "the outcome"


def claim(told: Told) -> str:
    """Say that the outcome changed: "Errors fell by 12 % where teams took Customer care (…)."."""
    change = f"{'rose' if told.rose else 'fell'} by {size(told.amounts())} {where(told)}"
    return f"{opened(told)} {change} ({sure(told.amounts())})."


def suggestion(told: Told, reason: str) -> str:
    """Say that it looks so, and why that is not more."""
    change = f"{'rose' if told.rose else 'fell'} by {size(told.amounts())} {where(told)}"
    return (
        f"It looks as if {outcome(told)} {change} ({sure(told.amounts())}), "
        f"but the evidence is weak: {reason}."
    )


def nothing_seen(told: Told) -> str:
    """Say that no effect was seen, and how small a one would have been."""
    return (
        f"No effect of {path(told)} on {outcome(told)} could be seen; "
        f"{_one(told.amounts())} of {smallest(told.amounts())} or more would most likely have been "
        "seen."
    )


def cannot_tell(told: Told, reason: str) -> str:
    """Say that it cannot be told, and why."""
    return f"We cannot tell whether {path(told)} changed {outcome(told)}: {reason}."


def but_weak(reason: str) -> str:
    """Say, after a sentence, that it does not stand firm."""
    return f" The evidence is weak: {reason}."


def path(told: Told) -> str:
    """Return the name of the path."""
    return told.path("en", PATH)


def outcome(told: Told) -> str:
    """Return the outcome as it stands inside a sentence."""
    return told.inside("en", OUTCOME)


def opened(told: Told) -> str:
    """Return the outcome as a sentence opens with it."""
    return told.opening("en", OUTCOME)


def where(told: Told) -> str:
    """Return where the effect was seen."""
    if told.question.level == "team":
        return f"where teams took {path(told)}"
    if told.question.level == "person":
        return f"among those who took {path(told)}"
    return f"where {path(told)} was given"


def size(amounts: Amounts) -> str:
    """Return the effect with its measure."""
    return with_measure(amounts.words("en")[0], amounts)


def sure(amounts: Amounts) -> str:
    """Return the interval."""
    _, low, high, _ = amounts.words("en")
    return f"95 % sure between {low} and {with_measure(high, amounts)}"


def smallest(amounts: Amounts) -> str:
    """Return the smallest effect that would have been seen."""
    return with_measure(amounts.words("en")[3], amounts)


def _one(amounts: Amounts) -> str:
    """Return what would have been seen: in per cent, a rise is not as large as the fall that undoes it."""
    if amounts.measure != "percent":
        return "one"
    return "a fall" if amounts.smallest_falls else "a rise"


def with_measure(digits: str, amounts: Amounts) -> str:
    """Return digits followed by what they count."""
    one = digits == "1"
    return {
        "percent": f"{digits} %",
        "points": f"{digits} percentage point{'' if one else 's'}",
        "scale": f"{digits} {'step' if one else 'steps'} of its scale",
        "unit": amounts.counted(digits, "en"),
        "bare": digits,
    }[amounts.measure]
