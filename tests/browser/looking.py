"""Looks at a page the way a reader, a screen reader and a strict browser do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

ARTIFACTS = Path(__file__).resolve().parents[1] / ".artifacts"
LANGUAGES = ("en", "sv", "nl")
# Axe would fetch the page's style again to look at it; everything it needs is there already.
_AXE_RUN = "() => axe.run(document, {preload: false, resultTypes: ['violations']})"
_TOO_WIDE = """() => [...document.querySelectorAll('body *')]
  .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1
    && !e.closest('pre, .scroll, .unseen, .skip'))
  .map(e => e.tagName + '.' + e.className)"""


@dataclass
class Looked:
    """An open page, and what the browser had to say about it."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    asked_for: list[str] = field(default_factory=list)

    def too_wide(self) -> list[str]:
        """What reaches past the edge of the window."""
        found: list[str] = self.page.evaluate(_TOO_WIDE)
        wide = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        return [*found, *(["the page scrolls sideways"] if wide else [])]

    def findings(self, axe: str) -> list[str]:
        """What axe finds: the rule, and where."""
        if not self.page.evaluate("typeof axe === 'object'"):
            self.page.evaluate(axe)
        result: dict[str, Any] = self.page.evaluate(_AXE_RUN)
        return [
            f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}"
            for rule in result["violations"]
            for node in rule["nodes"]
        ]

    def turn(self, *, width: int, dark: bool) -> None:
        """Look at the same page through another window, in another light."""
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.emulate_media(color_scheme="dark" if dark else "light")

    def keep(self, name: str) -> None:
        """Keep a picture of the page for people to look at."""
        ARTIFACTS.mkdir(exist_ok=True)
        safe = re.sub(r"[^\w-]+", "-", name).strip("-")
        self.page.screenshot(path=ARTIFACTS / f"{safe}.png", full_page=True)


@contextmanager
def looking(
    browser: Browser, url: str, *, width: int = 1280, dark: bool = False, status: int = 200
) -> Iterator[Looked]:
    """Open the page in a fresh window of that width."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    looked = Looked(page)
    page.on("pageerror", lambda error: looked.complaints.append(str(error)))
    page.on("console", lambda line: _note(looked, line.type, line.text, status))
    page.on("request", lambda request: looked.asked_for.append(request.url))
    try:
        answer = page.goto(url, wait_until="load")
        assert answer is None or answer.status == status
        yield looked
    finally:
        context.close()


def _note(looked: Looked, kind: str, text: str, status: int) -> None:
    if status != 200 and "the server responded with a status of" in text:
        return  # the browser tells the status that was asked for
    if kind in ("error", "warning"):
        looked.complaints.append(text)
