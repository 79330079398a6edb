"""Real and documented statements of seven projects. Which of them break the specification, and
where, was read off the specification by hand; the table below was not made by running the code.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from xapi_samples import V1, V2, both_versions

from lrs.errors import BadStatement
from lrs.xapi.comparing import same_statement
from lrs.xapi.glancing import check_batch
from lrs.xapi.parsing import parse_statement
from lrs.xapi.statement import check
from lrs.xapi.terms import SpecVersion
from lrs.xapi.wire import as_answer

HOME = "$.actor.account.homePage"
TIME = "$.timestamp"
OBJECT = "$.object.id"
TYPE = "$.object.definition.type"
PARENT = "$.context.contextActivities.parent[0].id"
SCORE = {f"$.result.score.{name}" for name in ("max", "min", "raw", "scaled")}

# Repository, number in its file: every place where the statement breaks the specification.
# Most are templates with **PLACEHOLDERS** where an IRI, a timestamp or a number belongs.
BROKEN: dict[tuple[str, int], set[str]] = {
    # Data 2.4.2.1: an agent with a name only.
    ("BerryCloud/xapi-java", 0): {"$.actor"},
    ("BerryCloud/xapi-java", 2): {"$.actor"},
    # The sample of version 0.9 in the appendix on conversion.
    ("adlnet/xAPI-Spec", 0): {
        "$.inProgress",
        "$.verb",
        TYPE,
        PARENT,
        "$.actor.objectType",
        "$.actor.name",
        "$.actor.mbox",
        "$.actor.openid",
        "$.context.instructor.objectType",
        "$.context.contextActivities.parent.id",
    },
    # interactionType "compound".
    ("h5p/h5p-php-report", 1): {"$.object.definition.interactionType"},
    ("jiscdev/xapi", 1): {TIME, HOME, OBJECT},
    ("jiscdev/xapi", 2): {TIME, HOME, OBJECT},
    ("jiscdev/xapi", 3): {TIME, HOME, OBJECT},
    # Extensions beside the definition, not in it.
    ("jiscdev/xapi", 4): {"$.object.extensions"},
    ("jiscdev/xapi", 5): {TIME},
    ("jiscdev/xapi", 6): {TIME},
    ("jiscdev/xapi", 7): {
        OBJECT,
        "$.object.extensions",
        '$.context["http://xapi.jisc.ac.uk/recipeCat"]',
    },
    ("jiscdev/xapi", 10): {TIME, HOME, OBJECT, TYPE, "$.object.extensions"},
    ("jiscdev/xapi", 11): {HOME, OBJECT},
    ("jiscdev/xapi", 12): {TIME, HOME, OBJECT, *SCORE},
    ("jiscdev/xapi", 13): {HOME, OBJECT, "$.context.instructor.account.homePage", *SCORE},
    ("jiscdev/xapi", 14): {TIME, HOME, OBJECT, PARENT},
    ("jiscdev/xapi", 15): {TIME},
    ("jiscdev/xapi", 16): {OBJECT},
    ("jiscdev/xapi", 17): {OBJECT},
    ("jiscdev/xapi", 18): {TIME, HOME, OBJECT, PARENT},
    ("jiscdev/xapi", 19): {TIME, HOME, OBJECT, TYPE},
    ("jiscdev/xapi", 20): {TIME, HOME, OBJECT, TYPE},
    ("jiscdev/xapi", 21): {TIME, HOME, OBJECT},
    ("jiscdev/xapi", 22): {TIME, HOME, OBJECT},
    # interactionType "Choice".
    ("jiscdev/xapi", 23): {"$.object.definition.interactionType"},
    # A schema of statements, not a statement.
    ("openfun/ralph", 1): {
        "$.id",
        "$.actor.anyOf",
        "$.actor.title",
        "$.verb.$ref",
        '$.object["$ref"]',
        OBJECT,
    },
    # A template of one.
    ("yetanalytics/lrsql", 4): {"$.actor.mbox"},
}
COUNT = {
    "BerryCloud/xapi-java": 3,
    "adlnet/xAPI-Spec": 11,
    "h5p/h5p-php-report": 5,
    "jiscdev/xapi": 34,
    "openfun/ralph": 2,
    "yetanalytics/datasim": 600,
    "yetanalytics/lrsql": 5,
}


@pytest.fixture(scope="module")
def corpus(shared: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """Every statement by repository and number."""
    files = [json.loads(path.read_text()) for path in sorted((shared / "corpus").glob("*.json"))]
    assert {file["repo"]: file["count"] for file in files} == COUNT
    return {
        (file["repo"], number): entry["statement"]
        for file in files
        for number, entry in enumerate(file["statements"])
    }


def written(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


def test_every_broken_statement_is_refused_with_the_path_of_a_fault(
    corpus: dict[tuple[str, int], dict[str, Any]],
) -> None:
    for place, faults in BROKEN.items():
        with pytest.raises(BadStatement) as caught:
            check_batch(written(corpus[place]), V1)
        assert caught.value.where in faults, place


@both_versions
def test_every_other_statement_is_taken_and_comes_back_equal(
    corpus: dict[tuple[str, int], dict[str, Any]], version: SpecVersion
) -> None:
    for place, body in corpus.items():
        if place in BROKEN:
            continue
        found = check(parse_statement(written(body)), version)
        answer = as_answer(
            found.raw,
            id=found.id,
            stored=0,
            authority_json=b'{"mbox":"mailto:key@example.org"}',
            version=version,
        )
        told = json.loads(answer)
        set_by_the_store = {"id", "stored", "timestamp", "authority", "version"}
        assert {key: told[key] for key in body if key not in ("stored", "authority")} == {
            key: value for key, value in body.items() if key not in ("stored", "authority")
        }, place
        assert told.keys() - body.keys() <= set_by_the_store
        assert same_statement(told, body, version), place
        assert check(parse_statement(answer), version).refs == found.refs, place


def test_the_signed_sample_needs_its_signature(
    corpus: dict[tuple[str, int], dict[str, Any]],
) -> None:
    body = corpus["adlnet/xAPI-Spec", 10]
    with pytest.raises(BadStatement) as caught:
        check_batch(written(body), V2)
    assert caught.value.where == "$.attachments[0]"
    assert check_batch(written(body), V2, parts={body["attachments"][0]["sha2"]})


def test_a_whole_dump_goes_in_as_one_batch(
    corpus: dict[tuple[str, int], dict[str, Any]],
) -> None:
    bodies = [body for (repo, _), body in corpus.items() if repo == "yetanalytics/datasim"]
    found = check_batch(json.dumps(bodies).encode(), V1)
    assert len(found) == 600
    assert all(one.actor and one.verb for one in found)
