"""What a reader does with the pages: follows a card, changes language, watches statements come."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pytest
from looking import looking
from playwright.sync_api import Browser, expect
from serving import Served

from analytics.demo.files import PAIRS
from analytics.impact import stored_report
from analytics.report.html import report_page
from lrs.store.database import Database

pytestmark = pytest.mark.browser


def statement() -> dict[str, object]:
    return {
        "id": str(uuid.uuid4()),
        "actor": {"mbox": "mailto:anna@example.org", "name": "Anna Lind"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://example.org/a", "definition": {"name": {"en": "Listening"}}},
    }


def test_first_page_shows_the_three_verdicts(browser: Browser, demo: Served) -> None:
    with looking(browser, f"{demo.url}/?lang=en") as looked:
        verdicts = looked.page.locator(".report-card .verdict").all_inner_texts()
        assert sorted(verdicts) == ["Cannot tell", "Improved", "No measurable effect"]
        assert looked.page.locator(".report-card .verdict svg").count() == 3


def test_completion_stands_below_the_effect_and_smaller(browser: Browser, demo: Served) -> None:
    with looking(browser, f"{demo.url}/?lang=en") as looked:
        card = looked.page.locator(".report-card", has_text="No measurable effect")
        effect, beside = card.locator(".figure .value"), card.locator(".beside")
        assert re.search(r"9[0-9]\s% completed it", beside.inner_text())
        upper, lower = effect.bounding_box(), beside.bounding_box()
        assert upper
        assert lower
        assert upper["y"] < lower["y"]
        size = "e => parseFloat(getComputedStyle(e).fontSize)"
        assert effect.evaluate(size) > 1.5 * beside.evaluate(size)


def test_card_leads_to_its_report_which_opens_with_the_verdict(
    browser: Browser, demo: Served
) -> None:
    with looking(browser, f"{demo.url}/?lang=en") as looked:
        looked.page.locator(".report-card", has_text="Improved").click()
        expect(looked.page.locator(".report")).to_be_visible()
        tops = [
            looked.page.locator(part).first.bounding_box()["y"]  # type: ignore[index]
            for part in ("h1", ".numbers", ".naive", ".picture", ".completion", ".method")
        ]
        assert tops == sorted(tops)
        assert (
            looked.page.locator(".naive s").evaluate("e => getComputedStyle(e).textDecorationLine")
            == "line-through"
        )


@pytest.mark.parametrize(("width", "shown"), [(1280, "wide"), (360, "narrow")])
def test_one_picture_is_shown_and_its_letters_can_be_read(
    width: int, shown: str, browser: Browser, demo: Served
) -> None:
    with looking(browser, f"{demo.url}/?lang=en", width=width) as looked:
        looked.page.locator(".report-card", has_text="Improved").click()
        chart = looked.page.locator("svg.chart:visible")
        expect(chart).to_have_count(1)
        assert f"chart-{shown}" in (chart.get_attribute("class") or "")
        letters = chart.locator("text").first.bounding_box()
        assert letters
        assert letters["height"] >= 11


def test_language_stays_when_the_reader_goes_on(browser: Browser, demo: Served) -> None:
    with looking(browser, f"{demo.url}/?lang=en") as looked:
        looked.page.get_by_role("link", name="Svenska").click()
        expect(looked.page.locator("html")).to_have_attribute("lang", "sv")
        looked.page.locator(".report-card").first.click()
        expect(looked.page.locator("html")).to_have_attribute("lang", "sv")


def test_reader_with_a_keyboard_can_skip_the_menu(browser: Browser, demo: Served) -> None:
    with looking(browser, f"{demo.url}/?lang=en") as looked:
        looked.page.keyboard.press("Tab")
        expect(looked.page.locator(".skip")).to_be_in_viewport()
        looked.page.keyboard.press("Enter")
        looked.page.keyboard.press("Tab")
        expect(looked.page.locator(".report-card a").first).to_be_focused()


def test_new_statements_are_told_and_shown_when_the_reader_asks(
    browser: Browser, fresh: Served
) -> None:
    fresh.ask("POST", "/xapi/statements", statement())
    with looking(browser, f"{fresh.url}/statements?lang=en") as looked:
        fresh.ask("POST", "/xapi/statements", [statement(), statement()])
        told = looked.page.get_by_role("link", name="Show 2 new statements")
        expect(told).to_be_visible(timeout=15_000)
        expect(looked.page.locator(".statement")).to_have_count(1)
        told.click()
        expect(looked.page.locator(".statement")).to_have_count(3)
        assert looked.complaints == []


def test_report_in_a_file_needs_nothing_beside_it(
    browser: Browser, demo: Served, axe: str, tmp_path: Path
) -> None:
    database = Database(demo.settings)
    record = stored_report(database, 1, *PAIRS[0])
    database.close()
    assert record
    for lang in ("en", "sv", "nl"):
        file = tmp_path / f"report.{lang}.html"
        file.write_text(report_page(record, lang), "utf-8")
        with looking(browser, file.as_uri()) as looked:
            for width in (1280, 360):
                looked.turn(width=width, dark=width == 360)
                assert looked.too_wide() == []
                assert looked.findings(axe) == []
            assert looked.asked_for == [file.as_uri()]
            assert looked.complaints == []


def test_printed_report_shows_all_of_it_and_no_menu(browser: Browser, demo: Served) -> None:
    with looking(browser, f"{demo.url}/?lang=en") as looked:
        looked.page.locator(".report-card", has_text="Improved").click()
        expect(looked.page.locator(".report")).to_be_visible()
        looked.page.emulate_media(media="print")
        expect(looked.page.locator(".shell-head")).to_be_hidden()
        expect(looked.page.locator(".provenance")).to_be_visible()
        expect(looked.page.locator("svg.chart-wide")).to_be_visible()


def test_printed_report_is_dark_on_white_whatever_the_screen(
    browser: Browser, demo: Served
) -> None:
    with looking(browser, f"{demo.url}/?lang=en", dark=True) as looked:
        ink = "getComputedStyle(document.querySelector('.verdict')).color"
        looked.page.locator(".report-card", has_text="Improved").click()
        expect(looked.page.locator(".report")).to_be_visible()
        looked.page.wait_for_load_state()  # without its style it is dark and white by the browser's own
        on_screen = looked.page.evaluate(ink)
        looked.page.emulate_media(media="print", color_scheme="dark")
        printed = looked.page.evaluate(ink)
        assert _lightness(printed) < 0.4 < _lightness(on_screen)


def _lightness(colour: str) -> float:
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    return (red + green + blue) / 3
