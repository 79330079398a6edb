"""A content of H5P, played by `h5p-standalone` in Chromium, whose events the page sends to the store.

Run by `test_clients_browser.py` in a process of its own; prints what it saw as JSON. The content
type, in the folder h5p, is our own: those of H5P are in no package registry.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from browsing import Content, on_a_page

PLAY = """
async ({ endpoint, key, secret, user }) => {
  const element = document.querySelector("main");
  const seen = [];
  const send = async (event) => {
    const answer = await fetch(endpoint + "/statements", {
      method: "POST",
      headers: {
        "Authorization": "Basic " + btoa(key + ":" + secret),
        "Content-Type": "application/json",
        "X-Experience-API-Version": "1.0.3",
      },
      body: JSON.stringify(event.data.statement),
    });
    seen.push({ status: answer.status, body: await answer.json(), sent: event.data.statement });
  };
  const sends = [];
  await new H5PStandalone.H5P(element, {
    h5pJsonPath: "/h5p",
    frameJs: "/node_modules/h5p-standalone/dist/frame.bundle.js",
    frameCss: "/node_modules/h5p-standalone/dist/styles/h5p.css",
    xAPIObjectIRI: "https://example.org/h5p/hand-hygiene",
    ajax: { contentUserDataUrl: "/kept" },
    saveFreq: false,
    ...(user ? { user } : {}),
  });
  H5P.externalDispatcher.on("xAPI", (event) => sends.push(send(event)));
  const frame = element.querySelector("iframe");
  for (let turn = 0; turn < 500 && !frame.contentDocument.querySelector("button"); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  frame.contentDocument.querySelectorAll("button")[1].click();
  await Promise.all(sends);
  return seen;
}
"""
ANN = {"name": "Ann", "mail": "ann.h5p@example.org"}


class Platform(Content):
    """Keeps nothing of what H5P would have kept of a learner."""

    def do_GET(self) -> None:  # noqa: N802  # the name that http.server calls
        if self.path.startswith("/kept"):
            self.answer("application/json", b'{"success": true, "data": false}')
        else:
            super().do_GET()


def main(told: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with on_a_page(Platform) as (page, origin):
        for who, user in (("ann", ANN), ("nobody", None)):
            page.goto(origin)
            page.add_script_tag(url=f"{origin}/node_modules/h5p-standalone/dist/main.bundle.js")
            found[who] = page.evaluate(PLAY, {**told, "user": user})
    return found


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
