"""The forms that statements are asked for in (1.0.3, Communication 2.1.3, `format`)."""

from __future__ import annotations

from typing import Any

import pytest
from wiring import Wire, a_statement

ADA = {"objectType": "Agent", "name": "Ada", "mbox": "mailto:ada@example.org"}
BO = {"name": "Bo", "account": {"homePage": "https://example.org", "name": "bo"}}
COURSE = {
    "objectType": "Activity",
    "id": "https://example.org/courses/1",
    "definition": {
        "name": {"en": "Safety", "sv": "Säkerhet"},
        "description": {"en": "At work"},
        "type": "http://adlnet.gov/expapi/activities/course",
    },
}
QUIZ = {
    "id": "https://example.org/quiz",
    "definition": {
        "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
        "interactionType": "choice",
        "choices": [{"id": "a", "description": {"nl": "Ja", "en": "Yes"}}],
    },
}
VERB = {"id": "http://adlnet.gov/expapi/verbs/passed", "display": {"en": "passed", "nl": "slaagde"}}


def everything(**changed: Any) -> dict[str, Any]:
    """A statement that names agents, verbs and activities wherever one may."""
    inner = {"actor": ADA, "verb": VERB, "object": QUIZ}
    whole = {
        "actor": {"objectType": "Group", "name": "All", "member": [ADA, BO]},
        "verb": VERB,
        "object": {"objectType": "SubStatement", **inner},
        "context": {
            "instructor": ADA,
            "team": {
                "objectType": "Group",
                "name": "T",
                "mbox": "mailto:t@example.org",
                "member": [ADA],
            },
            "contextActivities": {"parent": [COURSE]},
            "language": "en",
        },
    }
    return a_statement(**(whole | changed))


def ask(wire: Wire, sent: dict[str, Any], format_: str, languages: str | None = None) -> Any:
    assert wire.post(sent).status_code == 200
    headers = {"Accept-Language": languages} if languages else None
    asked = {"format": format_, "statementId": sent["id"]}
    return wire.ask("GET", headers=headers, **asked).get_json()


def test_ids_leaves_only_what_identifies(wire: Wire) -> None:
    ada = {"objectType": "Agent", "mbox": ADA["mbox"]}
    bo = {"account": BO["account"]}
    found = ask(wire, everything(), "ids")
    assert found["actor"] == {"objectType": "Group", "member": [ada, bo]}
    assert found["verb"] == {"id": VERB["id"]}
    assert found["object"] == {
        "objectType": "SubStatement",
        "actor": ada,
        "verb": {"id": VERB["id"]},
        "object": {"id": QUIZ["id"]},
    }
    assert found["context"] == {
        "instructor": ada,
        "team": {"objectType": "Group", "mbox": "mailto:t@example.org"},
        "contextActivities": {"parent": [{"id": COURSE["id"]}]},
        "language": "en",
    }
    assert set(found["authority"]) == {"objectType", "account"}


def test_exact_leaves_everything(wire: Wire) -> None:
    sent = everything()
    found = ask(wire, sent, "exact")
    assert {name: found[name] for name in sent} == sent


def test_canonical_gives_what_the_store_knows_of_an_activity(wire: Wire) -> None:
    wire.post(a_statement(object=COURSE))
    found = ask(wire, a_statement(object={"id": COURSE["id"]}), "canonical")
    assert found["object"]["definition"]["type"] == COURSE["definition"]["type"]


@pytest.mark.parametrize(
    ("asked", "given"),
    [("sv", "sv"), ("nl;q=0.5, sv;q=0.9, en;q=0.1", "sv"), ("fi", "en"), (None, "en")],
)
def test_canonical_gives_one_language(wire: Wire, asked: str | None, given: str) -> None:
    found = ask(wire, a_statement(object=COURSE, verb=VERB), "canonical", asked)
    assert found["object"]["definition"]["name"] == {given: COURSE["definition"]["name"][given]}
    assert found["object"]["definition"]["description"] == {"en": "At work"}
    assert len(found["verb"]["display"]) == 1


def test_canonical_reaches_everything_that_a_statement_names(wire: Wire) -> None:
    sent = everything()
    found = ask(wire, sent, "canonical", "nl")
    assert found["actor"] == sent["actor"]
    assert found["object"]["verb"]["display"] == {"nl": "slaagde"}
    choice = found["object"]["object"]["definition"]["choices"][0]
    assert choice == {"id": "a", "description": {"nl": "Ja"}}
    course = found["context"]["contextActivities"]["parent"][0]
    assert course["definition"]["name"] == {"en": "Safety"}


def test_the_agents_of_a_context_are_formed_too(wire: Wire) -> None:
    wire.headers["X-Experience-API-Version"] = "2.0.0"
    agents = [{"objectType": "contextAgent", "agent": ADA}]
    sent = a_statement(context={"contextAgents": agents})
    found = ask(wire, sent, "ids")
    assert found["context"]["contextAgents"] == [
        {"objectType": "contextAgent", "agent": {"objectType": "Agent", "mbox": ADA["mbox"]}}
    ]


@pytest.mark.parametrize("format_", ["ids", "canonical"])
def test_the_next_page_keeps_the_form(wire: Wire, format_: str) -> None:
    wire.post([a_statement(object=COURSE, verb=VERB) for _ in range(4)])
    page = wire.get(format=format_, limit="3").get_json()
    rest = wire.ask("GET", page["more"]).get_json()
    assert rest["statements"][0]["object"] == page["statements"][0]["object"]
    assert rest["statements"][0]["verb"] == page["statements"][0]["verb"]


def test_a_definition_of_one_tenant_is_not_told_to_another(wire: Wire) -> None:
    wire.post(a_statement(object=COURSE))
    other = wire.as_key("all", tenant="acme")
    found = ask(other, a_statement(object={"id": COURSE["id"]}), "canonical")
    assert "definition" not in found["object"]
