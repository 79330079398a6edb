"""Agents and groups, and the one text that an agent is found by.

https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#242-actor

The normal form of an agent is its identifier on one line: ``mbox mailto:ann@example.org``,
``mbox_sha1sum <hex>``, ``openid <uri>``, ``account <homePage> <name>``. Two agents are the same
when their normal forms are (Communication 2.1.3). What is the same in any case is written in lower
case: the domain of a mail address, the digits of a hash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lrs.xapi.faults import (
    At,
    a_string,
    an_array,
    an_object,
    fault,
    missing,
    properties,
    unknown,
)
from lrs.xapi.iris import an_iri

IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")

_AGENT = frozenset({"objectType", "name", *IDENTIFIERS})
_GROUP = _AGENT | {"member"}
_MBOX = re.compile(
    r"mailto:[^\x00-\x20\x7f-\xa0@<>()\[\]\\,;:\"]+@[^\x00-\x20\x7f-\xa0@<>()\\,;\"?]+"
)
_SHA1 = re.compile(r"[0-9A-Fa-f]{40}")


class AgentIdentifier(NamedTuple):
    """An agent's identifier in its parts; only an account has a home page."""

    scheme: str
    home_page: str | None
    value: str


class Actor(NamedTuple):
    """Who an agent or group is: its normal form (None: anonymous), and those of its members."""

    normal: str | None
    members: tuple[str, ...] = ()


def normal_form(agent: Mapping[str, Any]) -> str | None:
    """Return the normal form of a checked agent or group; None for an anonymous group."""
    for scheme in IDENTIFIERS:
        value = agent.get(scheme)
        if value is not None:
            return _WRITE[scheme](value)
    return None


def identifier_of(normal: str) -> AgentIdentifier:
    """Return the parts of a normal form."""
    scheme, value = normal.split(" ", 1)
    if scheme != "account":
        return AgentIdentifier(scheme, None, value)
    home_page, name = value.split(" ", 1)
    return AgentIdentifier(scheme, home_page, name)


def agent_of(normal: str) -> dict[str, Any]:
    """Return the agent object that a normal form stands for."""
    scheme, home_page, value = identifier_of(normal)
    if home_page is not None:
        return {"objectType": "Agent", "account": {"homePage": home_page, "name": value}}
    return {"objectType": "Agent", scheme: value}


def _normal_mbox(value: str) -> str:
    local, _, domain = value.rpartition("@")
    return f"mbox {local}@{domain.lower()}"


_WRITE: dict[str, Callable[[Any], str]] = {
    "mbox": _normal_mbox,
    "mbox_sha1sum": lambda value: f"mbox_sha1sum {value.lower()}",
    "openid": lambda value: f"openid {value}",
    "account": lambda value: f"account {value['homePage']} {value['name']}",
}


# Data 2.4.2.3, row 1.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#2423-inverse-functional-identifier
def _mbox(value: Any, at: At) -> None:
    if _MBOX.fullmatch(a_string(value, at)) is None:
        raise fault(at, "this must be a mail address written as mailto:name@example.org")


# Data 2.4.2.3, row 2: the hex SHA-1 of the whole mailto IRI.
def _mbox_sha1sum(value: Any, at: At) -> None:
    if _SHA1.fullmatch(a_string(value, at)) is None:
        raise fault(at, "this must be the 40 hex digits of a SHA-1", "hash the mailto: IRI")


# Data 2.4.2.4; NUL, which JSON has and PostgreSQL's text has not, cannot be in an identifier.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#2424-account-object
def _account_name(value: Any, at: At) -> None:
    if "\0" in a_string(value, at):
        raise fault(at, "the name of an account cannot hold the character NUL")


_ACCOUNT = {"homePage": an_iri, "name": _account_name}


def _account(value: Any, at: At) -> None:
    properties(value, at, _ACCOUNT, _ACCOUNT)


_CHECK: dict[str, Callable[[Any, At], object]] = {
    "mbox": _mbox,
    "mbox_sha1sum": _mbox_sha1sum,
    "openid": an_iri,
    "account": _account,
}


# Data 2.4.2.1 and 2.4.2.2: exactly one identifier; an anonymous group has none.
def _identifier(agent: Mapping[str, Any], at: At) -> str | None:
    found = [scheme for scheme in IDENTIFIERS if scheme in agent]
    if not found:
        return None
    if len(found) > 1:
        raise fault(
            (at, found[1]),
            "an agent or group has one identifier, this has several",
            f"keep one of {', '.join(found)}",
        )
    scheme = found[0]
    value = agent[scheme]
    _CHECK[scheme](value, (at, scheme))
    return _WRITE[scheme](value)


def _named(value: Any, at: At, known: frozenset[str]) -> dict[str, Any]:
    found = an_object(value, at)
    if not found.keys() <= known:
        raise unknown(at, next(key for key in found if key not in known), known)
    if "name" in found:
        a_string(found["name"], (at, "name"))
    return found


# Data 2.4.2.1.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#2421-when-the-actor-objecttype-is-agent
def check_agent(value: Any, at: At) -> str:
    """Hold an agent to its rules; return its normal form."""
    agent = _named(value, at, _AGENT)
    if "objectType" in agent and agent["objectType"] != "Agent":
        raise _not_this_type(agent, at, "Agent")
    normal = _identifier(agent, at)
    if normal is None:
        raise fault(at, "an agent needs one identifier", f"one of {', '.join(IDENTIFIERS)}")
    return normal


# Data 2.4.2.2.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#2422-when-the-actor-objecttype-is-group
def check_group(value: Any, at: At) -> Actor:
    """Hold a group, identified or anonymous, to its rules."""
    group = _named(value, at, _GROUP)
    if group.get("objectType") != "Group":
        raise _not_this_type(group, at, "Group")
    normal = _identifier(group, at)
    members = tuple(_members(group, at)) if "member" in group else ()
    if normal is None and "member" not in group:
        raise missing(at, "member")
    return Actor(normal, members)


# Data 2.4.2.2: members are agents, never groups.
def _members(group: Mapping[str, Any], at: At) -> list[str]:
    place = (at, "member")
    return [
        check_agent(member, (place, index))
        for index, member in enumerate(an_array(group["member"], place))
    ]


def check_actor(value: Any, at: At) -> Actor:
    """Hold an agent or a group, whichever it says it is, to its rules."""
    if an_object(value, at).get("objectType") == "Group":
        return check_group(value, at)
    return Actor(check_agent(value, at))


# Data 2.4.9: an agent, or the two of a three-legged OAuth sign-in as an anonymous group.
# https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#249-authority
def check_authority(value: Any, at: At) -> None:
    """Hold the authority of a statement to its rules."""
    actor = check_actor(value, at)
    if value.get("objectType") != "Group":
        return
    if actor.normal is not None or len(actor.members) != 2:
        raise fault(at, "an authority that is a group is anonymous and has two members")


def _not_this_type(found: Mapping[str, Any], at: At, wanted: str) -> Exception:
    if "objectType" not in found:
        return missing(at, "objectType")
    return fault((at, "objectType"), f'this must be "{wanted}"')
