// TinCanJS, unchanged: posts and reads back. Speaks in callbacks, or returns when it has none.
"use strict";

const TinCan = require("tincanjs");
const { endpoint, key, secret } = JSON.parse(process.argv[2]);

TinCan.disableDebug();
const lrs = new TinCan.LRS({ endpoint: `${endpoint}/`, username: key, password: secret, allowFail: false });

const call = (method, ...given) =>
  new Promise((resolve, reject) => {
    const last = given.length - 1;
    given[last] = { ...given[last], callback: (err, found) => (err ? reject(new Error(`${method}: ${err} ${found && found.responseText}`)) : resolve(found)) };
    lrs[method](...given);
  });

const statement = (n, verb = "completed") =>
  new TinCan.Statement({
    id: TinCan.Utils.getUUID(),
    actor: { name: `Åsa ${n}`, mbox: `mailto:tincanjs${n}@example.org` },
    verb: { id: `http://adlnet.gov/expapi/verbs/${verb}`, display: { "en-US": verb } },
    target: { id: "https://example.org/tincanjs", definition: { name: { en: "TinCanJS" } } },
    result: { score: { scaled: 0.5 }, duration: "PT1M" },
    context: { registration: "1f6c4b0e-5e3b-4f1a-9d3a-5a9f5f6a7b8c" },
  });

(async () => {
  const about = await call("about", {});
  const one = statement(0);
  await call("saveStatement", one, {});
  await call("saveStatement", one, {}); // a retry
  const many = [1, 2, 3, 4].map((n) => statement(n));
  await call("saveStatements", many, {});
  const back = await call("retrieveStatement", one.id, {});

  const seen = [];
  let page = await call("queryStatements", { params: { activity: new TinCan.Activity({ id: "https://example.org/tincanjs" }), limit: 2 } });
  for (;;) {
    seen.push(...page.statements.map((each) => each.id));
    if (!page.more) break;
    page = await call("moreStatements", { url: page.more });
  }
  const byAgent = await call("queryStatements", { params: { agent: many[1].actor, verb: many[1].verb } });

  const voider = statement(9, "voided");
  voider.verb = new TinCan.Verb({ id: "http://adlnet.gov/expapi/verbs/voided" });
  voider.target = new TinCan.StatementRef({ id: one.id });
  voider.result = null;
  await call("saveStatement", voider, {});
  const voided = await call("retrieveVoidedStatement", one.id, {});

  console.log(
    JSON.stringify({
      versions: about.version,
      sent: [one, ...many].map((each) => each.id),
      back: { id: back.id, name: back.actor.name, stored: back.stored, scaled: back.result.score.scaled },
      seen,
      by_agent: byAgent.statements.map((each) => each.id),
      agent_of: many[1].id,
      voided: voided.id,
    }),
  );
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
