"""The sentence in Dutch. A verb would bend with the outcome's number, which we do not know, so the
change is told as a noun: "een daling van 12% bij fouten".
"""

from __future__ import annotations

from analytics.telling.names import opening
from analytics.telling.told import Amounts, Told

PATH, OUTCOME = "de training", "de uitkomst"


def claim(told: Told) -> str:
    """Say that the outcome changed."""
    return (
        f"{opening(where(told))}, zien we een {_change(told)} {_at(told)} ({sure(told.amounts())})."
    )


def suggestion(told: Told, reason: str) -> str:
    """Say that it looks so, and why that is not more."""
    return (
        f"{opening(where(told))}, lijkt er een {_change(told)} te zijn "
        f"{_at(told)} ({sure(told.amounts())}), maar het bewijs is zwak: {reason}."
    )


def nothing_seen(told: Told) -> str:
    """Say that no effect was seen, and how small a one would have been."""
    return (
        f"Er is geen effect van {path(told)} op {outcome(told)} te zien; "
        f"{_one(told.amounts())} van {smallest(told.amounts())} of meer zou vrijwel zeker zichtbaar "
        "zijn geweest."
    )


def cannot_tell(told: Told, reason: str) -> str:
    """Say that it cannot be told, and why."""
    return f"We kunnen niet zeggen of {path(told)} invloed had op {outcome(told)}: {reason}."


def but_weak(reason: str) -> str:
    """Say, after a sentence, that it does not stand firm."""
    return f" Het bewijs is zwak: {reason}."


def _at(told: Told) -> str:
    """Return where the change is: in an outcome that has its article, at one that is only named."""
    return f"{'in' if told.phrase('nl') else 'bij'} {outcome(told)}"


def _change(told: Told) -> str:
    return f"{'stijging' if told.rose else 'daling'} van {size(told.amounts())}"


def path(told: Told) -> str:
    """Return the name of the path."""
    return told.path("nl", PATH)


def outcome(told: Told) -> str:
    """Return the outcome as it stands inside a sentence."""
    return told.inside("nl", OUTCOME)


def where(told: Told) -> str:
    """Return where the effect was seen."""
    if told.question.level == "team":
        return f"waar teams {path(told)} volgden"
    if told.question.level == "person":
        return f"bij mensen die {path(told)} volgden"
    return f"waar {path(told)} is gegeven"


def size(amounts: Amounts) -> str:
    """Return the effect with its measure."""
    return with_measure(amounts.words("nl")[0], amounts)


def sure(amounts: Amounts) -> str:
    """Return the interval."""
    _, low, high, _ = amounts.words("nl")
    return f"met 95% zekerheid tussen {low} en {with_measure(high, amounts)}"


def smallest(amounts: Amounts) -> str:
    """Return the smallest effect that would have been seen."""
    return with_measure(amounts.words("nl")[3], amounts)


def _one(amounts: Amounts) -> str:
    """Return what would have been seen: in per cent, a rise is not as large as the fall that undoes it."""
    if amounts.measure != "percent":
        return "een effect"
    return "een daling" if amounts.smallest_falls else "een stijging"


def with_measure(digits: str, amounts: Amounts) -> str:
    """Return digits followed by what they count."""
    one = digits == "1"
    return {
        "percent": f"{digits}%",
        "points": f"{digits} procentpunt{'' if one else 'en'}",
        "scale": f"{digits} {'stap' if one else 'stappen'} op de schaal",
        "unit": amounts.counted(digits, "nl"),
        "bare": digits,
    }[amounts.measure]
