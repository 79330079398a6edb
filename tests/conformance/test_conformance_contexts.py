"""Data 2.4.6: what stands around a statement, and who else has part in it (version 2.0)."""

from __future__ import annotations

from typing import Any

import pytest
from conformance_asking import (
    ANN,
    BO,
    COURSE,
    TEAM,
    Lrs,
    both,
    new_id,
    reference,
    something,
    statement,
    sub_statement,
)

KINDS = ("parent", "grouping", "category", "other")
NO_ACTIVITY = ({"objectType": "Agent", **BO}, TEAM, reference())
TYPES = ["https://example.org/types/mentor"]


@pytest.mark.parametrize("name", ["revision", "platform"])
def test_xapi_00084_00085_revision_and_platform_are_of_activities(rules: Lrs, name: str) -> None:
    rules.takes(*both(context={name: "3"}), *both(object={"id": COURSE["id"]}, context={name: "3"}))
    for other in NO_ACTIVITY:
        rules.refuses(*both(object=other, context={name: "3"}))
    rules.refuses(statement(object=sub_statement(), context={name: "3"}))


@pytest.mark.parametrize("name", ["revision", "platform"])
def test_xapi_00089_00090_revision_and_platform_are_strings(rules: Lrs, name: str) -> None:
    for wrong in (1, True, {}, ["3"]):
        rules.refuses(*both(context={name: wrong}))


def test_xapi_00086_context_activities_are_an_object(rules: Lrs) -> None:
    rules.takes(*both(context={"contextActivities": {}}))
    for wrong in ("x", 1, [], [COURSE]):
        rules.refuses(*both(context={"contextActivities": wrong}))


def test_xapi_00087_a_registration_is_a_uuid_and_an_instructor_an_agent(rules: Lrs) -> None:
    rules.takes(*both(context={"registration": new_id(), "instructor": ANN}))
    for wrong in ("", "42", 1, {}):
        rules.refuses(*both(context={"registration": wrong}))
    for wrong in ("ann", 1, {}, {"name": "Ann"}, {"mbox": "ann@example.org"}):
        rules.refuses(*both(context={"instructor": wrong}))


def test_xapi_00088_a_team_is_a_group(rules: Lrs) -> None:
    rules.takes(*both(context={"team": TEAM}))
    for wrong in ("team", 1, {}, ANN, BO, {"objectType": "Group"}):
        rules.refuses(*both(context={"team": wrong}))


def test_xapi_00091_a_language_is_a_language_tag(rules: Lrs) -> None:
    for tag in ("sv", "en-GB", "zh-Hant-TW"):
        rules.takes(*both(context={"language": tag}))
    for wrong in ("", "en_GB", "swedish1234", 1, {}, ["sv"]):
        rules.refuses(*both(context={"language": wrong}))


def test_xapi_00092_a_statement_of_the_context_is_a_reference(rules: Lrs) -> None:
    rules.takes(*both(context={"statement": reference()}))
    for wrong in (new_id(), {"id": new_id()}, {**reference(), "objectType": "Activity"}, COURSE):
        rules.refuses(*both(context={"statement": wrong}))
    rules.refuses(*both(context={"statement": {"objectType": "StatementRef", "id": "42"}}))


def test_xapi_00093_context_activities_are_of_four_kinds(rules: Lrs) -> None:
    rules.takes(*both(context={"contextActivities": {kind: [COURSE] for kind in KINDS}}))
    for wrong in ("Parent", "children", ""):
        rules.refuses(*both(context={"contextActivities": {wrong: [COURSE]}}))


@pytest.mark.parametrize("kind", KINDS)
def test_xapi_00094_a_context_activity_is_one_activity_or_several(rules: Lrs, kind: str) -> None:
    rules.takes(*both(context={"contextActivities": {kind: COURSE}}))
    rules.takes(*both(context={"contextActivities": {kind: [COURSE, something()]}}))
    for wrong in ("x", 1, {"id": "x"}, [1], [{}], ANN):
        rules.refuses(*both(context={"contextActivities": {kind: wrong}}))


def test_xapi_00096_a_context_activity_comes_back_in_an_array(lrs: Lrs) -> None:
    context = {"contextActivities": dict.fromkeys(KINDS, COURSE)}
    wanted = {"contextActivities": {kind: [COURSE] for kind in KINDS}}
    for sent in both(context=context):
        got = lrs.stored(sent)
        inner = got if sent["object"]["objectType"] == "Activity" else got["object"]
        assert inner["context"] == wanted


def part_taken(name: str, who: Any, **changes: Any) -> list[dict[str, Any]]:
    """Statements in whose context somebody has part, with some properties changed."""
    one = {"objectType": name, name.removeprefix("context").lower(): who, **changes}
    kept = {key: value for key, value in one.items() if value is not ...}
    return list(both(context={f"{name}s": [kept]}))


@pytest.mark.parametrize(("name", "who"), [("contextAgent", ANN), ("contextGroup", TEAM)])
def test_v2_context_agents_and_groups_say_who_has_part(rules2: Lrs, name: str, who: Any) -> None:
    rules2.takes(*part_taken(name, who), *part_taken(name, who, relevantTypes=TYPES))
    other = name.removeprefix("context").lower()
    for fault in (
        {"objectType": ...},
        {"objectType": name.lower()},
        {"objectType": 1},
        {other: ...},
        {other: {}},
        {other: "ann"},
        {other: TEAM if who is ANN else ANN},
        {"relevantTypes": []},
        {"relevantTypes": ["mentor"]},
        {"relevantTypes": TYPES[0]},
        {"role": TYPES[0]},
    ):
        rules2.refuses(*part_taken(name, who, **fault))
    for wrong in (who, {}, "x", [1]):
        rules2.refuses(*both(context={f"{name}s": wrong}))


@pytest.mark.parametrize(("name", "who"), [("contextAgent", ANN), ("contextGroup", TEAM)])
def test_v1_knows_no_context_agents_and_groups(rules1: Lrs, name: str, who: Any) -> None:
    rules1.refuses(*part_taken(name, who))
