"""Which statements a target gets: by verb, activity and actor, and whether voided ones too.

Pure rules, without a database. Filters of one kind widen the choice, those of different kinds
narrow it; none at all takes everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from lrs.errors import BadInput
from lrs.xapi.agents import IDENTIFIERS, agent_of, check_agent, normal_form
from lrs.xapi.iris import is_iri
from lrs.xapi.verbs import VOIDED

MOST = 200
"""Most filters of one kind."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The filters of a target, as they are kept."""

    verbs: tuple[str, ...] = ()
    """Whole IRIs."""
    activities: tuple[str, ...] = ()
    """IRIs; one that ends with ``*`` is the beginning of one. The object, or one in its context."""
    agents: tuple[str, ...] = ()
    """Normal forms (`lrs.xapi.agents`) of actors, or of members of a group that is the actor."""
    voided: bool = True
    """False: what is voided when its turn comes is left out."""

    @property
    def is_everything(self) -> bool:
        """Tell whether every statement is taken, so that none need be looked into."""
        return not (self.verbs or self.activities or self.agents)

    def takes(self, body: Mapping[str, Any]) -> bool:
        """Tell whether a statement is one that the target gets."""
        return (
            (not self.verbs or body["verb"]["id"] in self.verbs)
            and (not self.activities or any(map(self._names, _activities(body))))
            and (not self.agents or not set(self.agents).isdisjoint(_actors(body)))
        )

    def _names(self, activity: str) -> bool:
        return any(
            activity.startswith(each[:-1]) if each.endswith("*") else activity == each
            for each in self.activities
        )

    def as_json(self) -> str:
        """Return the form that is kept."""
        return orjson.dumps(self).decode()


EVERYTHING = Choice()
_kept = msgspec.json.Decoder(Choice)


def voids(body: Mapping[str, Any]) -> str | None:
    """Return the id of the statement that this one voids."""
    if body["verb"]["id"] != VOIDED or body["object"].get("objectType") != "StatementRef":
        return None
    found: str = body["object"]["id"]
    return found


def read_choice(kept: str) -> Choice:
    """Return the filters from the form that is kept."""
    return _kept.decode(kept)


def check_choice(
    verbs: Sequence[str] = (),
    activities: Sequence[str] = (),
    agents: Sequence[str] = (),
    *,
    voided: bool = True,
) -> Choice:
    """Return the filters; raises `BadInput` for one that can choose nothing."""
    return Choice(
        _each("verbs", verbs, _verb),
        _each("activities", activities, _activity),
        _each("agents", agents, _agent),
        voided,
    )


def _each(where: str, given: Sequence[str], read: Any) -> tuple[str, ...]:
    if len(given) > MOST:
        raise BadInput(f"a target takes at most {MOST} of these filters", where=where)
    return tuple(dict.fromkeys(read(each.strip()) for each in given))


def _verb(given: str) -> str:
    if not is_iri(given):
        raise BadInput(
            f"{given!r} is no IRI of a verb",
            where="verbs",
            hint="such as http://adlnet.gov/expapi/verbs/completed",
        )
    return given


def _activity(given: str) -> str:
    if not is_iri(given.removesuffix("*")):
        raise BadInput(
            f"{given!r} is neither the IRI of an activity nor the beginning of one",
            where="activities",
            hint="such as https://example.org/courses/1, or https://example.org/courses/*",
        )
    return given


def _agent(given: str) -> str:
    try:
        return check_agent(_written_agent(given), "agents")
    except (BadInput, orjson.JSONDecodeError, ValueError) as exc:
        raise BadInput(
            f"{given!r} is no agent",
            where="agents",
            hint="write mailto:ann@example.org, or the agent as JSON",
        ) from exc


def _written_agent(given: str) -> Any:
    if given.startswith("{"):
        return orjson.loads(given)
    if given.split(" ")[0] in IDENTIFIERS:
        return agent_of(given)
    return {"mbox": given}


def _activities(body: Mapping[str, Any]) -> Iterator[str]:
    target = body["object"]
    if target.get("objectType", "Activity") == "Activity":
        yield target["id"]
    for named in body.get("context", {}).get("contextActivities", {}).values():
        yield from (each["id"] for each in ([named] if isinstance(named, dict) else named))


def _actors(body: Mapping[str, Any]) -> Iterator[str]:
    actor = body["actor"]
    for agent in (actor, *actor.get("member", ())):
        normal = normal_form(agent)
        if normal is not None:
            yield normal
