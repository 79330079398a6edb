"""The forms a statement can be asked for in: ``exact``, ``ids`` and ``canonical``.

Ruled by 1.0.3, Communication 2.1.3 (`format`, and "Language Filtering Requirements for Canonical
Format Statements"). ``exact`` keeps the bytes and never comes here; the other two make the JSON
anew, which keeps every value, though not how a number was written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Json = dict[str, Any]
Choose = Callable[[list[str]], str | None]
"""Picks the language a reader likes best among those there are."""

_IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")
_INTERACTIONS = ("choices", "scale", "source", "target", "steps")


def as_ids(answer: bytes) -> bytes:
    """Return the statement with no more of agents, verbs and activities than identifies them."""
    return _bytes(_changed(json.loads(answer), _agent_id, _verb_id, _activity_id))


def as_canonical(answer: bytes, definitions: Mapping[str, Json], choose: Choose) -> bytes:
    """Return the statement with what the store knows its activities as, in one language."""

    def activity(found: Json) -> Json:
        known = definitions.get(found["id"]) or found.get("definition")
        if known is None:
            return found
        return {**found, "definition": _definition_in_one_language(known, choose)}

    def verb(found: Json) -> Json:
        if "display" not in found:
            return found
        return {**found, "display": _in_one_language(found["display"], choose)}

    return _bytes(_changed(json.loads(answer), _as_it_is, verb, activity))


def activities(answer: bytes) -> set[str]:
    """Return the ids of all activities that a statement names."""
    found: set[str] = set()

    def note(activity: Json) -> Json:
        found.add(activity["id"])
        return activity

    _changed(json.loads(answer), _as_it_is, _as_it_is, note)
    return found


_Change = Callable[[Json], Json]


def _changed(statement: Json, agent: _Change, verb: _Change, activity: _Change) -> Json:
    """Return the statement with each of its agents, its verb and its activities changed."""
    changed = dict(statement)
    changed["verb"] = verb(statement["verb"])
    for name, value in _agents(statement):
        changed[name] = agent(value)
    kind = statement["object"].get("objectType", "Activity")
    if kind == "Activity":
        changed["object"] = activity(statement["object"])
    elif kind in ("Agent", "Group"):
        changed["object"] = agent(statement["object"])
    elif kind == "SubStatement":
        changed["object"] = _changed(statement["object"], agent, verb, activity)
    if "context" in statement:
        changed["context"] = _changed_context(statement["context"], agent, activity)
    return changed


def _agents(statement: Json) -> Iterator[tuple[str, Json]]:
    return ((name, statement[name]) for name in ("actor", "authority") if name in statement)


def _changed_context(context: Json, agent: _Change, activity: _Change) -> Json:
    changed = dict(context)
    for name in ("instructor", "team"):
        if name in context:
            changed[name] = agent(context[name])
    for name, inner in (("contextAgents", "agent"), ("contextGroups", "group")):
        if name in context:
            changed[name] = [{**each, inner: agent(each[inner])} for each in context[name]]
    if "contextActivities" in context:
        changed["contextActivities"] = {
            kind: [activity(each) for each in found]
            for kind, found in context["contextActivities"].items()
        }
    return changed


def _as_it_is(found: Json) -> Json:
    return found


def _agent_id(agent: Json) -> Json:
    kept = ("objectType", *_IDENTIFIERS)
    short = {name: agent[name] for name in kept if name in agent}
    # An anonymous group is nothing but its members.
    if not any(name in agent for name in _IDENTIFIERS):
        short["member"] = [_agent_id(member) for member in agent.get("member", [])]
    return short


def _verb_id(verb: Json) -> Json:
    return {"id": verb["id"]}


def _activity_id(activity: Json) -> Json:
    return {"id": activity["id"]}


def _definition_in_one_language(definition: Json, choose: Choose) -> Json:
    short = dict(definition)
    for name in ("name", "description"):
        if name in definition:
            short[name] = _in_one_language(definition[name], choose)
    for name in _INTERACTIONS:
        if name in definition:
            short[name] = [_component(each, choose) for each in definition[name]]
    return short


def _component(component: Json, choose: Choose) -> Json:
    if "description" not in component:
        return component
    return {**component, "description": _in_one_language(component["description"], choose)}


def _in_one_language(texts: Mapping[str, str], choose: Choose) -> dict[str, str]:
    if not texts:
        return {}
    language = choose(list(texts)) or ("en" if "en" in texts else next(iter(texts)))
    return {language: texts[language]}


def _bytes(statement: Json) -> bytes:
    return json.dumps(statement, ensure_ascii=False, separators=(",", ":")).encode()
