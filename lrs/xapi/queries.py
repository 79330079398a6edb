"""The parameters of ``GET /statements``, held to the same standards as values in statements.

https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#213-get-statements
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from lrs.errors import BadInput, BadStatement
from lrs.xapi.agents import check_actor
from lrs.xapi.iris import is_iri
from lrs.xapi.terms import SpecVersion
from lrs.xapi.times import instant_of
from lrs.xapi.uuids import uuid_of

FORMATS = ("ids", "exact", "canonical")
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class StatementQuery:
    """A list of statements that is asked for; None and the defaults leave a filter out."""

    agent: str | None = None
    """Normal form."""
    verb: str | None = None
    activity: str | None = None
    registration: str | None = None
    related_activities: bool = False
    related_agents: bool = False
    since: int | None = None
    """Microseconds, exclusive."""
    until: int | None = None
    """Microseconds, inclusive."""
    limit: int = 0
    """0: as many as the store gives."""
    format: str = "exact"
    attachments: bool = False
    ascending: bool = False


@dataclass(frozen=True, slots=True)
class ById:
    """One statement that is asked for."""

    statement_id: UUID
    voided: bool = False
    format: str = "exact"
    attachments: bool = False


_OF_ONE = ("statementId", "voidedStatementId")
_WITH_ONE = (*_OF_ONE, "format", "attachments")
_OF_MANY = (
    "agent",
    "verb",
    "activity",
    "registration",
    "related_activities",
    "related_agents",
    "since",
    "until",
    "limit",
    "format",
    "attachments",
    "ascending",
)


def parse_query(
    args: Mapping[str, str],
    version: SpecVersion,  # noqa: ARG001
) -> StatementQuery | ById:
    """Return what the parameters ask for; `BadInput` names the parameter at fault.

    The versions know the same parameters so far.
    """
    _known(args)
    asked = [name for name in _OF_ONE if name in args]
    if asked:
        return _by_id(args, asked)
    return StatementQuery(
        agent=_agent(args),
        verb=_iri(args, "verb"),
        activity=_iri(args, "activity"),
        registration=_registration(args),
        related_activities=_boolean(args, "related_activities"),
        related_agents=_boolean(args, "related_agents"),
        since=_instant(args, "since"),
        until=_instant(args, "until"),
        limit=_limit(args),
        format=_format(args),
        attachments=_boolean(args, "attachments"),
        ascending=_boolean(args, "ascending"),
    )


# Communication 3.2: a parameter that is not known, or not written so, is an error.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#32-error-codes
def _known(args: Mapping[str, str]) -> None:
    for name in args:
        if name not in _OF_MANY and name not in _OF_ONE:
            raise BadInput(
                "there is no such parameter",
                where=name[:80],
                hint=f"known: {', '.join(sorted({*_OF_ONE, *_OF_MANY}))}",
            )


# Communication 2.1.3, requirements 1 and 2: one id, and beside it only format and attachments.
def _by_id(args: Mapping[str, str], asked: list[str]) -> ById:
    name = asked[-1]
    if len(asked) > 1:
        raise BadInput("statementId and voidedStatementId exclude each other", where=name)
    for other in args:
        if other not in _WITH_ONE:
            raise BadInput(f"{other} cannot stand beside {name}", where=other)
    return ById(
        _uuid(args[name], name),
        voided=name == "voidedStatementId",
        format=_format(args),
        attachments=_boolean(args, "attachments"),
    )


# Communication 2.1.3, row 3: an agent or an identified group, as JSON.
def _agent(args: Mapping[str, str]) -> str | None:
    if "agent" not in args:
        return None
    try:
        actor = check_actor(_json(args["agent"]), "agent")
    except BadStatement as exc:
        raise BadInput(exc.message, where=exc.where, hint=exc.hint) from exc
    if actor.normal is None:
        raise BadInput("nothing can be found by an anonymous group", where="agent")
    return actor.normal


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise BadInput(f"this is not JSON: {exc.msg}", where="agent") from exc


def _iri(args: Mapping[str, str], name: str) -> str | None:
    value = args.get(name)
    if value is not None and not is_iri(value):
        raise BadInput("this must be an IRI with a scheme", where=name)
    return value


def _uuid(value: str, name: str) -> UUID:
    found = uuid_of(value)
    if found is None:
        raise BadInput("this must be a UUID", where=name)
    return found


def _registration(args: Mapping[str, str]) -> str | None:
    value = args.get("registration")
    return None if value is None else str(_uuid(value, "registration"))


# As in JSON: true and false. Clients in Python write True and False, which can mean nothing else.
def _boolean(args: Mapping[str, str], name: str) -> bool:
    value = args.get(name, "false")
    if value.lower() not in ("true", "false"):
        raise BadInput("this must be true or false", where=name)
    return value.lower() == "true"


# Real clients write a space for the T, and leave the zone out where version 2.0 wants one; a plus
# sign that was not escaped arrives as a space before the zone. All of that is read.
def _instant(args: Mapping[str, str], name: str) -> int | None:
    value = args.get(name)
    if value is None:
        return None
    found = instant_of(_mended(value))
    if found is None:
        raise BadInput(
            "this must be a date and time of ISO 8601",
            where=name,
            hint="write it as 2026-01-31T09:30:00.000Z",
        )
    return found


def _mended(value: str) -> str:
    day, _, clock = value.upper().replace("T", " ", 1).partition(" ")
    return f"{day}T{clock.replace(' ', '+')}"


def _limit(args: Mapping[str, str]) -> int:
    value = args.get("limit", "0")
    if not (value.isascii() and value.isdigit()) or len(value) > 18:
        raise BadInput("this must be a whole number, 0 or more", where="limit")
    return int(value)


def _format(args: Mapping[str, str]) -> str:
    value = args.get("format", "exact")
    if value not in FORMATS:
        raise BadInput(f"this must be one of {', '.join(FORMATS)}", where="format")
    return value
