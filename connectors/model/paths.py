"""Learning paths: which activities make one, and when it is done.

A declaration in ``paths.toml`` (`architecture.md`, "The files") becomes a rule of one shape, so that
SQL and Python read the same thing: *at least ``need`` of ``parts`` are done, each shown by ``sign``*.

- ``"completed"``, ``"passed"``: every activity of the path;
- ``{all_of = […]}``, ``{any_of = […]}``: every one, or one, of those named;
- ``{min = 3}``: so many different activities of the path.

A part that ends with ``*`` or ``/`` is the beginning of IRIs, any other is an IRI.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.model.tables import a_text, only
from lrs.errors import BadInput


@dataclass(frozen=True, slots=True)
class Sign:
    """What in a statement shows that an activity was done: the end of its verb, or its result."""

    verb_endings: tuple[str, ...]
    completion: bool
    success: bool


_COMPLETED = ("/completed", "/complete")

SIGNS: dict[str, Sign] = {
    "completed": Sign(_COMPLETED, completion=True, success=False),
    "passed": Sign(("/passed",), completion=False, success=True),
    # A path nobody declared: any of the ways in which tools say that something was finished.
    "any": Sign((*_COMPLETED, "/passed", "/mastered"), completion=True, success=False),
}


@dataclass(frozen=True, slots=True)
class Part:
    """An activity, or every activity whose IRI begins so."""

    activity: str
    is_prefix: bool

    def covers(self, activity: str) -> bool:
        """Return whether the activity is this part, or lies below it."""
        if self.is_prefix:
            return activity.startswith(self.activity)
        return activity == self.activity


@dataclass(frozen=True, slots=True)
class CompletionRule:
    """When a path is done: ``need`` of ``parts``, or of the activities below them, show ``sign``."""

    sign: str
    need: int
    parts: tuple[Part, ...]
    count: str = "parts"  # or "activities": different activities, whichever part covers them

    def as_json(self) -> dict[str, Any]:
        """Return the rule as it is kept."""
        return {
            "sign": self.sign,
            "need": self.need,
            "parts": [[part.activity, part.is_prefix] for part in self.parts],
            "count": self.count,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> CompletionRule:
        """Return the rule that was kept."""
        parts = tuple(Part(str(activity), bool(is_prefix)) for activity, is_prefix in kept["parts"])
        return cls(kept["sign"], kept["need"], parts, kept["count"])


@dataclass(frozen=True, slots=True)
class LearningPath:
    """A path as commands and reports know it. ``items`` are (IRI or beginning, is a beginning)."""

    key: str
    name: str
    items: tuple[tuple[str, bool], ...]
    rule: CompletionRule
    cost_fixed: float | None = None
    cost_per_learner: float | None = None
    hours_per_learner: float | None = None
    goal: str | None = None


def undeclared(key: str) -> LearningPath:
    """Return the path that an activity is by itself: done when a statement on it says so."""
    return LearningPath(key, key, ((key, False),), CompletionRule("any", 1, (Part(key, False),)))


def shows(sign: Sign, verb: str, completion: bool | None, success: bool | None) -> bool:
    """Return whether a statement with that verb and result shows that its activity was done."""
    if sign.completion and completion is not None:
        return completion
    if sign.success and success is not None:
        return success
    return verb.endswith(sign.verb_endings)


def done_on(rule: CompletionRule, days: Mapping[str, int]) -> int | None:
    """Return the day the path was done, from the first day each activity was; None: not yet."""
    reached = sorted(_days_of_parts(rule, days) if rule.count == "parts" else _days(rule, days))
    return reached[rule.need - 1] if len(reached) >= rule.need else None


def _days_of_parts(rule: CompletionRule, days: Mapping[str, int]) -> Iterator[int]:
    for part in rule.parts:
        found = [day for activity, day in days.items() if part.covers(activity)]
        if found:
            yield min(found)


def _days(rule: CompletionRule, days: Mapping[str, int]) -> Iterator[int]:
    for activity, day in days.items():
        if any(part.covers(activity) for part in rule.parts):
            yield day


def declared(document: Mapping[str, Any], file: str) -> list[LearningPath]:
    """Return the paths of a paths.toml; raises `BadInput` that names the path and the key."""
    entries = document.get("path")
    if not isinstance(entries, list) or not entries:
        raise BadInput(
            "there is no [[path]] in the file",
            where=file,
            hint='each path is a table: [[path]], then id = "…", activities = ["…"]',
        )
    unknown = sorted(set(document) - {"path"})
    if unknown:
        raise BadInput(f"what is {unknown[0]!r}?", where=file, hint="the file holds [[path]] only")
    paths = [_path(entry, f"{file}: path {n}") for n, entry in enumerate(entries, start=1)]
    _refuse_twice(paths, file)
    return paths


def _refuse_twice(paths: list[LearningPath], file: str) -> None:
    seen: set[str] = set()
    for path in paths:
        if path.key in seen:
            raise BadInput(f"the path {path.key!r} is declared twice", where=file)
        seen.add(path.key)


_KEYS = ("id", "name", "activities", "complete", "cost", "goal")
_COSTS = ("fixed", "per_learner", "hours_per_learner")


def _path(entry: Any, where: str) -> LearningPath:
    only(entry, _KEYS, where)
    key = a_text(entry, "id", where)
    if key is None:
        raise BadInput("a path needs an id", where=where, hint="reports and commands call it so")
    activities = _texts(entry.get("activities", [key]), f"{where}, activities")
    parts = tuple(part_of(text) for text in activities)
    rule = _rule(entry.get("complete", "completed"), parts, f"{where}, complete")
    cost = entry.get("cost", {})
    only(cost, _COSTS, f"{where}, cost")
    return LearningPath(
        key=key,
        name=a_text(entry, "name", where) or key,
        items=tuple((part.activity, part.is_prefix) for part in _both(parts, rule.parts)),
        rule=rule,
        cost_fixed=_amount(cost, "fixed", where),
        cost_per_learner=_amount(cost, "per_learner", where),
        hours_per_learner=_amount(cost, "hours_per_learner", where),
        goal=a_text(entry, "goal", where),
    )


def part_of(text: str) -> Part:
    """Return the part that an entry of ``activities`` names."""
    if text.endswith("*"):
        return Part(text[:-1], is_prefix=True)
    return Part(text, is_prefix=text.endswith("/"))


def _both(first: Iterable[Part], second: Iterable[Part]) -> list[Part]:
    """Return the parts of either once each: what a rule names belongs to the path."""
    return list(dict.fromkeys((*first, *second)))


_RULE_HINT = '"completed", "passed", {all_of = […]}, {any_of = […]} or {min = 3}'


def _rule(given: Any, parts: tuple[Part, ...], where: str) -> CompletionRule:
    if given in ("completed", "passed"):
        return CompletionRule(given, len(parts), parts)
    if not isinstance(given, dict):
        raise BadInput(f"{given!r} is no rule", where=where, hint=_RULE_HINT)
    only(given, ("all_of", "any_of", "min", "by"), where)
    sign = given.get("by", "completed")
    if sign not in ("completed", "passed"):
        raise BadInput(f"by = {sign!r}?", where=where, hint='"completed" or "passed"')
    forms = [name for name in ("all_of", "any_of", "min") if name in given]
    if len(forms) != 1:
        raise BadInput("a rule is one of all_of, any_of and min", where=where, hint=_RULE_HINT)
    if forms == ["min"]:
        return CompletionRule(sign, _least(given["min"], parts, where), parts, "activities")
    named = tuple(part_of(text) for text in _texts(given[forms[0]], f"{where}, {forms[0]}"))
    return CompletionRule(sign, len(named) if forms == ["all_of"] else 1, named)


def _least(value: Any, parts: tuple[Part, ...], where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadInput(f"min must be a whole number from 1, not {value!r}", where=where)
    if value > len(parts) and not any(part.is_prefix for part in parts):
        raise BadInput(
            f"min = {value}, but the path has {len(parts)} activities: it could never be done",
            where=where,
        )
    return value


def _texts(value: Any, where: str) -> list[str]:
    texts = value if isinstance(value, list) else []
    if not texts or not all(isinstance(text, str) and text.strip("*") for text in texts):
        raise BadInput(
            "this should be a list of IRIs, or of beginnings of IRIs that end with *", where=where
        )
    return list(dict.fromkeys(texts))


def _amount(table: Mapping[str, Any], key: str, where: str) -> float | None:
    value = table.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e15:
        raise BadInput(f"{key} should be a number from 0, not {value!r}", where=f"{where}, cost")
    return float(value)
