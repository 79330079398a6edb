"""Data 2.4.5, results and scores."""

from __future__ import annotations

from typing import Any

import pytest
from xapi_samples import both_versions, refused, statement, sub_statement, taken

from lrs.xapi.terms import SpecVersion


@both_versions
def test_data_2_4_5_what_the_facts_take_from_a_result(version: SpecVersion) -> None:
    found = taken(
        statement(
            result={
                "completion": True,
                "success": False,
                "score": {"scaled": 1, "raw": 5, "min": 0, "max": 10},
                "duration": "PT1M30.5S",
                "response": "",
                "extensions": {"https://example.org/x": {"a": None}},
            }
        ),
        version,
    )
    assert (found.result.completion, found.result.success) == (True, False)
    assert (found.result.score_scaled, found.result.duration_s) == (1.0, 90.5)


def test_data_2_4_5_a_result_that_says_nothing_gives_the_facts_nothing() -> None:
    found = taken(statement(result={"score": {"raw": 3}}))
    assert (
        found.result.completion
        is found.result.success
        is found.result.score_scaled
        is found.result.duration_s
        is None
    )
    within = taken(statement(object=sub_statement(result={"completion": True})))
    assert within.result.completion is None, "what a sub-statement tells did not happen"


@pytest.mark.parametrize("scaled", [-1, -0.5, 0, 1, 1.0])
def test_data_2_4_5_1_scaled_lies_between_minus_one_and_one(scaled: float) -> None:
    assert taken(statement(result={"score": {"scaled": scaled}})).result.score_scaled == scaled


@pytest.mark.parametrize(
    ("score", "below"),
    [
        ({"scaled": 1.01}, "scaled"),
        ({"scaled": -1.00001}, "scaled"),
        ({"scaled": 80}, "scaled"),
        ({"raw": 11, "max": 10}, "raw"),
        ({"raw": -1, "min": 0}, "raw"),
        ({"raw": 11, "min": 0, "max": 10}, "raw"),
        ({"min": 10, "max": 0}, "min"),
        ({"min": 0, "max": 0}, "min"),
        ({"raw": False}, "raw"),
    ],
)
def test_data_2_4_5_1_a_score_out_of_its_bounds_is_refused(
    score: dict[str, Any], below: str
) -> None:
    assert refused(statement(result={"score": score})) == f"$.result.score.{below}"
    within = statement(object=sub_statement(result={"score": score}))
    assert refused(within) == f"$.object.result.score.{below}"


@pytest.mark.parametrize(
    "score",
    [{"raw": 10, "max": 10}, {"raw": 0, "min": 0}, {"raw": 1e300}, {"min": -2.5, "max": -2.25}, {}],
)
def test_data_2_4_5_1_a_score_on_its_bounds_is_taken(score: dict[str, Any]) -> None:
    assert taken(statement(result={"score": score}))


def test_data_4_1_the_keys_of_extensions_are_iris() -> None:
    assert (
        refused(statement(result={"extensions": {"minutes": 4}})) == "$.result.extensions.minutes"
    )
    assert refused(statement(result={"extensions": {"": 4}})) == '$.result.extensions[""]'
