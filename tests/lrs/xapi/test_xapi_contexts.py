"""Data 2.4.6, the context; IEEE 9274.1.1 4.2.2.5, what version 2.0 adds; Data 2.4.11, attachments."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from xapi_samples import (
    ANN,
    ATTACHMENT,
    BO,
    COURSE,
    REF,
    REF_ID,
    TEAM,
    V1,
    V2,
    both_versions,
    refused,
    statement,
    sub_statement,
    taken,
)

from lrs.errors import BadStatement
from lrs.xapi.parsing import parse_statement
from lrs.xapi.statement import check
from lrs.xapi.terms import SpecVersion

TYPES = ("parent", "grouping", "category", "other")


@both_versions
@pytest.mark.parametrize(
    ("context", "path"),
    [
        ({"registration": "1"}, "registration"),
        ({"registration": REF_ID.replace("-", "")}, "registration"),
        ({"registration": f"{{{REF_ID}}}"}, "registration"),
        ({"language": "swedish!"}, "language"),
        ({"language": ""}, "language"),
        ({"statement": {"id": REF_ID}}, "statement.objectType"),
        ({"statement": {"objectType": "StatementRef"}}, "statement.id"),
        ({"statement": {**REF, "objectType": "SubStatement"}}, "statement.objectType"),
        ({"contextActivities": [COURSE]}, "contextActivities"),
        ({"contextActivities": {"Parent": COURSE}}, "contextActivities.Parent"),
        ({"contextActivities": {"parent": "course"}}, "contextActivities.parent"),
        ({"contextActivities": {"parent": [COURSE, {}]}}, "contextActivities.parent[1].id"),
        ({"contextActivities": {"parent": {"id": "x"}}}, "contextActivities.parent.id"),
        ({"contextActivities": {"other": [ANN]}}, "contextActivities.other[0].objectType"),
        ({"extensions": {"x": 1}}, "extensions.x"),
    ],
)
def test_data_2_4_6_a_context_keeps_its_types(
    context: dict[str, Any], path: str, version: SpecVersion
) -> None:
    assert refused(statement(context=context), version) == f"$.context.{path}"
    within = statement(object=sub_statement(context=context))
    assert refused(within, version) == f"$.object.context.{path}"


@both_versions
@pytest.mark.parametrize("kind", TYPES)
def test_data_2_4_6_2_one_activity_or_an_array_of_them(kind: str, version: SpecVersion) -> None:
    for value in (COURSE, [COURSE], [], [COURSE, {"id": "urn:x:2", "definition": {}}]):
        assert taken(statement(context={"contextActivities": {kind: value}}), version)


@both_versions
@pytest.mark.parametrize("key", ["revision", "platform"])
def test_data_2_4_6_revision_and_platform_only_beside_an_activity(
    key: str, version: SpecVersion
) -> None:
    context = {key: "4.1"}
    assert taken(statement(context=context), version)
    assert taken(statement(object=sub_statement(context=context)), version)
    for other in (ANN, TEAM, REF, sub_statement()):
        assert refused(statement(object=other, context=context), version) == f"$.context.{key}"
    within = statement(object=sub_statement(object=ANN, context=context))
    assert refused(within, version) == f"$.object.context.{key}"


def test_data_2_4_6_1_a_registration_in_upper_case_is_the_same() -> None:
    found = taken(statement(context={"registration": REF_ID.upper()}))
    assert REF_ID in {ref.value for ref in found.refs}


PLAYER = {
    "objectType": "contextAgent",
    "agent": ANN,
    "relevantTypes": ["https://example.org/coach"],
}
CREW = {"objectType": "contextGroup", "group": TEAM, "relevantTypes": ["https://example.org/crew"]}


def without(whole: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in whole.items() if name != key}


@pytest.mark.parametrize(
    ("name", "item"), [("contextAgents", PLAYER), ("contextGroups", CREW)], ids=["agents", "groups"]
)
def test_ieee_4_2_2_5_context_agents_and_groups_are_of_version_2(
    name: str, item: dict[str, Any]
) -> None:
    body = statement(context={name: [item, without(item, "relevantTypes")]})
    assert taken(body, V2)
    assert refused(body, V1) == f"$.context.{name}"
    assert taken(statement(object=sub_statement(context={name: [item]})), V2)


@pytest.mark.parametrize(
    ("context", "path"),
    [
        ({"contextAgents": PLAYER}, "contextAgents"),
        ({"contextAgents": [{**PLAYER, "objectType": "Agent"}]}, "contextAgents[0].objectType"),
        ({"contextAgents": [without(PLAYER, "objectType")]}, "contextAgents[0].objectType"),
        ({"contextAgents": [without(PLAYER, "agent")]}, "contextAgents[0].agent"),
        ({"contextAgents": [{**PLAYER, "agent": TEAM}]}, "contextAgents[0].agent.member"),
        ({"contextAgents": [{**PLAYER, "agent": {"name": "A"}}]}, "contextAgents[0].agent"),
        ({"contextAgents": [{**PLAYER, "relevantTypes": []}]}, "contextAgents[0].relevantTypes"),
        (
            {"contextAgents": [PLAYER, {**PLAYER, "relevantTypes": ["x"]}]},
            "contextAgents[1].relevantTypes[0]",
        ),
        ({"contextAgents": [{**PLAYER, "role": 1}]}, "contextAgents[0].role"),
        ({"contextGroups": [{**CREW, "objectType": "Group"}]}, "contextGroups[0].objectType"),
        ({"contextGroups": [without(CREW, "group")]}, "contextGroups[0].group"),
        ({"contextGroups": [{**CREW, "group": ANN}]}, "contextGroups[0].group.objectType"),
        ({"contextGroups": [{**CREW, "relevantTypes": []}]}, "contextGroups[0].relevantTypes"),
        ({"contextGroups": ["crew"]}, "contextGroups[0]"),
    ],
)
def test_ieee_4_2_2_5_context_agents_and_groups_keep_their_types(
    context: dict[str, Any], path: str
) -> None:
    assert refused(statement(context=context), V2) == f"$.context.{path}"


# -- attachments -----------------------------------------------------------------------------------


@both_versions
def test_data_2_4_11_attachments_are_taken(version: SpecVersion) -> None:
    described = {
        **ATTACHMENT,
        "description": {"en": "x"},
        "contentType": "text/plain; charset=utf-8",
    }
    assert taken(statement(attachments=[ATTACHMENT, described]), version)
    assert taken(statement(object=sub_statement(attachments=[ATTACHMENT])), version)


def test_data_2_4_11_an_attachment_may_be_empty() -> None:
    assert taken(statement(attachments=[{**ATTACHMENT, "length": 0}]))


@pytest.mark.parametrize("key", ["usageType", "display", "contentType", "length", "sha2"])
def test_data_2_4_11_what_an_attachment_must_have(key: str) -> None:
    body = statement(attachments=[without(ATTACHMENT, key)])
    assert refused(body) == f"$.attachments[0].{key}"


@both_versions
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("usageType", "certificate"),
        ("display", "Certificate"),
        ("display", {"e": "Certificate"}),
        ("description", {"en": 1}),
        ("contentType", "pdf"),
        ("contentType", 5),
        ("length", "1024"),
        ("length", 10.5),
        ("length", -1),
        ("length", True),
        ("sha2", 5),
        ("sha2", "abc"),
        ("sha2", "g" * 64),
        ("fileUrl", "1.pdf"),
        ("size", 5),
    ],
)
def test_data_2_4_11_an_attachment_keeps_its_types(
    key: str, value: Any, version: SpecVersion
) -> None:
    body = statement(attachments=[{**ATTACHMENT, key: value}])
    path = refused(body, version)
    assert path == f"$.attachments[0].{key}" or path.startswith(f"$.attachments[0].{key}.")


def test_communication_1_5_2_an_attachment_without_file_url_must_have_come_along() -> None:
    bare = without(ATTACHMENT, "fileUrl")
    parsed = parse_statement(orjson.dumps(statement(attachments=[ATTACHMENT, bare])))
    with pytest.raises(BadStatement) as caught:
        check(parsed, V1, parts=())
    assert caught.value.where == "$.attachments[1]"
    assert check(parsed, V1, parts={ATTACHMENT["sha2"]})
    assert check(parsed, V1), "an import does not ask for what stayed behind"
    within = parse_statement(orjson.dumps(statement(object=sub_statement(attachments=[bare]))))
    with pytest.raises(BadStatement) as caught:
        check(within, V1, parts=())
    assert caught.value.where == "$.object.attachments[0]"


def test_members_of_a_context_group_are_found_as_related() -> None:
    found = taken(statement(context={"contextGroups": [CREW]}), V2)
    values = {ref.value for ref in found.refs}
    assert {"mbox mailto:team@example.org", "account https://hr.example.org bo 17"} <= values
    assert BO in TEAM["member"]
