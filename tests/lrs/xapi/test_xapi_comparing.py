"""Data 2.3.1, comparison: what is passed over before 409, and what is not."""

from __future__ import annotations

from typing import Any

import pytest
from xapi_samples import (
    ANN,
    ATTACHMENT,
    BO,
    COURSE,
    DID,
    REF,
    REF_ID,
    TEAM,
    V2,
    both_versions,
    statement,
    sub_statement,
)

from lrs.xapi.comparing import same_statement
from lrs.xapi.terms import SpecVersion

NOON = "2026-01-01T12:00:00Z"
DEFINED = {**COURSE, "definition": {"name": {"en": "A course"}}}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}),
    "what the store sets": (
        {},
        {
            "id": REF_ID,
            "stored": NOON,
            "timestamp": NOON,
            "authority": ANN,
            "version": "1.0.0",
        },
    ),
    "another zone": ({"timestamp": NOON}, {"timestamp": "2026-01-01T13:00:00.000+01:00"}),
    "the display of the verb": ({}, {"verb": {"id": DID["id"], "display": {"nl": "deed"}}}),
    "no display of the verb": ({}, {"verb": {"id": DID["id"]}}),
    "a definition": ({}, {"object": DEFINED}),
    "a definition in the context": (
        {"context": {"contextActivities": {"parent": [COURSE]}}},
        {"context": {"contextActivities": {"parent": [DEFINED]}}},
    ),
    "one activity and an array of it": (
        {"context": {"contextActivities": {"parent": COURSE}}},
        {"context": {"contextActivities": {"parent": [COURSE]}}},
    ),
    "the order of members": (
        {"actor": {"objectType": "Group", "member": [ANN, BO]}},
        {"actor": {"objectType": "Group", "member": [BO, ANN]}},
    ),
    "the order of members of a team": (
        {"context": {"team": {**TEAM, "member": [BO, ANN]}}},
        {"context": {"team": {**TEAM, "member": [ANN, BO]}}},
    ),
    "the case of a mail domain": ({}, {"actor": {**ANN, "mbox": "mailto:ann@EXAMPLE.org"}}),
    "the case of a hash": (
        {"actor": {"mbox_sha1sum": "a" * 40}},
        {"actor": {"mbox_sha1sum": "A" * 40}},
    ),
    "the case of a registration": (
        {"context": {"registration": REF_ID}},
        {"context": {"registration": REF_ID.upper()}},
    ),
    "the case of a reference": ({"object": REF}, {"object": {**REF, "id": REF_ID.upper()}}),
    "the case of a language": (
        {"context": {"language": "en-GB"}},
        {"context": {"language": "en-gb"}},
    ),
    "beyond the hundredth of a second": (
        {"result": {"duration": "P1DT12H36M0.12S"}},
        {"result": {"duration": "P1DT12H36M0.1237S"}},
    ),
    "zeros at the end of a second": (
        {"result": {"duration": "PT5.10S"}},
        {"result": {"duration": "PT5.1S"}},
    ),
    "a number written otherwise": (
        {"result": {"score": {"raw": 1}}},
        {"result": {"score": {"raw": 1.0}}},
    ),
    "a definition in a sub-statement": (
        {"object": sub_statement()},
        {"object": sub_statement(object=DEFINED)},
    ),
    "the zone in a sub-statement": (
        {"object": sub_statement(timestamp=NOON)},
        {"object": sub_statement(timestamp="2026-01-01T12:00:00.0Z")},
    ),
    "a definition that is null inside": (
        {"context": {"extensions": {"https://example.org/x": None}}},
        {"context": {"extensions": {"https://example.org/x": None}}, "id": REF_ID},
    ),
}

OTHERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "actor": ({}, {"actor": BO}),
    "name of the actor": ({}, {"actor": {**ANN, "name": "Anne"}}),
    "local part of a mail": ({}, {"actor": {**ANN, "mbox": "mailto:Ann@example.org"}}),
    "verb": ({}, {"verb": {"id": "https://example.org/verbs/other"}}),
    "object": ({}, {"object": {"id": "https://example.org/courses/2"}}),
    "kind of object": ({}, {"object": ANN}),
    "instant": ({"timestamp": NOON}, {"timestamp": "2026-01-01T12:00:00.001Z"}),
    "success": ({"result": {"success": True}}, {"result": {"success": False}}),
    "a result": ({}, {"result": {"success": True}}),
    "true and one": (
        {"context": {"extensions": {"https://example.org/x": True}}},
        {"context": {"extensions": {"https://example.org/x": 1}}},
    ),
    "null and nothing": (
        {"context": {"extensions": {"https://example.org/x": None}}},
        {"context": {"extensions": {}}},
    ),
    "the order in an extension": (
        {"context": {"extensions": {"https://example.org/x": [1, 2]}}},
        {"context": {"extensions": {"https://example.org/x": [2, 1]}}},
    ),
    "a hundredth of a second": (
        {"result": {"duration": "PT5.12S"}},
        {"result": {"duration": "PT5.13S"}},
    ),
    "the unit of a duration": ({"result": {"duration": "PT60S"}}, {"result": {"duration": "PT1M"}}),
    "a member": (
        {"actor": {"objectType": "Group", "member": [ANN, BO]}},
        {"actor": {"objectType": "Group", "member": [ANN, ANN]}},
    ),
    "the order of context activities": (
        {"context": {"contextActivities": {"parent": [COURSE, {"id": "urn:x:2"}]}}},
        {"context": {"contextActivities": {"parent": [{"id": "urn:x:2"}, COURSE]}}},
    ),
    "parent and other": (
        {"context": {"contextActivities": {"parent": [COURSE]}}},
        {"context": {"contextActivities": {"other": [COURSE]}}},
    ),
    "platform": ({"context": {"platform": "A"}}, {"context": {"platform": "a"}}),
    "an attachment": ({"attachments": [ATTACHMENT]}, {"attachments": []}),
    "the verb of a sub-statement": (
        {"object": sub_statement()},
        {"object": sub_statement(verb={"id": "urn:x:verb"})},
    ),
    "the reference in the context": (
        {"context": {"statement": REF}},
        {"context": {"statement": {**REF, "id": "00000000-0000-4000-8000-000000000000"}}},
    ),
}


def both_ways(pair: tuple[dict[str, Any], dict[str, Any]], version: SpecVersion) -> set[bool]:
    a, b = statement(**pair[0]), statement(**pair[1])
    return {same_statement(a, b, version), same_statement(b, a, version)}


@both_versions
@pytest.mark.parametrize("pair", CASES.values(), ids=CASES.keys())
def test_data_2_3_1_is_passed_over(
    pair: tuple[dict[str, Any], dict[str, Any]], version: SpecVersion
) -> None:
    assert both_ways(pair, version) == {True}


@both_versions
@pytest.mark.parametrize("pair", OTHERS.values(), ids=OTHERS.keys())
def test_data_2_3_1_is_a_difference(
    pair: tuple[dict[str, Any], dict[str, Any]], version: SpecVersion
) -> None:
    assert both_ways(pair, version) == {False}


def test_data_2_3_1_holds_in_context_agents_and_groups() -> None:
    def context(mbox: str, *members: Any) -> dict[str, Any]:
        agent = {"objectType": "contextAgent", "agent": {"mbox": mbox}}
        group = {"objectType": "contextGroup", "group": {**TEAM, "member": list(members)}}
        return statement(context={"contextAgents": [agent], "contextGroups": [group]})

    a = context("mailto:cy@example.org", ANN, BO)
    assert same_statement(a, context("mailto:cy@EXAMPLE.org", BO, ANN), V2)
    assert not same_statement(a, context("mailto:di@example.org", ANN, BO), V2)
    assert not same_statement(a, context("mailto:cy@example.org", ANN), V2)
