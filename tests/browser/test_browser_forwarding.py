"""The pages of forwarding in a real Chromium: a target added, one that fails, one that refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

import pytest
from looking import LANGUAGES, Looked, looking
from playwright.sync_api import Browser, expect
from serving import Served, serving

from lrs.access.ring import now_us
from lrs.forwarding import outbox
from lrs.forwarding.forms import Kind, TargetForm
from lrs.forwarding.targets import add_target
from lrs.settings import Settings
from lrs.store.database import Database
from lrs.store.writing import write_statements
from lrs.xapi.glancing import check_batch
from lrs.xapi.terms import SpecVersion

pytestmark = pytest.mark.browser
LONG = "https://lrs.example.org/a-very-long-path-that-has-no-place-to-break/xapi"


@pytest.fixture
def troubled(make_settings: Callable[..., Settings]) -> Iterator[Served]:
    """A server that sends nothing by itself, with a target that fails and one that refused."""
    settings = make_settings("sqlite", forwarding="off")
    database = Database(settings)
    failing, _ = add_target(database, 1, TargetForm("Group store", Kind.XAPI, LONG))
    refusing, _ = add_target(
        database, 1, TargetForm("Hook", Kind.WEBHOOK, "https://example.org/h", None, "env:HOOK")
    )
    add_target(database, 1, TargetForm("Old store", Kind.PULL, LONG, enabled=False))
    statement = {
        "actor": {"mbox": "mailto:ann@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://example.org/a"},
    }
    batch = check_batch(json.dumps([statement]).encode(), SpecVersion.V1_0)
    write_statements(database, 1, batch, authority=statement["actor"], key_id=None)
    taken = outbox.take_up(database, failing)
    assert isinstance(taken, outbox.TakenUp)
    why = "ConnectionRefusedError: [Errno 111] Connection refused"
    outbox.try_later(database, failing, taken.delivery, why, now_us() + 60_000_000)
    taken = outbox.take_up(database, refusing)
    assert isinstance(taken, outbox.TakenUp)
    outbox.refuse(database, refusing, taken, '422 {"detail": "unknown verb"}', tries=0)
    database.close()
    with serving(settings) as running:
        yield running


def look_at(looked: Looked, axe: str, name: str, *, widths: Sequence[int]) -> None:
    """Look at the page as wide as that, with axe each time."""
    for width in widths:
        looked.turn(width=width, dark=width == 360)
        assert looked.too_wide() == [], name
        assert looked.findings(axe) == [], name
    looked.keep(name)
    assert looked.complaints == [], name


PAGES = ("?", "/1?", "/2?", "/2/remove?", "/new?kind=xapi&", "/new?kind=pull&")


def test_pages_are_whole_and_a_target_is_added(
    browser: Browser, troubled: Served, axe: str
) -> None:
    for lang in LANGUAGES:
        with looking(browser, f"{troubled.url}/forwarding?lang={lang}") as looked:
            for page in PAGES:
                looked.page.goto(f"{troubled.url}/forwarding{page}lang={lang}")
                # What differs between languages is the length of words, which narrow pages feel.
                widths = (1280, 360) if lang == "en" else (360,)
                look_at(looked, axe, f"forwarding-{page}-{lang}", widths=widths)
    with looking(browser, f"{troubled.url}/forwarding?lang=en") as looked:
        page = looked.page
        page.get_by_role("link", name="Add a target").click()
        page.get_by_role("link", name="to a webhook").click()
        page.get_by_label("Name").fill("Chat")
        page.get_by_label("Address").fill("https://chat.example.org/hook")
        page.get_by_label("Where its secret is").fill("env:VERKAN_TARGET_1_CHAT")
        page.get_by_role("button", name="Add it").click()
        expect(page.get_by_role("heading", name="Chat")).to_be_visible()
        page.get_by_role("button", name="Pause it").click()
        expect(page.get_by_text("paused", exact=True)).to_be_visible()
        page.goto(f"{troubled.url}/forwarding/2")
        page.get_by_role("button", name="Send again").click()
        expect(page.get_by_text("unknown verb")).to_have_count(0)
        assert looked.complaints == []
