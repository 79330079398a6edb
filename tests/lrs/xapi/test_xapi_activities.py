"""Data 2.4.3, verbs; Data 2.4.4, objects of every kind; Data 2.3.2, voiding."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from xapi_samples import (
    ANN,
    COURSE,
    DID,
    REF,
    REF_ID,
    TEAM,
    both_versions,
    refused,
    statement,
    sub_statement,
    taken,
)

from lrs.xapi.activities import COMPONENT_LISTS, INTERACTION_TYPES
from lrs.xapi.terms import SpecVersion
from lrs.xapi.verbs import VOIDED


def defined(**definition: Any) -> dict[str, Any]:
    return statement(object={**COURSE, "definition": definition})


def defined_within(**definition: Any) -> dict[str, Any]:
    return statement(object=sub_statement(object={**COURSE, "definition": definition}))


def test_data_2_4_3_a_verb_has_an_id() -> None:
    assert refused(statement(verb={"display": {"en": "did"}})) == "$.verb.id"
    assert refused(statement(verb={"id": "did"})) == "$.verb.id"
    assert refused(statement(verb={"id": ""})) == "$.verb.id"


def test_data_2_4_3_the_display_of_a_verb_is_a_language_map() -> None:
    assert refused(statement(verb={**DID, "display": {"english": 1}})) == "$.verb.display.english"
    assert refused(statement(verb={**DID, "display": {"a12345678": ""}})) == (
        "$.verb.display.a12345678"
    )


def test_data_2_4_4_1_an_activity_has_an_id() -> None:
    assert refused(statement(object={"objectType": "Activity"})) == "$.object.id"
    assert refused(statement(object={"id": "course"})) == "$.object.id"
    assert taken(statement(object=COURSE)).activity == COURSE["id"]


@pytest.mark.parametrize("put", [defined, defined_within], ids=["object", "sub-statement"])
@pytest.mark.parametrize(
    ("definition", "below"),
    [
        ({"name": "A"}, "name"),
        ({"name": {"en": 1}}, "name.en"),
        ({"description": {"not a tag": "A"}}, 'description["not a tag"]'),
        ({"type": "course"}, "type"),
        ({"moreInfo": "/more"}, "moreInfo"),
        ({"extensions": {"x": 1}}, "extensions.x"),
        ({"extensions": []}, "extensions"),
        ({"interactionType": "essay"}, "interactionType"),
        ({"interactionType": {}}, "interactionType"),
        ({"correctResponsesPattern": ["a"]}, "interactionType"),
        ({"choices": []}, "interactionType"),
        (
            {"interactionType": "choice", "correctResponsesPattern": "a"},
            "correctResponsesPattern",
        ),
        (
            {"interactionType": "choice", "correctResponsesPattern": ["a", 1]},
            "correctResponsesPattern[1]",
        ),
    ],
)
def test_data_2_4_4_1_a_definition_keeps_its_types(
    definition: dict[str, Any], below: str, put: Any
) -> None:
    path = refused(put(**definition))
    assert path.removeprefix("$.object.").removeprefix("object.") == f"definition.{below}"


@both_versions
@pytest.mark.parametrize("kind", INTERACTION_TYPES)
def test_data_2_4_4_1_every_interaction_type_is_taken(kind: str, version: SpecVersion) -> None:
    assert taken(defined(interactionType=kind, correctResponsesPattern=["a[,]b"]), version)


@pytest.mark.parametrize("name", COMPONENT_LISTS)
def test_data_2_4_4_1_interaction_components_have_ids_that_differ(name: str) -> None:
    def components(*found: Any) -> dict[str, Any]:
        return defined(interactionType="choice", **{name: list(found)})

    a, b = {"id": "a", "description": {"sv": "Ett"}}, {"id": "b"}
    place = f"$.object.definition.{name}"
    assert taken(components(a, b))
    assert refused(components(a, b, a)) == f"{place}[2].id"
    assert refused(components(a, {})) == f"{place}[1].id"
    assert refused(components({"id": 1})) == f"{place}[0].id"
    assert refused(components({"id": "a", "description": "Ett"})) == f"{place}[0].description"
    assert refused(components({"id": "a", "text": "Ett"})) == f"{place}[0].text"
    assert refused(components("a")) == f"{place}[0]"


def test_data_2_4_4_1_the_shape_of_a_pattern_is_left_to_its_maker() -> None:
    # A real sender writes "True" where the specification says true.
    assert taken(defined(interactionType="true-false", correctResponsesPattern=["True"]))


@pytest.mark.parametrize("agent", [ANN, TEAM], ids=["agent", "group"])
def test_data_2_4_4_2_an_agent_or_group_as_object(agent: dict[str, Any]) -> None:
    found = taken(statement(object=agent))
    assert found.activity is None
    assert found.targets is None


@both_versions
def test_data_2_4_4_3_a_statement_reference_has_a_uuid(version: SpecVersion) -> None:
    assert taken(statement(object=REF), version).targets == UUID(REF_ID)
    assert refused(statement(object={"objectType": "StatementRef"}), version) == "$.object.id"
    assert refused(statement(object={**REF, "id": "1"}), version) == "$.object.id"
    assert refused(statement(object={**REF, "name": {}}), version) == "$.object.name"


def test_data_2_4_4_3_a_sub_statement_is_held_to_the_rules_of_a_statement() -> None:
    assert taken(statement(object=sub_statement(object=REF)))
    assert taken(statement(object=sub_statement(object=ANN)))
    assert refused(statement(object=sub_statement(verb={"id": "x"}))) == "$.object.verb.id"
    assert refused(statement(object=sub_statement(result={"success": 1}))) == (
        "$.object.result.success"
    )
    assert refused(statement(object=sub_statement(timestamp="soon"))) == "$.object.timestamp"


@pytest.mark.parametrize("key", ["id", "stored", "version", "authority"])
def test_data_2_4_4_3_a_sub_statement_has_nothing_the_store_sets(key: str) -> None:
    value = {"id": REF_ID, "stored": "2026-01-01T00:00:00Z", "version": "1.0.0", "authority": ANN}
    body = statement(object=sub_statement(**{key: value[key]}))
    assert refused(body) == f"$.object.{key}"


def test_data_2_4_4_3_a_sub_statement_holds_no_sub_statement() -> None:
    body = statement(object=sub_statement(object=sub_statement()))
    assert refused(body) == "$.object.object.objectType"


def test_data_2_4_4_3_a_sub_statement_has_nothing_unknown() -> None:
    assert refused(statement(object=sub_statement(grade=1))) == "$.object.grade"


def test_data_2_4_4_3_a_sub_statement_says_what_it_is() -> None:
    assert refused(statement(object=statement())) == "$.object.actor"


@both_versions
def test_data_2_3_2_a_voiding_statement_refers_to_a_statement(version: SpecVersion) -> None:
    voiding = {"id": VOIDED}
    found = taken(statement(verb=voiding, object=REF), version)
    assert found.voids == found.targets == UUID(REF_ID)
    for wrong in (COURSE, ANN, sub_statement()):
        assert refused(statement(verb=voiding, object=wrong), version) == "$.object"
    assert taken(statement(object=REF), version).voids is None
