"""What a batch names stands for each of its statements as it would for the statement alone."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

import pytest
from store_making import AUTHORITY, body, checked

from lrs.store.authorities import as_authority
from lrs.store.gathered import Gathered, gather
from lrs.store.rows import Incoming
from lrs.xapi.naming import Name, refs_of
from lrs.xapi.terms import Role, Scope

ANN, BO = ({"mbox": f"mailto:{name}@example.org"} for name in ("ann", "bo"))
VOUCHERS = (AUTHORITY, {"objectType": "Agent", **ANN})

_At = dict[Name, tuple[int, int]]
"""The scope and the roles of each name, for one statement."""


def activity(die: random.Random) -> dict[str, Any]:
    return {"id": f"https://example.org/{die.randrange(4)}", "definition": {"name": {"en": "It"}}}


def batch(die: random.Random) -> list[Incoming]:
    bodies = [
        body(
            actor=die.choice((ANN, BO)),
            object=activity(die),
            context={
                "instructor": die.choice((ANN, BO)),
                "contextActivities": {"parent": [activity(die)], "other": [activity(die)]},
            },
        )
        for _ in range(12)
    ]
    vouchers = [as_authority(voucher) for voucher in VOUCHERS]
    return [Incoming(one, die.choice(vouchers), die.random() < 0.7) for one in checked(*bodies)]


def alone(one: Incoming) -> _At:
    named = [named for phrase in one.statement.phrases for named in phrase.named]
    vouching = [(name, int(Scope.RELATED), int(Role.AUTHORITY)) for name in one.authority.names]
    return {
        (int(ref.kind), ref.value): (int(ref.scope), int(ref.roles))
        for ref in refs_of([*named, *vouching])
    }


def among_others(gathered: Gathered) -> list[_At]:
    found: dict[int, _At] = defaultdict(dict)
    once = zip(*gathered.lines.once, strict=True)
    lines = [(number, scope, [place], [roles]) for number, scope, place, roles in once]
    for number, scope, places, having in lines + gathered.lines.often:
        assert places == sorted(set(places))
        for place, roles in zip(places, having, strict=True):
            assert gathered.names[number] not in found[place]
            found[place][gathered.names[number]] = (scope, roles)
    return [found[place] for place in range(gathered.size)]


@pytest.mark.parametrize("seed", range(40))
def test_a_name_stands_once_for_a_statement_with_all_its_roles(seed: int) -> None:
    incoming = batch(random.Random(seed))
    gathered = gather(incoming)
    assert among_others(gathered) == [alone(one) for one in incoming]
    names = gathered.names
    for place, one in enumerate(incoming):
        actor, activity = gathered.actors[place], gathered.activities[place]
        assert actor is not None
        assert activity is not None
        assert names[actor][1] == one.statement.actor
        assert names[activity][1] == one.statement.activity
        assert names[gathered.verbs[place]][1] == one.statement.verb
        assert gathered.authorities[gathered.vouching[place]] == one.authority


@pytest.mark.parametrize("seed", range(10))
def test_only_who_may_define_says_something_of_activities(seed: int) -> None:
    incoming = batch(random.Random(seed))
    gathered = gather(incoming)
    fresh = {place for place in range(gathered.size) if place % 2}
    for counted in (None, fresh):
        said = {
            definition
            for place, one in enumerate(incoming)
            if one.defines and (counted is None or place in counted)
            for phrase in one.statement.phrases
            for definition in phrase.definitions
        }
        told = list(gathered.told(counted))
        assert {definition for _, definition in told} == said
        assert all(gathered.names[name][1] == each.activity for name, each in told)
