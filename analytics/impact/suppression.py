"""Takes out of a report what would point at few people: `trust.md`, P2.

A count below the minimum is not shown, and neither is one that follows from what is: where only
small groups are hidden, the next smallest is hidden with them, until together they are no small
group. An effect of a group below the minimum is not shown at all, in figures or in words; the report says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from analytics.estimators.panel import NEVER

SENSITIVE_MINIMUM = 10
"""Health and the like: `trust.md`, P2."""


Observed = Mapping[tuple[int, int], int]
"""By cohort and month: how many people had a record."""


def smallest_group(min_group: int, *, sensitive: bool) -> int:
    """Return the fewest people a figure may stand for."""
    return max(min_group, SENSITIVE_MINIMUM) if sensitive else min_group


def is_small(count: int | None, minimum: int) -> bool:
    """Return whether a count points at few people; nobody at all is not few."""
    return count is not None and 0 < count < minimum


def hidden(counts: Mapping[Any, int], minimum: int) -> set[Any]:
    """Return the keys to hide: the small ones, and with them the next smallest until they are many."""
    small = {key for key, n in counts.items() if is_small(n, minimum)}
    rest = sorted((n, key) for key, n in counts.items() if key not in small and n > 0)
    while small and sum(counts[key] for key in small) < minimum and rest:
        small.add(rest.pop(0)[1])
    return small


def starts(sizes: Iterable[tuple[int, int, int]], minimum: int) -> dict[int, int | None]:
    """Return people by start, None where hidden, from cohort, clusters and people."""
    people = {cohort: n for cohort, _, n in sizes if cohort != NEVER}
    away = hidden(people, minimum)
    return {cohort: None if cohort in away else n for cohort, n in people.items()}


def completion(people: int, started: int, completed: int, minimum: int) -> dict[str, Any]:
    """Return how many took the path, without a number that points at a few who did or did not."""
    shown: dict[str, Any] = {"people": people, "started": started, "completed": completed}
    for key in ("started", "completed"):
        if is_small(shown[key], minimum) or is_small(people - shown[key], minimum):
            shown[key] = None
    if shown["started"] is not None and shown["completed"] is not None:
        between = started - completed
        if is_small(between, minimum):
            shown["started"] = None
    share = shown["completed"] / people if shown["completed"] is not None and people else None
    shown["share"] = None if share is None else round(share, 4)
    if None in shown.values():
        shown["suppressed"] = True
    return shown


def beside(count: int, shown: int | None, minimum: int) -> int | None:
    """Return a count, None where it is small, or where what it exceeds another shown one by is."""
    few = is_small(count, minimum) or (shown is not None and is_small(count - shown, minimum))
    return None if few else count


def event_study(
    points: Mapping[str, Any], observed: Observed, first: int, minimum: int
) -> dict[str, Any]:
    """Return the points of the event study that enough people stand behind, on either side.

    Fewer and fewer cohorts reach the ends, and people leave. The averages over all points are shown, so
    one point left out could be worked out from them: the next one inwards goes too, and it has enough
    people.
    """
    cohorts = {cohort for cohort, _ in observed if first < cohort < NEVER}
    behind = {}
    for event in map(int, points):
        there = [cohort for cohort in cohorts if (cohort, cohort + event) in observed]
        trained = sum(observed[cohort, cohort + event] for cohort in there)
        beside = (
            _untrained(observed, max(cohort + event, cohort), cohort + event) for cohort in there
        )
        behind[event] = min(trained, *beside) if there else 0
    away = {event for event, n in behind.items() if n < minimum}
    for side in ([e for e in behind if e < 0], [e for e in behind if e >= 0]):
        shown = [event for event in side if event not in away]
        if len(shown) < len(side) and shown:
            away.add(min(shown, key=lambda event: (behind[event], -abs(event))))
    return {event: point for event, point in points.items() if int(event) not in away}


def _untrained(observed: Observed, until: int, month: int) -> int:
    """Return how many were observed in a month of those who were not trained until then."""
    return sum(n for (cohort, when), n in observed.items() if when == month and cohort > until)


def sides(
    sizes: Iterable[tuple[int, int, int]], first: int, observed: Observed | None = None
) -> dict[str, int]:
    """Return how many people were trained within the months, and how many never were.

    Who was trained before the first month is on neither side. With who was ``observed``, no more than
    there were at once after a start: who had left by then stands behind no effect.
    """
    people = {"treated": 0, "comparison": 0}
    for cohort, _, n in sizes:
        if cohort > first:
            people["comparison" if cohort == NEVER else "treated"] += n
    if observed is None or not people["treated"]:
        return people
    starts = [cohort for cohort, _, _ in sizes if first < cohort < NEVER]
    months = {month for _, month in observed if month >= min(starts)}
    trained = (
        sum(n for (cohort, at), n in observed.items() if at == month and first < cohort <= month)
        for month in months
    )
    beside = max((_untrained(observed, month, month) for month in months), default=0)
    never = people["comparison"]
    return {
        "treated": min(people["treated"], max(trained, default=0)),
        "comparison": min(never, beside) if never else beside,
    }


_NUMBERS = ("estimate", "mde", "inference")
_TABLES = ("estimates", "event_study", "series", "naive", "checks")


def without_numbers(
    record: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the record with every figure of its small group taken out, the group's size too."""
    kept = dict(record)
    kept.update({key: None for key in _NUMBERS if key in kept})
    kept.update({key: {} for key in _TABLES if key in kept})
    # One side follows from the other and from all, and a cluster may be a person.
    counts = dict(kept.get("n") or {})
    kept["n"] = {key: n if key in _NOT_OF_PEOPLE else None for key, n in counts.items()}
    kept["suppressed"] = True
    return kept


_NOT_OF_PEOPLE = frozenset({"periods"})
