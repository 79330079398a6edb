"""Data 2.5 and Communication 2.1.3: statements are found, paged through and given in three forms."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conformance_asking import (
    DID,
    Lrs,
    new_id,
    reference,
    somebody,
    something,
    statement,
    sub_statement,
    voiding,
)

from lrs.xapi.times import instant, instant_of

BOUND = "X-Experience-API-Consistent-Through"
BESIDE_AN_ID = {
    "agent": json.dumps(somebody()),
    "verb": DID["id"],
    "activity": "https://example.org/courses/1",
    "registration": new_id(),
    "related_activities": "true",
    "related_agents": "true",
    "since": "2026-01-01T00:00:00Z",
    "until": "2099-01-01T00:00:00Z",
    "limit": "1",
    "ascending": "true",
}


def of(place: dict[str, Any], *more: dict[str, Any]) -> list[dict[str, Any]]:
    """A plain statement of the activity, and one for each of these changes."""
    return [statement(object=place), *(statement(object=place, **changes) for changes in more)]


def test_xapi_00108_00111_00114_more_leads_to_the_next_page(lrs: Lrs) -> None:
    place = something()
    ids = lrs.post(of(place, {}, {}, {}, {})).json
    page = lrs.get(activity=place["id"], limit="2").json
    seen: list[list[str]] = []
    while page["more"]:
        assert set(page) == {"statements", "more"}
        seen.append([each["id"] for each in page["statements"]])
        path, _, query = page["more"].partition("?")
        assert path == "/xapi/statements"
        page = lrs.ask("GET", f"/statements?{query}").json
    seen.append([each["id"] for each in page["statements"]])
    assert seen == [ids[:2:-1], ids[2:0:-1], ids[:1]]


def test_xapi_00109_more_is_empty_when_all_was_given(lrs: Lrs) -> None:
    place = something()
    lrs.takes(*of(place, {}))
    for limit in ("0", "2", "3"):
        assert lrs.get(activity=place["id"], limit=limit).json["more"] == ""


def test_xapi_00110_00113_00154_00164_a_list_is_an_array_and_more(lrs: Lrs) -> None:
    place = something()
    ids = lrs.post(of(place, {})).json
    reply = lrs.get(activity=place["id"])
    assert reply.status == 200
    assert set(reply.json) == {"statements", "more"}
    assert [each["id"] for each in reply.json["statements"]] == ids[::-1]


def test_xapi_00112_00149_nothing_found_is_an_empty_list(lrs: Lrs) -> None:
    reply = lrs.get(activity=something()["id"])
    assert (reply.status, reply.json) == (200, {"statements": [], "more": ""})


def test_xapi_00150_00151_beside_an_id_stand_form_and_attachments_only(rules: Lrs) -> None:
    target = rules.takes(statement())
    kept = rules.takes(statement())
    rules.takes(voiding(target))
    for name, id_ in (("statementId", kept), ("voidedStatementId", target)):
        for other, value in BESIDE_AN_ID.items():
            rules.faulty("GET", "/statements", **{name: id_, other: value})
        assert rules.get(**{name: id_, "format": "ids", "attachments": "false"}).status == 200
    rules.faulty("GET", "/statements", statementId=kept, voidedStatementId=target)


def test_xapi_00153_00160_each_answer_says_how_far_it_can_be_trusted(lrs: Lrs) -> None:
    stored = instant_of(lrs.stored(statement())["stored"])
    for query in ({}, {"limit": "1"}, *({name: value} for name, value in BESIDE_AN_ID.items())):
        bound = instant_of(lrs.get(**query).headers[BOUND])
        assert stored is not None
        assert bound is not None
        assert bound >= stored
    for refused in (lrs.get(limit="x"), lrs.get(statementId=new_id())):
        assert refused.status in (400, 404)
        assert instant_of(refused.headers[BOUND]) is not None


def test_xapi_00156_00158_one_statement_is_given_by_its_id(lrs: Lrs) -> None:
    id_ = lrs.takes(statement(), statement())
    reply = lrs.get(statementId=id_)
    assert (reply.status, reply.json["id"]) == (200, id_)
    assert lrs.get(statementId=id_.upper()).json["id"] == id_
    assert lrs.get(statementId=new_id()).status == 404


def test_xapi_00165_an_answer_names_its_content_type(rules: Lrs) -> None:
    for reply in (rules.get(limit="1"), rules.get(limit="x"), rules.get(statementId=new_id())):
        assert reply.headers["Content-Type"] == "application/json"


def test_xapi_00166_ascending_gives_the_oldest_first(lrs: Lrs) -> None:
    place = something()
    ids = [lrs.takes(statement(object=place)) for _ in range(3)]
    assert lrs.found(activity=place["id"], ascending="true") == ids
    assert lrs.found(activity=place["id"], ascending="false") == ids[::-1]


def test_xapi_00168_a_form_is_one_of_three_and_exact_without_asking(rules: Lrs) -> None:
    id_ = rules.takes(statement(object=something()))
    exact = rules.get(statementId=id_, format="exact").body
    assert rules.get(statementId=id_).body == exact
    assert rules.get(statementId=id_, format="ids").body != exact
    rules.faulty("GET", "/statements", format="full")


def test_xapi_00169_00172_canonical_is_in_the_language_asked_for(lrs: Lrs) -> None:
    place = something()
    lrs.takes(statement(object={**place, "definition": {"name": {"en": "Care", "sv": "Vård"}}}))
    id_ = lrs.takes(statement(object={**place, "definition": {"description": {"en": "x"}}}))

    def asked(language: str | None, **query: str) -> dict[str, Any]:
        headers = {"Accept-Language": language}
        found: dict[str, Any] = lrs.ask(
            "GET", "/statements", headers=headers, statementId=id_, **query
        ).json
        return found

    assert asked("sv", format="canonical")["object"]["definition"]["name"] == {"sv": "Vård"}
    assert asked("sv-SE, en;q=0.5", format="canonical")["verb"]["display"] == {"sv-SE": "gjorde"}
    assert len(asked(None, format="canonical")["object"]["definition"]["name"]) == 1
    assert asked("sv")["object"]["definition"] == {"description": {"en": "x"}}, "only canonical"


def test_xapi_00171_ids_gives_identifiers_only(lrs: Lrs) -> None:
    agent = somebody()
    team = {"objectType": "Group", "name": "Team", "member": [{**agent, "name": "Ann"}]}
    place = {**something(), "definition": {"name": {"en": "x"}}}
    id_ = lrs.takes(statement(actor=team, object=place))
    found = lrs.get(statementId=id_, format="ids").json
    assert found["verb"] == {"id": DID["id"]}
    assert "definition" not in found["object"]
    assert found["object"]["id"] == place["id"]
    assert "name" not in found["actor"]
    (member,) = found["actor"]["member"]
    assert member["mbox"] == agent["mbox"]
    assert "name" not in member


def test_xapi_00173_a_limit_holds_and_none_is_the_servers_own(lrs: Lrs) -> None:
    place = something()
    ids = lrs.post(of(place, {}, {})).json[::-1]
    assert lrs.found(activity=place["id"], limit="2") == ids[:2]
    assert lrs.found(activity=place["id"], limit="0") == ids
    assert lrs.found(activity=place["id"]) == ids
    for wrong in ("-1", "x", "1.5", ""):
        lrs.faulty("GET", "/statements", limit=wrong)


def test_xapi_00174_00175_since_is_exclusive_and_until_inclusive(lrs: Lrs) -> None:
    place = something()
    ids = [lrs.takes(statement(object=place)) for _ in range(3)]
    stored = [lrs.get(statementId=id_).json["stored"] for id_ in ids]
    assert lrs.found(activity=place["id"], since=stored[0]) == [ids[2], ids[1]]
    assert lrs.found(activity=place["id"], until=stored[1]) == [ids[1], ids[0]]
    assert lrs.found(activity=place["id"], since=stored[0], until=stored[1]) == [ids[1]]


def test_xapi_00181_an_agent_is_found_by_its_identifier(lrs: Lrs) -> None:
    agent = somebody()
    as_actor = lrs.takes(statement(actor={**agent, "name": "Ann"}))
    as_object = lrs.takes(statement(object=agent))
    lrs.takes(statement(context={"instructor": agent}))
    team = {"objectType": "Group", "member": [agent]}
    in_team = lrs.takes(statement(actor=team))
    assert lrs.found(agent=json.dumps(agent)) == [in_team, as_object, as_actor]
    lrs.faulty("GET", "/statements", agent="ann")
    lrs.faulty("GET", "/statements", agent='{"name": "Ann"}')


def test_xapi_00176_related_agents_stand_anywhere(lrs: Lrs) -> None:
    agent = somebody()
    team = {"objectType": "Group", "member": [agent]}
    ids = [
        lrs.takes(sent)
        for sent in (
            statement(actor=agent),
            statement(context={"instructor": agent}),
            statement(context={"team": team}),
            statement(object=sub_statement(actor=agent)),
            statement(object=sub_statement(context={"instructor": agent})),
        )
    ]
    assert lrs.found(agent=json.dumps(agent)) == ids[:1]
    assert lrs.found(agent=json.dumps(agent), related_agents="true") == ids[::-1]


def test_v2_related_agents_stand_in_context_agents_and_groups(lrs2: Lrs) -> None:
    agent, team = somebody(), {"objectType": "Group", "member": [somebody()]}
    ids = [
        lrs2.takes(statement(context=context))
        for context in (
            {"contextAgents": [{"objectType": "contextAgent", "agent": agent}]},
            {"contextGroups": [{"objectType": "contextGroup", "group": team}]},
        )
    ]
    for who, id_ in ((agent, ids[0]), (team["member"][0], ids[1])):
        assert lrs2.found(agent=json.dumps(who), related_agents="true") == [id_]
        assert lrs2.found(agent=json.dumps(who)) == []


@pytest.mark.parametrize("kind", ["parent", "grouping", "category", "other"])
def test_xapi_00177_related_activities_stand_in_the_context(lrs: Lrs, kind: str) -> None:
    place = something()
    ids = [
        lrs.takes(sent)
        for sent in (
            statement(object=place),
            statement(context={"contextActivities": {kind: [place]}}),
            statement(object=sub_statement(object=place)),
            statement(object=sub_statement(context={"contextActivities": {kind: place}})),
        )
    ]
    assert lrs.found(activity=place["id"]) == ids[:1]
    assert lrs.found(activity=place["id"], related_activities="true") == ids[::-1]


def test_xapi_00178_a_registration_is_found(lrs: Lrs) -> None:
    registration = new_id()
    id_ = lrs.takes(statement(), statement(context={"registration": registration}))
    assert lrs.found(registration=registration) == [id_]
    assert lrs.found(registration=new_id()) == []


def test_xapi_00179_00180_activity_and_verb_are_found(lrs: Lrs) -> None:
    place, verb = something(), {"id": f"https://example.org/verbs/{new_id()}"}
    ids = lrs.post([statement(object=place), statement(verb=verb), statement()]).json
    assert lrs.found(activity=place["id"]) == ids[:1]
    assert lrs.found(verb=verb["id"]) == ids[1:2]
    assert lrs.found(activity=place["id"], verb=verb["id"]) == []


def test_v2_what_points_to_a_found_statement_is_found(lrs: Lrs) -> None:
    place = something()
    id_ = lrs.takes(statement(object=place))
    pointing = lrs.takes(statement(object=reference(id_)))
    assert lrs.found(activity=place["id"]) == [pointing, id_]


def test_v2_an_answer_says_when_it_was_modified(lrs2: Lrs) -> None:
    from email.utils import parsedate_to_datetime

    found = lrs2.stored(statement())
    head = lrs2.get(statementId=found["id"]).headers["Last-Modified"]
    modified = int(parsedate_to_datetime(head).timestamp()) * 1_000_000
    assert found["stored"].startswith(instant(modified)[:19])
