"""What each language calls a metric: the library's words, or the customer's own."""

from __future__ import annotations

import pytest

from connectors.model.metrics import Declared, completed, library
from connectors.model.wording import Wording, wordings

READY = sorted({metric.key: metric for metric in library().values()}.items())
OTHERS = ("sv", "nl")


def told(key: str, **declared: str) -> dict[str, Wording]:
    metric = completed(Declared(key, **declared))
    return wordings(metric.key, metric.name or "", metric.unit)


@pytest.mark.parametrize(("key", "metric"), READY)
def test_every_metric_of_the_library_is_told_in_every_language(key: str, metric: Declared) -> None:
    found = told(key)
    assert set(found) == {"en", "sv", "nl"}
    assert found["en"].name == metric.name
    for lang in OTHERS:
        own = found[lang]
        assert own.name[:1].isupper()
        assert own.inside
        assert own.inside != metric.name
        assert own.name != metric.name
        assert bool(own.unit) == bool(own.one) == bool(found["en"].unit)
        assert not own.unit or own.unit not in (metric.unit, found["en"].one)


def test_metric_is_told_under_any_id_the_library_knows_it_by() -> None:
    assert told("sjukfrånvaro") == told("ABSENCE_DAYS") == told("absence")
    assert told("verzuim")["sv"].inside == "frånvaron"
    assert told("verloop")["nl"].inside == "het personeelsverloop"


@pytest.mark.parametrize("name", ["Fel i order", "errors", "Mistakes"])
def test_name_a_customer_gave_is_kept_in_every_language(name: str) -> None:
    found = told("errors", name=name)
    assert {one.name for one in found.values()} == {name}
    assert {one.inside for one in found.values()} == {""}
    assert found["sv"].unit == "fel"


def test_unit_a_customer_gave_is_kept_in_every_language() -> None:
    found = told("sales", unit="EUR")
    assert {(one.unit, one.one) for one in found.values()} == {("EUR", "EUR")}
    assert [found[lang].name for lang in ("en", "sv", "nl")] == ["Sales", "Försäljning", "Verkoop"]


def test_nothing_is_put_into_words_that_is_not_the_librarys() -> None:
    assert told("errors", name="Fel", unit="stycken") == {}
    assert told("callbacks", name="Errors", unit="errors") == {}
