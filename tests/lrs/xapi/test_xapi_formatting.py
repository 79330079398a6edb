"""Data 2.2, formatting: what holds for every property of a statement."""

from __future__ import annotations

import json
from typing import Any

import pytest
from xapi_samples import (
    ANN,
    BO,
    COURSE,
    DID,
    TEAM,
    both_versions,
    refused,
    statement,
    sub_statement,
    taken,
)

from lrs.errors import BadStatement
from lrs.xapi.faults import At, Seen, fault
from lrs.xapi.glancing import check_batch
from lrs.xapi.terms import SpecVersion


@both_versions
def test_data_2_2_the_smallest_statement_is_taken(version: SpecVersion) -> None:
    assert taken(statement(), version).verb == DID["id"]


@both_versions
@pytest.mark.parametrize("key", ["actor", "verb", "object"])
def test_data_2_2_actor_verb_and_object_are_required(key: str, version: SpecVersion) -> None:
    assert refused(statement(**{key: ...}), version) == f"$.{key}"


@pytest.mark.parametrize("key", ["actor", "verb", "object"])
def test_data_2_4_4_3_actor_verb_and_object_are_required_in_a_sub_statement(key: str) -> None:
    assert refused(statement(object=sub_statement(**{key: ...}))) == f"$.object.{key}"


@both_versions
@pytest.mark.parametrize(
    "key",
    [
        "id",
        "actor",
        "verb",
        "object",
        "result",
        "context",
        "timestamp",
        "stored",
        "authority",
        "version",
        "attachments",
    ],
)
def test_data_2_2_null_is_refused(key: str, version: SpecVersion) -> None:
    assert refused(statement(**{key: None}), version) == f"$.{key}"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"actor": {**ANN, "name": None}}, "$.actor.name"),
        ({"actor": {**ANN, "objectType": None}}, "$.actor.objectType"),
        ({"actor": {"mbox": None}}, "$.actor.mbox"),
        ({"actor": {**TEAM, "member": None}}, "$.actor.member"),
        ({"verb": {**DID, "display": {"en": None}}}, "$.verb.display.en"),
        ({"object": {**COURSE, "definition": None}}, "$.object.definition"),
        ({"object": {**COURSE, "objectType": None}}, "$.object.objectType"),
        ({"object": {**COURSE, "definition": {"name": None}}}, "$.object.definition.name"),
        ({"result": {"score": {"raw": None}}}, "$.result.score.raw"),
        ({"result": {"success": None}}, "$.result.success"),
        ({"context": {"registration": None}}, "$.context.registration"),
        (
            {"context": {"contextActivities": {"parent": None}}},
            "$.context.contextActivities.parent",
        ),
        ({"context": {"extensions": None}}, "$.context.extensions"),
    ],
)
def test_data_2_2_null_is_refused_at_every_depth(changes: dict[str, Any], path: str) -> None:
    assert refused(statement(**changes)) == path


def test_data_2_2_null_is_taken_inside_extensions() -> None:
    kept = {"https://example.org/x": None, "https://example.org/y": {"deep": [None]}}
    body = statement(
        result={"extensions": kept},
        context={"extensions": kept},
        object={**COURSE, "definition": {"extensions": kept}},
    )
    assert taken(body).body["result"]["extensions"] == kept


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"result": {"score": {"raw": "1"}}}, "$.result.score.raw"),
        ({"result": {"score": {"scaled": True}}}, "$.result.score.scaled"),
        ({"result": {"completion": "true"}}, "$.result.completion"),
        ({"result": {"success": 1}}, "$.result.success"),
        ({"result": {"response": 4}}, "$.result.response"),
        ({"result": []}, "$.result"),
        ({"context": "school"}, "$.context"),
        ({"context": {"platform": 1}}, "$.context.platform"),
        ({"actor": "ann"}, "$.actor"),
        ({"actor": {**ANN, "name": ["Ann"]}}, "$.actor.name"),
        ({"verb": "did"}, "$.verb"),
        ({"verb": {"id": DID["id"], "display": "did"}}, "$.verb.display"),
        ({"object": [COURSE]}, "$.object"),
        ({"object": {"objectType": 1, **COURSE}}, "$.object.objectType"),
        ({"timestamp": 1_700_000_000}, "$.timestamp"),
        ({"version": 1.0}, "$.version"),
        ({"attachments": {}}, "$.attachments"),
    ],
)
def test_data_2_2_the_wrong_type_is_refused(changes: dict[str, Any], path: str) -> None:
    assert refused(statement(**changes)) == path


@both_versions
@pytest.mark.parametrize("key", ["iD", "Actor", "vErb", "Object", "RESULT", "Context", "timeStamp"])
def test_data_2_2_the_case_of_a_key_matters(key: str, version: SpecVersion) -> None:
    assert refused(statement(**{key: {}}), version) == f"$.{key}"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"actr": {}}, "$.actr"),
        ({"actor": {**ANN, "firstName": "Ann"}}, "$.actor.firstName"),
        ({"actor": {**ANN, "member": []}}, "$.actor.member"),
        ({"actor": {"account": {**BO["account"], "id": 1}}}, "$.actor.account.id"),
        ({"verb": {**DID, "tense": "past"}}, "$.verb.tense"),
        ({"object": {**COURSE, "name": {"en": "A"}}}, "$.object.name"),
        ({"object": {**COURSE, "definition": {"title": {}}}}, "$.object.definition.title"),
        ({"result": {"grade": 1}}, "$.result.grade"),
        ({"result": {"score": {"percent": 1}}}, "$.result.score.percent"),
        ({"context": {"course": COURSE}}, "$.context.course"),
        (
            {"context": {"contextActivities": {"child": COURSE}}},
            "$.context.contextActivities.child",
        ),
        ({"a b": 1}, '$["a b"]'),
    ],
)
def test_data_2_2_what_the_specification_does_not_know_is_refused(
    changes: dict[str, Any], path: str
) -> None:
    assert refused(statement(**changes)) == path


def test_data_2_2_empty_objects_are_taken() -> None:
    body = statement(
        verb={"id": DID["id"], "display": {}},
        object={**COURSE, "definition": {}},
        result={"score": {}, "extensions": {}},
        context={"contextActivities": {}, "extensions": {}},
        attachments=[],
    )
    assert not any(phrase.definitions for phrase in taken(body).phrases)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"actor": {**ANN, "objectType": "agent"}}, "$.actor.objectType"),
        ({"actor": {**TEAM, "objectType": "GroupActivity"}}, "$.actor.member"),
        ({"object": {**COURSE, "objectType": "activity"}}, "$.object.objectType"),
        ({"object": {**COURSE, "objectType": "GroupActivity"}}, "$.object.objectType"),
        ({"object": {"objectType": "statementRef", "id": ""}}, "$.object.objectType"),
        (
            {"object": {**COURSE, "definition": {"interactionType": "True-False"}}},
            "$.object.definition.interactionType",
        ),
    ],
)
def test_data_2_2_the_case_of_an_enumerated_value_matters(
    changes: dict[str, Any], path: str
) -> None:
    assert refused(statement(**changes)) == path


def test_a_fault_says_what_is_near() -> None:
    with pytest.raises(BadStatement) as caught:
        taken(statement(Actor=ANN))
    assert caught.value.hint == 'write it "actor"'
    assert "ann@example.org" not in caught.value.message


def test_a_fault_never_repeats_a_value() -> None:
    for actor in ({"mbox": "ann@example.org"}, {"openid": "ann"}, {**ANN, "openid": "ann"}):
        with pytest.raises(BadStatement) as caught:
            taken(statement(actor=actor))
        assert "ann" not in f"{caught.value.message} {caught.value.hint}"


@both_versions
def test_a_statement_in_a_batch_has_its_index_in_the_path(version: SpecVersion) -> None:
    body = json.dumps([statement(), statement(verb={"id": "did"})]).encode()
    with pytest.raises(BadStatement) as caught:
        check_batch(body, version)
    assert caught.value.where == "$[1].verb.id"


def test_what_is_remembered_is_bounded_and_never_a_fault() -> None:
    looked: list[object] = []

    def rule(value: object, at: At) -> int:
        looked.append(value)
        if value == "wrong":
            raise fault(at, "wrong")
        return len(looked)

    seen = Seen(rule, most=2, longest=10)
    assert [seen("a", "$"), seen("a", "$"), seen("b", "$"), seen("a", "$")] == [1, 1, 2, 1]
    assert [seen("c", "$"), seen("d", "$"), seen("e", "$")] == [3, 4, 5], "more than it holds"
    assert seen("a", "$") == 6, "what was not used lately is forgotten"
    long = "a" * 9
    assert [seen(long, "$"), seen(long, "$")] == [7, 8]
    for _ in range(2):
        with pytest.raises(BadStatement):
            seen("wrong", "$")
    assert looked.count("wrong") == 2
