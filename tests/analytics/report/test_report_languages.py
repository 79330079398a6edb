"""A report in Swedish or Dutch has no English of the library in it, and keeps a customer's own words."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import report_records as records
import sqlalchemy as sa

from analytics.estimators.effect import Effect
from analytics.estimators.estimate import Estimate
from analytics.estimators.question import Question
from analytics.impact import impact, stored_report
from analytics.plans.keeping import approve_value, make_plan
from analytics.plans.reading import plans_of
from analytics.report.effects import Scale
from analytics.report.html import report_page
from analytics.store.schema import report
from analytics.telling.sentence import sentences
from analytics.telling.told import Told
from connectors.metrics import declare_metrics, metric
from connectors.model.metrics import Declared, completed, library
from connectors.model.paths import declared
from connectors.model.wording import wordings
from connectors.paths import declare_paths
from lrs.app import create_app
from lrs.store.database import Database
from lrs.store.schema import definition

PATH = "https://example.org/paths/listening"
READY = sorted({metric.key: metric for metric in library().values()})
PLAN = {
    "path": PATH,
    "need": "Färre omtag",
    "outcome": [{"metric": "errors", "better": "down", "value": 5, "currency": "EUR"}],
    "window": {"from": "2024-07", "to": "2024-12"},
    "comparison": "both",
    "assignment": "lot",
}


class Texts(HTMLParser):
    """Everything a reader sees, or has read out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._style = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._style = tag == "style"
        self.said += [value or "" for name, value in attrs if name in ("aria-label", "alt")]

    def handle_data(self, data: str) -> None:
        if not self._style:
            self.said.append(data)


def text_of(page: str) -> str:
    return " ".join(" ".join(Texts(page).said).split())


def sentence(key: str, lang: str, *, kind: str = "continuous", **declared: str) -> str:
    asked = completed(Declared(key, **declared))
    question = Question(
        kind=kind,
        better="down",
        unit=asked.unit,
        outcome_name=asked.name or "",
        wordings=wordings(asked.key, asked.name or "", asked.unit),
    )
    effect = Effect(Estimate(-3.0, 0.5, np.inf), ratio=False, method="")
    return sentences(Told(question, "improved", "B", (), effect, ""))[lang]


@pytest.mark.parametrize(
    ("key", "sv", "nl"),
    [
        ("lead_time", "Ledtiden minskade med 3,0 timmar", "een daling van 3,0 uur in de doorlooptijd"),
        ("absence", "Frånvaron minskade med 3,0 dagar", "een daling van 3,0 dagen in het verzuim"),
        ("nps", "NPS minskade med 3,0 poäng", "een daling van 3,0 punten in de NPS"),
        ("sales", "Försäljningen minskade med 3,0 där", "een daling van 3,0 in de verkoop ("),
    ],
)  # fmt: skip
def test_sentence_tells_the_librarys_metric_in_the_readers_language(
    key: str, sv: str, nl: str
) -> None:
    assert sv in sentence(key, "sv")
    assert nl in sentence(key, "nl")


def test_sentence_keeps_a_customers_own_name_and_unit() -> None:
    said = {lang: sentence("lead_time", lang, name="Throughput", unit="shifts") for lang in ["sv", "nl"]}  # fmt: skip
    assert said["sv"].startswith("Throughput minskade med 3,0 shifts")
    assert "een daling van 3,0 shifts bij throughput" in said["nl"]


def test_classes_of_a_scale_are_no_unit() -> None:
    assert "3,0 steg på skalan" in sentence("nps_class", "sv", kind="ordinal")
    assert "3.0 steps of its scale" in sentence("nps_class", "en", kind="ordinal")


@pytest.mark.parametrize(
    ("digits", "said"), [("+1", "+1 timme"), ("−1", "−1 timme"), ("1,0", "1,0 timmar")]
)
def test_unit_after_a_one_is_a_single_one(digits: str, said: str) -> None:
    assert Scale("continuous", "timmar", "sv", one="timme")._with_unit(digits) == said


@pytest.mark.parametrize("lang", ["sv", "nl"])
@pytest.mark.parametrize("key", READY)
def test_no_english_of_the_library_is_left_in_a_page(key: str, lang: str) -> None:
    ready = library()[key]
    told = wordings(key, ready.name or "", ready.unit)
    outcome = {
        "id": f"id-{key}",
        "name": ready.name,
        "unit": ready.unit,
        "kind": "continuous",
        "better": ready.better,
        "wordings": {
            one: {"name": word.name, "unit": word.unit, "one": word.one}
            for one, word in told.items()
        },
    }
    one = {"att": -3.0, "low": -4.0, "high": -2.0, "se": 0.5, "unit": ready.unit}
    made = records.record(
        outcome=outcome,
        estimate={**one, "method": "difference in means; clustered t interval"},
        estimates={"simple": one},
        naive={"before_after": one},
        sentence={lang: sentence(key, lang)},
    )
    page = text_of(report_page(made, lang))
    assert told[lang].name in page
    for english in (ready.name, ready.unit):
        assert not re.search(rf"\b{re.escape(english or '')}(?!\w)", page.replace(f"id-{key}", ""))


def test_report_of_the_store_tells_the_library_in_every_language_and_keeps_its_own_record(
    company: Database,
) -> None:
    made = json.loads(json.dumps(impact(company, 1, PATH, "errors")))
    assert (made["outcome"]["name"], made["outcome"]["unit"]) == ("Errors", "errors")
    assert made["kpi"]["unit"] == made["estimate"]["unit"] == "errors"
    assert "clustered t interval" in made["estimate"]["method"]
    assert made["sentence"]["en"].startswith("Errors fell by")
    assert made["sentence"]["sv"].startswith("Felen minskade med")
    assert "in het aantal fouten (" in made["sentence"]["nl"]
    for lang, name, unit in (("sv", "Fel", "fel"), ("nl", "Fouten", "fouten")):
        page = text_of(report_page(made, lang))
        assert f"→ {name} " in page
        assert re.search(rf"−0,\d+ {unit}\b", page)
        assert not re.search(r"[Ee]rrors|interval\b.*untrained|Poisson ratio", page.replace("errors Met", ""))  # fmt: skip


def test_first_page_and_plans_name_the_outcome_in_the_readers_language(company: Database) -> None:
    (plan,) = plans_of({"plan": [PLAN]}, "plan.toml")
    make_plan(company, 1, plan)
    approve_value(company, 1, PATH, "errors", "Kim")
    client = create_app(company.settings, company).test_client()

    def seen(address: str) -> str:
        return text_of(client.get(address, base_url="http://localhost:8080").text)

    assert "Listening Fel Förbättring" in seen("/?lang=sv")
    assert "Listening Fouten Verbetering" in seen("/?lang=nl")
    assert "Listening Utkast" in seen("/plans?lang=sv")
    assert "Fel (nedåt är bra)" in seen("/plans?lang=sv")
    assert "Fel: godkänt av Kim" in seen("/plans?lang=sv")
    assert "Fouten: goedgekeurd door Kim" in seen("/plans?lang=nl")


def test_metric_that_was_renamed_is_called_so_in_every_language(reported: Database) -> None:
    with reported.write() as conn:
        declare_metrics(conn, 1, [Declared("errors", name="Omtag", unit="omtag")])
        assert metric(conn, 1, "errors").wordings() == {}
    made = impact(reported, 1, PATH, "errors")
    assert made["outcome"]["wordings"] == {}
    assert made["sentence"]["en"].startswith("Omtag fell by")
    assert "bij omtag" in made["sentence"]["nl"]
    assert "→ Omtag " in text_of(report_page(made, "nl"))


def test_path_is_called_what_the_statements_call_it_in_the_readers_language(
    reported: Database,
) -> None:
    names = {"en-GB": "Listening", "sv-SE": "Att lyssna"}
    query = sa.select(definition.c.term_id, definition.c.body)
    with reported.write() as conn:
        ((term_id, body),) = [row for row in conn.execute(query) if "Listening" in row.body]
        changed = json.dumps({**json.loads(body), "name": names})
        at = definition.c.term_id == term_id
        conn.execute(sa.update(definition).where(at).values(body=changed))
    made = stored_report(reported, 1, PATH, "errors")
    assert made is not None
    assert made["path"]["name"] == "Listening"
    assert "där teamen gick Att lyssna (" in made["sentence"]["sv"]
    assert "Waar teams Listening volgden" in made["sentence"]["nl"]
    assert "Att lyssna → Fel " in text_of(report_page(made, "sv"))
    assert "Listening → Fouten " in text_of(report_page(made, "nl"))


def test_name_a_path_was_given_is_kept_in_every_language(reported: Database) -> None:
    (path,) = declared({"path": [{"id": PATH, "name": "Module 4"}]}, "paths.toml")
    with reported.write() as conn:
        declare_paths(conn, 1, [path])
    made = impact(reported, 1, PATH, "errors")
    assert made["path"]["names"] == {}
    assert all("Module 4" in said for said in made["sentence"].values())


def test_report_kept_before_names_had_languages_is_shown_as_it_is(reported: Database) -> None:
    made = impact(reported, 1, PATH, "errors")
    del made["outcome"]["wordings"]
    with reported.write() as conn:
        conn.execute(sa.update(report).values(body=json.dumps(made)))
    client = create_app(reported.settings, reported).test_client()
    page = text_of(client.get("/?lang=sv", base_url="http://localhost:8080").text)
    assert "Listening Errors Förbättring" in page
