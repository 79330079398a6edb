"""Plans as a file: plan.toml in, and the same form out.

A file may leave open what is not decided yet; what is missing is named when the plan is to be locked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from analytics.amounts import Span
from analytics.months import month_ix, month_name
from analytics.plans.model import (
    ASSIGNMENTS,
    COMPARISONS,
    COSTS,
    MOST_OUTCOMES,
    Months,
    Opinion,
    Plan,
    PlannedCost,
    Primary,
)
from connectors.model.tables import a_text, only
from lrs.errors import BadInput

_KEYS = ("path", "need", "window", "comparison", "assignment", "cost", "opinion", "outcome")
_OUTCOME = ("metric", "better", "value", "currency", "approved_by")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def plans_of(document: Mapping[str, Any], file: str) -> list[Plan]:
    """Return the plans of a file; raises `BadInput` that names the plan and the key."""
    entries = document.get("plan")
    if not isinstance(entries, list) or not entries:
        raise BadInput(
            "there is no [[plan]] in the file",
            where=file,
            hint='each plan is a table: [[plan]], then path = "…"; docs/plans.md has the rest',
        )
    only(document, ("plan",), file)
    plans = [_plan(entry, f"{file}: plan {n}") for n, entry in enumerate(entries, start=1)]
    paths = [plan.path for plan in plans]
    for path in paths:
        if paths.count(path) > 1:
            raise BadInput(f"the path {path!r} has two plans", where=file)
    return plans


def _plan(entry: Any, where: str) -> Plan:
    only(entry, _KEYS, where)
    path = a_text(entry, "path", where)
    if path is None:
        raise BadInput("a plan needs a path", where=where, hint="its id, or the IRI of an activity")
    return Plan(
        path=path,
        need=a_text(entry, "need", where),
        outcomes=_outcomes(entry.get("outcome", []), where),
        window=_window(entry.get("window"), f"{where}, window"),
        comparison=_choice(entry, "comparison", COMPARISONS, where),
        assignment=_choice(entry, "assignment", ASSIGNMENTS, where),
        cost=_cost(entry.get("cost", {}), f"{where}, cost"),
        opinion=_opinion(entry.get("opinion"), f"{where}, opinion"),
    )


def _outcomes(given: Any, where: str) -> tuple[Primary, ...]:
    if not isinstance(given, list):
        raise BadInput("each outcome is a table: [[plan.outcome]]", where=where)
    if len(given) > MOST_OUTCOMES:
        raise BadInput(
            f"a plan has at most {MOST_OUTCOMES} primary outcomes, not {len(given)}",
            where=f"{where}, outcome",
            hint="with more, one of them will please by chance; reports on others stay possible",
        )
    found = tuple(_outcome(one, f"{where}, outcome {n}") for n, one in enumerate(given, start=1))
    if len({one.metric for one in found}) < len(found):
        raise BadInput("an outcome is named twice", where=f"{where}, outcome")
    return found


def _outcome(entry: Any, where: str) -> Primary:
    only(entry, _OUTCOME, where)
    metric, better = a_text(entry, "metric", where), _choice(entry, "better", ("up", "down"), where)
    if metric is None or better is None:
        raise BadInput("an outcome needs metric and better", where=where, hint='better = "down"')
    value, currency = entry.get("value"), a_text(entry, "currency", where)
    if value is not None and not _CURRENCY.fullmatch(currency or ""):
        raise BadInput("a value needs a currency", where=where, hint='currency = "EUR"')
    return Primary(
        metric=metric,
        better=better,
        value=None if value is None else Span.of(value, f"{where}, value"),
        currency=currency,
        approved_by=a_text(entry, "approved_by", where),
    )


def _window(given: Any, where: str) -> Months | None:
    if given is None:
        return None
    only(given, ("from", "to"), where)
    for end in ("from", "to"):
        if not _MONTH.fullmatch(str(given.get(end, ""))):
            raise BadInput(f"{end} should be a month such as 2027-01", where=where)
    first, last = month_ix(given["from"]), month_ix(given["to"])
    if last < first:
        raise BadInput("the window ends before it begins", where=where)
    return first, last


def _cost(given: Any, where: str) -> PlannedCost:
    only(given, COSTS, where)
    return PlannedCost(**{name: Span.of(part, f"{where}, {name}") for name, part in given.items()})


def _opinion(given: Any, where: str) -> Opinion | None:
    if given is None:
        return None
    only(given, ("isolation", "confidence", "by"), where)
    return opinion_of(
        given.get("isolation"), given.get("confidence"), a_text(given, "by", where), where
    )


def opinion_of(isolation: Any, confidence: Any, by: str | None, where: str) -> Opinion:
    """Return the opinion; raises `BadInput` unless both are shares between 0 and 1."""
    for name, share in (("isolation", isolation), ("confidence", confidence)):
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise BadInput(f"{name} should be a share between 0 and 1, not {share!r}", where=where)
    return Opinion(float(isolation), float(confidence), by)


def _choice(entry: Mapping[str, Any], key: str, among: tuple[str, ...], where: str) -> str | None:
    value = a_text(entry, key, where)
    if value is not None and value not in among:
        raise BadInput(f"{key} = {value!r}?", where=where, hint=f"known: {', '.join(among)}")
    return value


def as_toml(plan: Plan) -> str:
    """Return the plan as a file that `plans_of` reads back."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    yield "[[plan]]"
    for key in ("path", "need"):
        if getattr(plan, key):
            yield f"{key} = {_quoted(getattr(plan, key))}"
    if plan.window:
        first, last = (_quoted(month_name(month)) for month in plan.window)
        yield f"window = {{ from = {first}, to = {last} }}"
    for key in ("comparison", "assignment"):
        if getattr(plan, key):
            yield f"{key} = {_quoted(getattr(plan, key))}"
    costs = [f"{name} = {_amount(part)}" for name, part in _costs(plan)]
    if costs:
        yield f"cost = {{ {', '.join(costs)} }}"
    if plan.opinion:
        told = {k: v for k, v in plan.opinion.as_json().items() if v is not None}
        yield f"opinion = {{ {', '.join(f'{k} = {_quoted(v)}' for k, v in told.items())} }}"
    for one in plan.outcomes:
        yield "\n[[plan.outcome]]"
        yield from (f"{key} = {said}" for key, said in _outcome_parts(one))


def _costs(plan: Plan) -> list[tuple[str, Span]]:
    parts = ((name, getattr(plan.cost, name)) for name in COSTS)
    return [(name, part) for name, part in parts if part is not None]


def _outcome_parts(one: Primary) -> Iterator[tuple[str, str]]:
    for key in ("metric", "better", "currency", "approved_by"):
        if getattr(one, key):
            yield key, _quoted(getattr(one, key))
    if one.value:
        yield "value", _amount(one.value)


def _amount(amount: Span) -> str:
    if amount.exact:
        return f"{amount.likely:.15g}"
    parts = (f"{name} = {part:.15g}" for name, part in amount.as_json().items())
    return f"{{ {', '.join(parts)} }}"


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
