"""What the store is told of a statement: its terms, in which roles, for which queries."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from xapi_samples import (
    ANN,
    BO,
    COURSE,
    DID,
    REF_ID,
    TEAM,
    V1,
    V2,
    both_versions,
    statement,
    sub_statement,
    taken,
)

from lrs.errors import BadStatement
from lrs.xapi.glancing import check_batch
from lrs.xapi.parsing import parse_statement
from lrs.xapi.statement import Ref, Statement, check
from lrs.xapi.terms import Role, Scope, SpecVersion, TermKind

ANN_IS = "mbox mailto:ann@example.org"
BO_IS = "account https://hr.example.org bo 17"
TEAM_IS = "mbox mailto:team@example.org"


def named(found: Statement, kind: TermKind) -> dict[str, tuple[Scope, Role]]:
    return {ref.value: (ref.scope, ref.roles) for ref in found.refs if ref.kind is kind}


def activity(number: int) -> dict[str, Any]:
    return {"id": f"https://example.org/{number}"}


@both_versions
def test_the_smallest_statement_names_its_actor_verb_and_object(version: SpecVersion) -> None:
    found = taken(statement(), version)
    assert set(found.refs) == {
        Ref(TermKind.AGENT, ANN_IS, Scope.DIRECT, Role.ACTOR),
        Ref(TermKind.VERB, DID["id"], Scope.DIRECT, Role.VERB),
        Ref(TermKind.ACTIVITY, COURSE["id"], Scope.DIRECT, Role.OBJECT),
    }
    assert (found.actor, found.verb, found.activity) == (ANN_IS, DID["id"], COURSE["id"])
    assert found.version is version
    assert found.timestamp_at is None


def test_communication_2_1_3_members_of_actor_and_object_are_found_directly() -> None:
    found = taken(statement(actor=TEAM))
    assert named(found, TermKind.AGENT) == {
        TEAM_IS: (Scope.DIRECT, Role.ACTOR),
        BO_IS: (Scope.DIRECT, Role.MEMBER),
    }
    found = taken(statement(object={"objectType": "Group", "member": [BO]}))
    assert named(found, TermKind.AGENT)[BO_IS] == (Scope.DIRECT, Role.MEMBER)


def test_an_anonymous_group_is_nobody_but_its_members() -> None:
    found = taken(statement(actor={"objectType": "Group", "member": [ANN, BO]}))
    assert found.actor is None
    assert set(named(found, TermKind.AGENT)) == {ANN_IS, BO_IS}


def test_communication_2_1_3_whom_the_context_names_is_found_as_related() -> None:
    cy, team = {"mbox": "mailto:cy@example.org"}, {**TEAM, "objectType": "Group"}
    found = taken(
        statement(
            context={
                "instructor": cy,
                "team": team,
                "contextAgents": [
                    {"objectType": "contextAgent", "agent": {"mbox": "mailto:di@example.org"}}
                ],
                "contextGroups": [
                    {
                        "objectType": "contextGroup",
                        "group": {"objectType": "Group", "mbox": "mailto:eve@example.org"},
                    }
                ],
            }
        ),
        V2,
    )
    assert named(found, TermKind.AGENT) == {
        ANN_IS: (Scope.DIRECT, Role.ACTOR),
        "mbox mailto:cy@example.org": (Scope.RELATED, Role.INSTRUCTOR),
        TEAM_IS: (Scope.RELATED, Role.TEAM),
        BO_IS: (Scope.RELATED, Role.MEMBER),
        "mbox mailto:di@example.org": (Scope.RELATED, Role.CONTEXT_AGENT),
        "mbox mailto:eve@example.org": (Scope.RELATED, Role.CONTEXT_GROUP),
    }


def test_communication_2_1_3_context_activities_are_found_as_related() -> None:
    context = {
        "contextActivities": {
            "parent": activity(1),
            "grouping": [activity(2), activity(3)],
            "category": [activity(3)],
            "other": [activity(4)],
        },
        "registration": REF_ID,
    }
    found = taken(statement(context=context))
    assert named(found, TermKind.ACTIVITY) == {
        COURSE["id"]: (Scope.DIRECT, Role.OBJECT),
        "https://example.org/1": (Scope.RELATED, Role.PARENT),
        "https://example.org/2": (Scope.RELATED, Role.GROUPING),
        "https://example.org/3": (Scope.RELATED, Role.GROUPING | Role.CATEGORY),
        "https://example.org/4": (Scope.RELATED, Role.OTHER),
    }
    assert named(found, TermKind.REGISTRATION) == {REF_ID: (Scope.DIRECT, Role.REGISTRATION)}


def test_communication_2_1_3_what_a_sub_statement_names_is_found_as_related() -> None:
    inner = sub_statement(
        actor=TEAM,
        verb={"id": "https://example.org/verbs/inner"},
        object=activity(1),
        context={
            "registration": REF_ID,
            "instructor": {"mbox": "mailto:cy@example.org"},
            "contextActivities": {"parent": [activity(2)]},
        },
    )
    found = taken(statement(object=inner))
    within = (Scope.RELATED, Role.SUB_STATEMENT)
    assert named(found, TermKind.AGENT) == {
        ANN_IS: (Scope.DIRECT, Role.ACTOR),
        TEAM_IS: within,
        BO_IS: within,
        "mbox mailto:cy@example.org": within,
    }
    assert named(found, TermKind.ACTIVITY) == {
        "https://example.org/1": within,
        "https://example.org/2": within,
    }
    assert set(named(found, TermKind.VERB)) == {DID["id"]}
    assert named(found, TermKind.REGISTRATION) == {}
    assert found.activity is None


def test_a_term_found_directly_is_not_kept_as_related_too() -> None:
    found = taken(
        statement(context={"instructor": ANN, "contextActivities": {"grouping": [COURSE]}})
    )
    assert named(found, TermKind.AGENT) == {ANN_IS: (Scope.DIRECT, Role.ACTOR | Role.INSTRUCTOR)}
    assert named(found, TermKind.ACTIVITY) == {
        COURSE["id"]: (Scope.DIRECT, Role.OBJECT | Role.GROUPING)
    }
    assert len(found.refs) == 3


def test_every_agent_in_any_place_can_be_found_to_be_erased() -> None:
    names = [{"mbox": f"mailto:p{number}@example.org"} for number in range(8)]
    group = {"objectType": "Group", "member": [names[1]]}
    found = taken(
        statement(
            actor=names[0],
            object=sub_statement(
                actor=group,
                object={"objectType": "Agent", **names[2]},
                context={"instructor": names[3], "team": {**TEAM, "member": [names[4]]}},
            ),
            context={"instructor": {**group, "member": [names[5]]}, "team": TEAM},
        )
    )
    wanted = {f"mbox mailto:p{number}@example.org" for number in range(6)}
    assert wanted | {TEAM_IS, BO_IS} == set(named(found, TermKind.AGENT))


def test_definitions_are_gathered_wherever_they_stand() -> None:
    def defined(number: int) -> dict[str, Any]:
        return {**activity(number), "definition": {"name": {"en": str(number)}}}

    found = taken(
        statement(
            object=sub_statement(object=defined(1)),
            context={
                "contextActivities": {"parent": defined(2), "other": [defined(3), activity(4)]}
            },
        )
    )
    told = (each for phrase in found.phrases for each in phrase.definitions)
    assert [(iri, json.loads(what)["name"]["en"]) for iri, what, _ in told] == [
        ("https://example.org/1", "1"),
        ("https://example.org/2", "2"),
        ("https://example.org/3", "3"),
    ]


# -- ids and batches -------------------------------------------------------------------------------


def test_data_2_4_1_an_id_is_made_where_none_was_given() -> None:
    made = [taken(statement()) for _ in range(2)]
    assert made[0].id != made[1].id
    assert {one.id_given for one in made} == {False}
    given = taken(statement(id=REF_ID.upper()))
    assert (given.id, given.id_given) == (UUID(REF_ID), True)


@both_versions
def test_communication_2_1_2_no_two_of_a_batch_have_the_same_id(version: SpecVersion) -> None:
    body = json.dumps([statement(id=REF_ID), statement(), statement(id=REF_ID.upper())]).encode()
    with pytest.raises(BadStatement) as caught:
        check_batch(body, version)
    assert caught.value.where == "$[2].id"


def test_a_batch_comes_back_in_its_order_with_its_bytes() -> None:
    bodies = [json.dumps(statement(timestamp=f"2026-01-0{day}T00:00:00Z")) for day in (3, 1, 2)]
    found = check_batch(f"[{', '.join(bodies)}]".encode(), V1)
    assert [one.raw.decode() for one in found] == bodies


def test_the_path_can_be_told_by_the_caller() -> None:
    with pytest.raises(BadStatement) as caught:
        check(parse_statement(b'{"actor": 1, "verb": 1, "object": 1}'), V1, path="line 7: $")
    assert caught.value.where == "line 7: $.actor"
