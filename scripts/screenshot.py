"""Make docs/images/report.png anew, the picture of the README: `python scripts/screenshot.py`.

Ends with 1 when the picture is larger than a reader of the README should have to load.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

VERKAN = Path(sys.executable).with_name("verkan")
OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "report.png"
LARGEST = 250_000
WIDTH = 1040


@contextmanager
def _demo() -> Iterator[str]:
    """Serve the made-up company and give its address."""
    with tempfile.TemporaryDirectory() as home:
        subprocess.run([VERKAN, "--home", home, "demo", "--no-serve"], check=True)  # noqa: S603
        serve = [VERKAN, "--home", home, "serve", "--port", "0"]
        quiet = {**os.environ, "VERKAN_LOG_LEVEL": "error"}
        with subprocess.Popen(  # noqa: S603
            serve, stdout=subprocess.PIPE, text=True, env=quiet
        ) as server:
            said = server.stdout.readline() if server.stdout else ""
            yield said.split()[2]
            server.terminate()


def _take(url: str) -> None:
    """Picture the report down to its drawing."""
    chromium = os.environ.get("VERKAN_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": WIDTH, "height": 900}, device_scale_factor=1.15, locale="en"
        )
        page.goto(url)
        page.locator(".report-card", has_text="No measurable effect").click()
        page.wait_for_selector(".report")
        end = page.evaluate(
            "document.querySelector('.picture figure').getBoundingClientRect().bottom"
        )
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": end + 8}
        OUT.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=OUT, full_page=True, clip=clip)  # type: ignore[arg-type]
        browser.close()


if __name__ == "__main__":
    with _demo() as address:
        _take(address)
    print(f"{OUT}: {OUT.stat().st_size:,} bytes")
    sys.exit(OUT.stat().st_size > LARGEST)
