"""The known faults of senders, and how each is repaired under a key in lenient mode.

Only a statement that breaks a rule comes here, and it is held to every rule again afterwards; the
bytes it came in are kept beside it, with the name and the place of every repair. A repair writes
what the sender plainly meant; where that is not plain, there is none, and the statement is refused
as it is by a strict key.

==========================  ====================================================================
``null-property``           a property that is null is left out, except in extensions
``mbox-form``               ``ada@example.org`` and ``MAILTO:ada@…`` become ``mailto:ada@…``
``mbox-sha1sum-address``    an address where its hash belongs is hashed
``account-home-page``       an account without home page gets that of the key
``account-name-number``     an account name that is a number becomes text
``several-identifiers``     of several identifiers the first that holds is kept, in the order mbox,
                            mbox_sha1sum, openid, account
``object-type``             ``GroupActivity`` becomes ``Activity``; ``agent`` becomes ``Agent``
``timestamp-space``         a space between date and time becomes ``T``
``timestamp-zone``          without a zone, where version 2.0 wants one, it is UTC
``timestamp-form``          another form that is plain becomes that of RFC 3339
``number-text``             a score ``"0.8"`` becomes a number
``boolean-text``            ``"true"`` becomes ``true``
``language-tag``            ``en_US`` becomes ``en-US``
==========================  ====================================================================
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import orjson

from lrs.errors import BadStatement
from lrs.xapi.activities import COMPONENT_LISTS
from lrs.xapi.agents import IDENTIFIERS, check_agent
from lrs.xapi.faults import At
from lrs.xapi.languages import is_language_tag
from lrs.xapi.mending import Bench, Mend, Repair, in_each, in_object, without_nulls, written
from lrs.xapi.parsing import ParsedStatement
from lrs.xapi.terms import SpecVersion
from lrs.xapi.times import instant, instant_of

__all__ = ["NO_REPAIRS", "Repair", "repaired"]

NO_REPAIRS: tuple[Repair, ...] = ()


def repaired(
    parsed: ParsedStatement, version: SpecVersion, home_page: str
) -> tuple[ParsedStatement, tuple[Repair, ...]]:
    """Return the statement with every known fault repaired, and what that was.

    ``home_page`` is what an account without one gets. The statement need not hold afterwards.
    """
    bench = Bench(version, home_page)
    body = _statement(without_nulls(parsed.body, parsed.path, bench), parsed.path, bench)
    raw = written(parsed.raw, parsed.body, body)
    return ParsedStatement(raw, body, parsed.path), tuple(bench.repairs)


def _mbox(value: Any, at: At, bench: Bench) -> Any:
    if not isinstance(value, str):
        return value
    address = "mailto:" + _SCHEME.sub("", value).strip()
    if address == value or not _holds({"mbox": address}):
        return value
    bench.note(at, "mbox-form")
    return address


_SCHEME = re.compile(r"\s*mailto:", re.IGNORECASE)


# Data 2.4.2.3, row 2: it is the mailto IRI that is hashed.
def _mbox_sha1sum(value: Any, at: At, bench: Bench) -> Any:
    if not isinstance(value, str) or "@" not in value:
        return value
    address = "mailto:" + _SCHEME.sub("", value).strip()
    if not _holds({"mbox": address}):
        return value
    bench.note(at, "mbox-sha1sum-address")
    return hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()


def _account(value: Any, at: At, bench: Bench) -> Any:
    if not isinstance(value, dict):
        return value
    mended = value
    if not value.get("homePage"):
        bench.note((at, "homePage"), "account-home-page")
        mended = {**mended, "homePage": bench.home_page}
    name = value.get("name")
    if isinstance(name, int) and not isinstance(name, bool):
        bench.note((at, "name"), "account-name-number")
        mended = {**mended, "name": str(name)}
    return mended


_TYPES = {
    name.lower(): name for name in ("Agent", "Group", "Activity", "StatementRef", "SubStatement")
} | {"groupactivity": "Activity"}


def _object_type(value: Any, at: At, bench: Bench) -> Any:
    meant = _TYPES.get(value.lower(), value) if isinstance(value, str) else value
    if meant == value:
        return value
    bench.note(at, "object-type")
    return meant


def _agent(value: Any, at: At, bench: Bench) -> Any:
    return _one_identifier(_agent_parts(value, at, bench), at, bench)


def _one_identifier(value: Any, at: At, bench: Bench) -> Any:
    """Keep one of several identifiers."""
    found = [scheme for scheme in IDENTIFIERS if scheme in value] if isinstance(value, dict) else []
    if len(found) < 2:
        return value
    kept = next((scheme for scheme in found if _holds({scheme: value[scheme]})), None)
    if kept is None:
        return value
    bench.note(at, "several-identifiers")
    return {key: item for key, item in value.items() if key == kept or key not in IDENTIFIERS}


def _holds(agent: Mapping[str, Any]) -> bool:
    try:
        check_agent(agent, "$")
    except BadStatement:
        return False
    return True


_agent_parts = in_object(
    {
        "objectType": _object_type,
        "mbox": _mbox,
        "mbox_sha1sum": _mbox_sha1sum,
        "account": _account,
        "member": in_each(lambda value, at, bench: _agent(value, at, bench)),
    }
)


def _timestamp(value: Any, at: At, bench: Bench) -> Any:
    if not isinstance(value, str) or instant_of(value, bench.version) is not None:
        return value
    text = _SPACED.sub(r"\1T\2", value.strip()).replace(" ", "")
    if instant_of(text, bench.version) is not None:
        bench.note(at, "timestamp-space" if " " in value.strip() else "timestamp-form")
        return text
    # Minus zero, an unknown offset, is in UTC all the same.
    found = instant_of(_MINUS_ZERO.sub("Z", text))
    if found is None:
        return value
    bench.note(at, "timestamp-form" if _ZONE.search(text) else "timestamp-zone")
    return instant(found)


_SPACED = re.compile(r"^([0-9]{4}-?[0-9]{2}-?[0-9]{2}) +([0-9])")
_MINUS_ZERO = re.compile(r"-00(?::?00)?$")
_ZONE = re.compile(r"(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)$")


def _number(value: Any, at: At, bench: Bench) -> Any:
    if not isinstance(value, str) or _NUMBER.fullmatch(value.strip()) is None:
        return value
    bench.note(at, "number-text")
    return orjson.loads(value.strip())


_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?")


def _boolean(value: Any, at: At, bench: Bench) -> Any:
    meant = _BOOLEANS.get(value.strip().lower()) if isinstance(value, str) else None
    if meant is None:
        return value
    bench.note(at, "boolean-text")
    return meant


_BOOLEANS = {"true": True, "false": False}


def _language(value: Any, at: At, bench: Bench) -> Any:
    meant = _tag(value) if isinstance(value, str) else None
    if meant is None:
        return value
    bench.note(at, "language-tag")
    return meant


def _language_map(value: Any, at: At, bench: Bench) -> Any:
    if not isinstance(value, dict):
        return value
    meant = {tag: _tag(tag) for tag in value}
    renamed = {old: new for old, new in meant.items() if new is not None and new not in value}
    for tag in renamed:
        bench.note((at, tag), "language-tag")
    return {renamed.get(tag, tag): text for tag, text in value.items()} if renamed else value


def _tag(tag: str) -> str | None:
    """Return the tag that was meant, if this one is none."""
    meant = tag.strip().replace("_", "-")
    return meant if not is_language_tag(tag) and is_language_tag(meant) else None


_NAMED = {"name": _language_map, "description": _language_map}
_components = in_each(in_object({"description": _language_map}))
_definition = in_object({**_NAMED, **dict.fromkeys(COMPONENT_LISTS, _components)})
_activity = in_object({"objectType": _object_type, "definition": _definition})
_ref = in_object({"objectType": _object_type})


def _object(value: Any, at: At, bench: Bench) -> Any:
    if not isinstance(value, dict):
        return value
    said = value.get("objectType", "Activity")
    meant = _TYPES.get(said.lower()) if isinstance(said, str) else None
    return _OBJECTS.get(meant or "", _activity)(value, at, bench)


_activities = in_each(_activity)
_SHARED: dict[str, Mend] = {
    "actor": _agent,
    "verb": in_object({"display": _language_map}),
    "object": _object,
    "result": in_object(
        {
            "score": in_object(dict.fromkeys(("scaled", "raw", "min", "max"), _number)),
            "success": _boolean,
            "completion": _boolean,
        }
    ),
    "context": in_object(
        {
            "instructor": _agent,
            "team": _agent,
            "contextActivities": in_object(
                dict.fromkeys(("parent", "grouping", "category", "other"), _activities)
            ),
            "contextAgents": in_each(in_object({"agent": _agent})),
            "contextGroups": in_each(in_object({"group": _agent})),
            "language": _language,
            "statement": _ref,
        }
    ),
    "timestamp": _timestamp,
    "attachments": in_each(in_object({"display": _language_map, "description": _language_map})),
}
_OBJECTS: dict[str, Mend] = {
    "Agent": _agent,
    "Group": _agent,
    "StatementRef": _ref,
    "SubStatement": in_object({**_SHARED, "objectType": _object_type}),
}
_statement = in_object({**_SHARED, "stored": _timestamp, "authority": _agent})
