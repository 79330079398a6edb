"""Data 2.4.4 and 2.4.5: activities, interactions, what else is an object, and results."""

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
    of_activity,
    reference,
    statement,
    sub_statement,
)

LISTS = {
    "choice": "choices",
    "sequencing": "choices",
    "likert": "scale",
    "matching": "source",
    "performance": "steps",
}
COMPONENTS = ("choices", "scale", "source", "target", "steps")


def of_component(**component: Any) -> list[dict[str, Any]]:
    """Statements with this interaction component in every list that takes one."""
    return [
        each
        for kind, name in LISTS.items()
        for each in of_activity(interactionType=kind, **{name: [component]})
    ]


def test_xapi_00046_an_object_is_of_one_of_five_types(rules: Lrs) -> None:
    rules.takes(
        *both(object=COURSE),
        *both(object={"id": COURSE["id"]}),
        *both(object={"objectType": "Agent", **BO}),
        *both(object=TEAM),
        *both(object=reference()),
        statement(object=sub_statement()),
    )
    for wrong in ("Course", "Person", "Statement", "", 1, {}):
        rules.refuses(*both(object={**COURSE, "objectType": wrong}))


def test_xapi_00047_an_activity_has_an_id_that_is_an_iri(rules: Lrs) -> None:
    rules.refuses(*both(object={"objectType": "Activity"}), *both(object={}))
    for wrong in ("course", "", 1, {}):
        rules.refuses(*both(object={**COURSE, "id": wrong}))


def test_xapi_00048_a_definition_is_an_object(rules: Lrs) -> None:
    rules.takes(*of_activity())
    for wrong in ("x", 1, True, []):
        rules.refuses(*both(object={**COURSE, "definition": wrong}))
    rules.refuses(*of_activity(title={"en": "x"}))


def test_xapi_00049_an_interaction_is_of_a_listed_type(rules: Lrs) -> None:
    for kind in ("true-false", "fill-in", "long-fill-in", "numeric", "other", *LISTS):
        rules.takes(*of_activity(interactionType=kind))
    for wrong in ("", "multiple-choice", "Choice", 1, {}):
        rules.refuses(*of_activity(interactionType=wrong))


def test_xapi_00050_response_patterns_are_a_list_of_strings(rules: Lrs) -> None:
    kind = {"interactionType": "fill-in"}
    rules.takes(*of_activity(**kind, correctResponsesPattern=["a", "b"]))
    rules.takes(*of_activity(**kind, correctResponsesPattern=[]))
    for wrong in ("a", 1, {}, [1], [["a"]], [True]):
        rules.refuses(*of_activity(**kind, correctResponsesPattern=wrong))


@pytest.mark.parametrize("name", COMPONENTS)
def test_xapi_00051_to_00055_components_are_lists_of_components(rules: Lrs, name: str) -> None:
    rules.takes(*of_activity(interactionType="matching", **{name: [{"id": "a"}, {"id": "b"}]}))
    for wrong in ("a", 1, {"id": "a"}, ["a"], [1], [[]]):
        rules.refuses(*of_activity(interactionType="matching", **{name: wrong}))


def test_xapi_00057_extensions_of_an_activity_are_an_object(rules: Lrs) -> None:
    rules.takes(*of_activity(extensions={"https://example.org/x": [1]}))
    for wrong in ("x", 1, [], True):
        rules.refuses(*of_activity(extensions=wrong))


def test_xapi_00058_a_component_has_an_id_that_is_a_string(rules: Lrs) -> None:
    rules.takes(*of_component(id="a"))
    rules.refuses(*of_component(description={"en": "x"}), *of_component(id="a", name="x"))
    for wrong in (1, True, {}, ["a"]):
        rules.refuses(*of_component(id=wrong))


def test_xapi_00060_00061_type_and_more_info_are_iris(rules: Lrs) -> None:
    rules.takes(*of_activity(type="http://adlnet.gov/expapi/activities/course"))
    rules.takes(*of_activity(moreInfo="https://example.org/more"))
    for wrong in ("course", "", 1, {}):
        rules.refuses(*of_activity(type=wrong), *of_activity(moreInfo=wrong))


def test_xapi_00062_the_description_of_a_component_is_a_language_map(rules: Lrs) -> None:
    rules.takes(*of_component(id="a", description={"en": "x", "sv": "y"}))
    for wrong in ("x", 1, [], {"en": 1}, {"en_GB": "x"}):
        rules.refuses(*of_component(id="a", description=wrong))


@pytest.mark.parametrize("name", COMPONENTS)
def test_xapi_00063_the_ids_of_one_list_differ(rules: Lrs, name: str) -> None:
    twice = [{"id": "a"}, {"id": "b"}, {"id": "a"}]
    rules.refuses(*of_activity(interactionType="matching", **{name: twice}))


def test_xapi_00064_an_interaction_states_its_type(rules: Lrs) -> None:
    rules.refuses(*of_activity(correctResponsesPattern=["a"]))
    for name in COMPONENTS:
        rules.refuses(*of_activity(**{name: [{"id": "a"}]}))


def test_xapi_00065_an_agent_or_group_as_object_says_so(rules: Lrs) -> None:
    rules.refuses(*both(object=BO), *both(object={"name": "Team", "member": [BO]}))


def test_xapi_00066_a_sub_statement_follows_the_rules_of_statements(rules: Lrs) -> None:
    whole = sub_statement(
        actor=TEAM,
        result={"success": True},
        context={"registration": new_id(), "team": TEAM},
        timestamp="2026-03-01T08:30:00Z",
    )
    rules.takes(statement(object=whole), statement(object=sub_statement(object=reference())))
    for fault in ({"actor": ...}, {"verb": ...}, {"object": ...}, {"result": 1}, {"more": 1}):
        rules.refuses(statement(object=sub_statement(**fault)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authority", ANN),
        ("version", "1.0.0"),
        ("stored", "2026-03-01T08:30:00Z"),
        ("id", "4f1c5f54-6a1e-4c53-9c7a-0d3f3f6f4c11"),
    ],
)
def test_xapi_00067_to_00070_what_a_store_sets_is_in_no_sub_statement(
    rules: Lrs, name: str, value: Any
) -> None:
    rules.refuses(statement(object=sub_statement(**{name: value})))


def test_xapi_00071_a_sub_statement_holds_none(rules: Lrs) -> None:
    rules.refuses(statement(object=sub_statement(object=sub_statement())))


def test_xapi_00072_a_reference_has_the_uuid_of_a_statement(rules: Lrs) -> None:
    rules.refuses(*both(object={"objectType": "StatementRef"}))
    for wrong in ("", "42", 1, {}):
        rules.refuses(*both(object={"objectType": "StatementRef", "id": wrong}))


def test_xapi_00073_a_reference_or_sub_statement_says_so(rules: Lrs) -> None:
    rules.refuses(*both(object={"id": new_id()}), statement(object=statement()))


@pytest.mark.parametrize("name", ["success", "completion"])
def test_xapi_00074_00075_success_and_completion_are_booleans(rules: Lrs, name: str) -> None:
    rules.takes(*both(result={name: True}), *both(result={name: False}))
    for wrong in ("true", 0, 1, "yes", {}, []):
        rules.refuses(*both(result={name: wrong}))


def test_xapi_00076_a_response_is_a_string(rules: Lrs) -> None:
    rules.takes(*both(result={"response": ""}), *both(result={"response": "a[,]b"}))
    for wrong in (1, True, {}, ["a"]):
        rules.refuses(*both(result={"response": wrong}))


def test_xapi_00077_a_duration_is_a_string_of_iso_8601(rules: Lrs) -> None:
    rules.takes(*both(result={"duration": "PT4H35M59.14S"}), *both(result={"duration": "P4W"}))
    for wrong in (90, "90", "PT", {}, []):
        rules.refuses(*both(result={"duration": wrong}))


def test_xapi_00078_extensions_of_a_result_are_an_object(rules: Lrs) -> None:
    rules.takes(*both(result={"extensions": {"https://example.org/x": {}}}))
    for wrong in ("x", 1, [], True):
        rules.refuses(*both(result={"extensions": wrong}))


def test_xapi_00079_a_score_is_an_object(rules: Lrs) -> None:
    rules.takes(*both(result={"score": {}}))
    for wrong in (1, "1", [], True, {"mean": 1}):
        rules.refuses(*both(result={"score": wrong}))


def test_xapi_00080_00081_min_is_less_than_max(rules: Lrs) -> None:
    rules.takes(
        *both(result={"score": {"min": -1.5, "max": 1.5}}), *both(result={"score": {"min": 3}})
    )
    rules.refuses(*both(result={"score": {"min": 2, "max": 1}}))
    for name in ("min", "max"):
        for wrong in ("1", True, {}, []):
            rules.refuses(*both(result={"score": {name: wrong}}))


def test_xapi_00082_raw_lies_between_min_and_max(rules: Lrs) -> None:
    for raw in (0, 5.5, 10):
        rules.takes(*both(result={"score": {"raw": raw, "min": 0, "max": 10}}))
    rules.refuses(*both(result={"score": {"raw": -1, "min": 0}}))
    rules.refuses(*both(result={"score": {"raw": 11, "max": 10}}))
    rules.refuses(*both(result={"score": {"raw": "5"}}))


def test_xapi_00083_scaled_lies_between_minus_one_and_one(rules: Lrs) -> None:
    for scaled in (-1, 0, 0.5, 1.0):
        rules.takes(*both(result={"score": {"scaled": scaled}}))
    for wrong in (-1.01, 1.01, 50, "1", True):
        rules.refuses(*both(result={"score": {"scaled": wrong}}))
