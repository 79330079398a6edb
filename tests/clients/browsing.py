"""A real Chromium on a page of learning content, which another origin than the store serves."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Content(SimpleHTTPRequestHandler):
    """Serves this folder, and an empty page at ``/``."""

    def do_GET(self) -> None:
        if self.path.split("?")[0] == "/":
            self.answer("text/html", b"<!doctype html><title>Content</title><main></main>")
        else:
            super().do_GET()

    def answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def on_a_page(handler: type[Content] = Content) -> Iterator[tuple[Page, str]]:
    """Yield a page of the browser, and the origin of the content."""
    shelf = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(HERE)))
    threading.Thread(target=shelf.serve_forever, daemon=True).start()
    found = os.environ.get("VERKAN_CHROMIUM") or shutil.which("chromium")
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
            yield browser.new_page(), f"http://127.0.0.1:{shelf.server_address[1]}"
            browser.close()
    finally:
        shelf.shutdown()
        shelf.server_close()
