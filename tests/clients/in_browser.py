"""Learning content in a real Chromium, from another origin than the store, posts and reads back.

Run by `test_clients_browser.py` in a process of its own; prints what it saw as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from browsing import on_a_page

TINCANJS = """
async ({ endpoint, key, secret }) => {
  TinCan.disableDebug();
  const lrs = new TinCan.LRS({ endpoint: endpoint + "/", username: key, password: secret, allowFail: false });
  const call = (method, ...given) => new Promise((resolve, reject) => {
    given[given.length - 1].callback = (err, found) =>
      err ? reject(new Error(method + ": " + err + " " + (found && found.responseText))) : resolve(found);
    lrs[method](...given);
  });
  const statement = (n) => new TinCan.Statement({
    id: TinCan.Utils.getUUID(),
    actor: { mbox: "mailto:browser" + n + "@example.org" },
    verb: { id: "http://adlnet.gov/expapi/verbs/passed" },
    target: { id: "https://example.org/in-browser/tincanjs" },
  });
  const one = statement(0), many = [1, 2, 3].map(statement);
  await call("saveStatement", one, {});
  await call("saveStatements", many, {});
  const back = await call("retrieveStatement", one.id, {});
  const seen = [];
  let page = await call("queryStatements", { params: { activity: one.target, limit: 3 } });
  for (;;) {
    seen.push(...page.statements.map((each) => each.id));
    if (!page.more) break;
    page = await call("moreStatements", { url: page.more });
  }
  return { sent: [one, ...many].map((each) => each.id), back: back.id, seen };
}
"""

FETCH = """
async ({ endpoint, key, secret }) => {
  const headers = {
    "Authorization": "Basic " + btoa(key + ":" + secret),
    "Content-Type": "application/json",
    "X-Experience-API-Version": "2.0.0",
  };
  const statement = {
    actor: { mbox: "mailto:fetch@example.org" },
    verb: { id: "http://adlnet.gov/expapi/verbs/passed" },
    object: { id: "https://example.org/in-browser/fetch" },
  };
  const sent = await fetch(endpoint + "/statements", { method: "POST", headers, body: JSON.stringify(statement) });
  const [id] = await sent.json();
  const back = await fetch(endpoint + "/statements?statementId=" + id, { headers });
  const refused = await fetch(endpoint + "/statements", { method: "POST", headers, body: "{}" });
  const large = await fetch(endpoint + "/statements", { method: "POST", headers, body: " ".repeat(21e6) });
  const closed = await fetch(endpoint.replace("/xapi", "/api/v1/keys"), { headers }).then(() => "open", () => "closed");
  return {
    id,
    back: (await back.json()).id,
    bound: back.headers.get("X-Experience-API-Consistent-Through"),
    version: back.headers.get("X-Experience-API-Version"),
    modified: back.headers.get("Last-Modified"),
    refused: (await refused.json()).error.where,
    large: (await large.json()).error.code,
    closed,
  };
}
"""


def main(told: dict[str, str]) -> dict[str, Any]:
    with on_a_page() as (page, origin):
        page.goto(origin)
        fetched = page.evaluate(FETCH, told)
        page.add_script_tag(url=f"{origin}/node_modules/tincanjs/build/tincan-min.js")
        return {"tincanjs": page.evaluate(TINCANJS, told), "fetch": fetched}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
