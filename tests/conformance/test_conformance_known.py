"""Communication 2.4, 2.5 and 2.8: agents as persons, activities as they are known, about."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conformance_asking import Lrs, new_id, somebody, something, statement

AGENTS: dict[str, Any] = {
    "mbox": f"mailto:{new_id()}@example.org",
    "mbox_sha1sum": "cd" * 20,
    "openid": f"https://id.example.org/{new_id()}",
    "account": {"homePage": "https://hr.example.org", "name": new_id()},
}


def person(lrs: Lrs, agent: dict[str, Any]) -> dict[str, Any]:
    reply = lrs.ask("GET", "/agents", agent=json.dumps(agent))
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json
    return found


@pytest.mark.parametrize("scheme", AGENTS)
def test_xapi_00239_to_00242_each_identifier_of_a_person_is_an_array(lrs: Lrs, scheme: str) -> None:
    agent = {scheme: AGENTS[scheme]}
    lrs.takes(statement(actor=agent))
    assert person(lrs, agent) == {"objectType": "Person", scheme: [AGENTS[scheme]]}


def test_xapi_00236_to_00238_00245_to_00248_a_person_has_all_names_of_an_agent(lrs: Lrs) -> None:
    agent = somebody()
    for name in ("Ann", "Ann B"):
        lrs.takes(statement(actor={**agent, "name": name}))
    found = person(lrs, agent)
    assert found["objectType"] == "Person"
    assert sorted(found["name"]) == ["Ann", "Ann B"]
    assert found["mbox"] == [agent["mbox"]]


def test_xapi_00247_of_an_agent_never_heard_of_comes_what_was_asked(rules: Lrs) -> None:
    agent = somebody()
    assert person(rules, agent) == {"objectType": "Person", "mbox": [agent["mbox"]]}


def test_xapi_00244_a_mail_address_of_a_person_is_written_as_mailto(lrs: Lrs) -> None:
    (mbox,) = person(lrs, somebody())["mbox"]
    assert mbox.startswith("mailto:")


def test_xapi_00243_00249_agents_need_an_agent_that_is_one(rules: Lrs) -> None:
    rules.faulty("GET", "/agents")
    for wrong in ("", "ann", "{}", "[]", "1", "null", '{"mbox": "ann@example.org"}', "{"):
        rules.faulty("GET", "/agents", agent=wrong)
    rules.faulty("GET", "/agents", agent=json.dumps({**somebody(), "objectType": "Group"}))


def test_xapi_00250_activities_need_an_activity(rules: Lrs) -> None:
    rules.faulty("GET", "/activities")
    for wrong in ("", "courses/1", "x"):
        rules.faulty("GET", "/activities", activityId=wrong)


def test_xapi_00251_to_00254_an_activity_is_all_that_statements_told_of_it(lrs: Lrs) -> None:
    place = something()
    for definition in (
        {"name": {"en": "Care"}, "type": "https://example.org/types/course"},
        {"name": {"sv": "Vård"}, "extensions": {"https://example.org/x": 1}},
    ):
        lrs.takes(statement(object={**place, "definition": definition}))
    reply = lrs.ask("GET", "/activities", activityId=place["id"])
    assert reply.status == 200
    assert (reply.json["objectType"], reply.json["id"]) == ("Activity", place["id"])
    assert reply.json["definition"] == {
        "name": {"en": "Care", "sv": "Vård"},
        "type": "https://example.org/types/course",
        "extensions": {"https://example.org/x": 1},
    }


def test_v2_an_activity_never_heard_of_is_still_one(rules: Lrs) -> None:
    place = something()
    reply = rules.ask("GET", "/activities", activityId=place["id"])
    assert (reply.status, reply.json) == (200, place)


def test_xapi_00315_to_00320_about_tells_the_versions(rules: Lrs) -> None:
    for headers in ({}, {"X-Experience-API-Version": None}, {"Authorization": None}):
        reply = rules.ask("GET", "/about", headers=headers)
        assert reply.status == 200
        versions = reply.json["version"]
        assert all(isinstance(each, str) for each in versions)
        assert {"1.0.0", "1.0.1", "1.0.2", "1.0.3"} <= set(versions)
        assert set(versions) <= {"1.0.0", "1.0.1", "1.0.2", "1.0.3", "2.0.0"}
        assert isinstance(reply.json["extensions"], dict)
    assert ("2.0.0" in rules.ask("GET", "/about").json["version"]) == rules.second


def test_xapi_00321_all_but_about_name_a_version(rules: Lrs) -> None:
    nameless: dict[str, str | None] = {"X-Experience-API-Version": None}
    for path, query in {
        "/statements": {},
        "/agents": {"agent": json.dumps(somebody())},
        "/activities": {"activityId": something()["id"]},
        "/agents/profile": {"agent": json.dumps(somebody())},
        "/activities/profile": {"activityId": something()["id"]},
        "/activities/state": {
            "agent": json.dumps(somebody()),
            "activityId": something()["id"],
        },
    }.items():
        assert rules.ask("GET", path, headers=nameless, **query).status == 400, path
        assert rules.ask("GET", path, **query).status == 200, path
