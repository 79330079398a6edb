"""What the store knows of an agent and of an activity (Communication 2.4 and 2.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from wiring import Reply, Wire, a_statement

ADA = {"mbox": "mailto:ada@example.org"}
COURSE = "https://example.org/courses/1"


def person(wire: Wire, agent: Any) -> Reply:
    return wire.ask("GET", "/xapi/agents", agent=json.dumps(agent))


def activity(wire: Wire, iri: str) -> Reply:
    return wire.ask("GET", "/xapi/activities", activityId=iri)


def test_person_has_every_name_statements_gave_in_any_role(wire: Wire) -> None:
    other = {"mbox": "mailto:bo@example.org", "name": "Bo"}
    wire.post(a_statement(actor={**ADA, "name": "Ada"}))
    wire.post(a_statement(actor=other, context={"instructor": {**ADA, "name": "Dr Ada"}}))
    wire.post(
        a_statement(
            actor={"objectType": "Group", "member": [{**ADA, "name": "A. L."}, other]},
        )
    )
    assert person(wire, ADA).get_json() == {
        "objectType": "Person",
        "name": ["A. L.", "Ada", "Dr Ada"],
        "mbox": ["mailto:ada@example.org"],
    }


def test_person_nobody_named_is_still_a_person(wire: Wire) -> None:
    account = {"account": {"homePage": "https://hr.example.org", "name": "7"}}
    assert person(wire, account).get_json() == {
        "objectType": "Person",
        "account": [{"homePage": "https://hr.example.org", "name": "7"}],
    }


def test_names_of_another_tenant_are_not_told(wire: Wire) -> None:
    wire.post(a_statement(actor={**ADA, "name": "Ada"}))
    assert "name" not in person(wire.as_key("all", tenant="other"), ADA).get_json()


def test_a_name_inside_an_extension_is_nobodys(wire: Wire) -> None:
    trap = {"https://example.org/x": {**ADA, "name": "Trap"}}
    wire.post(a_statement(context={"extensions": trap}))
    assert "name" not in person(wire, ADA).get_json()


@pytest.mark.parametrize("agent", ["nobody", "[]", "{}", '{"mbox":"ada"}', '"x"'])
def test_agent_that_is_none_is_400(wire: Wire, agent: str) -> None:
    assert wire.ask("GET", "/xapi/agents", agent=agent).status_code == 400


@pytest.mark.parametrize("path", ["/xapi/agents", "/xapi/activities"])
def test_without_its_parameter_or_with_another_is_400(wire: Wire, path: str) -> None:
    assert wire.ask("GET", path).status_code == 400
    assert wire.ask("GET", path, colour="red").status_code == 400


def test_activity_has_the_names_of_every_language_it_was_given(wire: Wire) -> None:
    for name in ({"en": "Safety"}, {"sv": "Säkerhet"}):
        wire.post(a_statement(object={"id": COURSE, "definition": {"name": name}}))
    assert activity(wire, COURSE).get_json() == {
        "objectType": "Activity",
        "id": COURSE,
        "definition": {"name": {"en": "Safety", "sv": "Säkerhet"}},
    }


def test_activity_never_heard_of_is_answered_with_its_id(wire: Wire) -> None:
    reply = activity(wire, COURSE)
    assert (reply.status_code, reply.get_json()) == (200, {"objectType": "Activity", "id": COURSE})


def test_activity_id_that_is_no_iri_is_400(wire: Wire) -> None:
    assert activity(wire, "course 1").status_code == 400


def test_definitions_of_another_tenant_are_not_told(wire: Wire) -> None:
    wire.post(a_statement(object={"id": COURSE, "definition": {"name": {"en": "Secret"}}}))
    assert "definition" not in activity(wire.as_key("all", tenant="other"), COURSE).get_json()


def test_a_key_that_only_writes_statements_reads_neither(wire: Wire) -> None:
    writer = wire.as_key("statements/write")
    assert person(writer, ADA).status_code == 403
    assert activity(writer, COURSE).status_code == 403
