"""A statement reads as a sentence in the reader's language."""

from __future__ import annotations

from typing import Any

import pytest

from lrs.web.i18n import words
from lrs.web.sentences import VERBS, told

COMPLETED = {"id": "http://adlnet.gov/expapi/verbs/completed", "display": {"en-US": "completed"}}


def statement(**parts: Any) -> dict[str, Any]:
    return {
        "actor": {"mbox": "mailto:anna@example.org", "name": "Anna Lind"},
        "verb": COMPLETED,
        "object": {
            "id": "https://example.org/listening",
            "definition": {"name": {"en-GB": "Listening", "sv": "Lyssna"}},
        },
        **parts,
    }


def sentence(lang: str, **parts: Any) -> str:
    said = told(statement(**parts), words(lang))
    return f"{said.actor} {said.verb} {said.object}"


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "Anna Lind completed Listening"),
        ("sv", "Anna Lind slutförde Lyssna"),
        ("nl", "Anna Lind voltooide Listening"),
    ],
)
def test_sentence_takes_the_best_words_there_are(lang: str, said: str) -> None:
    assert sentence(lang) == said


def test_display_in_the_readers_language_comes_before_our_word() -> None:
    verb = {**COMPLETED, "display": {"sv-SE": "gick klart"}}
    assert sentence("sv", verb=verb) == "Anna Lind gick klart Lyssna"


def test_verb_of_our_names_at_an_address_we_do_not_know_is_not_translated() -> None:
    verb = {"id": "https://vendor.example.org/verbs/passed", "display": {"en": "handed over"}}
    assert sentence("sv", verb=verb) == "Anna Lind handed over Lyssna"


def test_verb_without_display_is_the_end_of_its_address() -> None:
    assert sentence("en", verb={"id": "https://example.org/verbs#watered/"}) == (
        "Anna Lind watered Listening"
    )


@pytest.mark.parametrize(
    ("actor", "name"),
    [
        ({"mbox": "mailto:bo@example.org"}, "bo@example.org"),
        ({"account": {"homePage": "https://hr.example.org", "name": "4711"}}, "4711"),
        ({"openid": "https://bo.example.org/"}, "https://bo.example.org/"),
        ({"mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee9"}, "somebody (ebd31e95…)"),
        ({"objectType": "Group", "member": [{}, {}, {}]}, "a group of 3"),
        ({"objectType": "Group", "name": "Team North", "member": [{}]}, "Team North"),
    ],
)
def test_actor_is_called_by_what_is_readable(actor: dict[str, Any], name: str) -> None:
    assert told(statement(actor=actor), words("en")).actor == name


@pytest.mark.parametrize(
    ("thing", "name"),
    [
        ({"id": "https://example.org/a"}, "https://example.org/a"),
        ({"id": "https://example.org/a", "definition": {}}, "https://example.org/a"),
        ({"objectType": "Agent", "mbox": "mailto:bo@example.org"}, "bo@example.org"),
        (
            {"objectType": "StatementRef", "id": "8f87ccde-bb56-4c2e-ab83-44982ef22df0"},
            "statement 8f87ccde…",
        ),
        (
            {"objectType": "SubStatement", **statement()},
            "“Anna Lind completed Listening”",
        ),
    ],
)
def test_object_of_every_kind_has_a_name(thing: dict[str, Any], name: str) -> None:
    assert told(statement(object=thing), words("en")).object == name


def test_result_tells_success_and_score() -> None:
    result = {"success": False, "score": {"scaled": 0.5}}
    assert told(statement(result=result), words("en")).result == (
        "Not passed",
        "50\N{NO-BREAK SPACE}%",
    )
    assert told(statement(result={"completion": True}), words("en")).result == ()


def test_our_verbs_have_words_of_their_own_in_each_language() -> None:
    for lang in ("sv", "nl"):
        said = {words(lang).say(text) for text in VERBS.values()}
        assert len(said) >= len(set(VERBS.values())) - 1
        assert not said & (set(VERBS.values()) - {"startte"})
