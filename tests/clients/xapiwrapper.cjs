// adl-xapiwrapper, unchanged: posts and reads back. It knows nothing newer than 1.0.1.
"use strict";

const adl = require("adl-xapiwrapper");
const { endpoint, key, secret } = JSON.parse(process.argv[2]);

const wrapper = new adl.XAPIWrapper({ url: `${endpoint}/`, auth: { user: key, pass: secret } });

const call = (method, ...given) =>
  new Promise((resolve, reject) => {
    wrapper[method](...given, (error, response, body) => {
      if (error) return reject(error);
      if (response.statusCode >= 300) return reject(new Error(`${method}: ${response.statusCode} ${body}`));
      return resolve(body ? JSON.parse(body) : null);
    });
  });

const statement = (n) => ({
  id: adl.ruuid(),
  actor: { name: `Åsa ${n}`, mbox_sha1sum: adl.hash(`mailto:wrapper${n}@example.org`) },
  verb: { id: "http://adlnet.gov/expapi/verbs/passed", display: { en: "passed" } },
  object: { id: "https://example.org/wrapper" },
  result: { success: true },
});

(async () => {
  const works = await new Promise((resolve) => wrapper.testConfig(resolve));
  const one = statement(0);
  const many = [1, 2, 3, 4].map(statement);
  const single = await call("sendStatements", one);
  const again = await call("sendStatements", one); // a retry
  const ids = await call("sendStatements", many);
  const back = await call("getStatements", { statementId: one.id }, null);

  const seen = [];
  let page = await call("getStatements", { activity: "https://example.org/wrapper", limit: 2 }, null);
  for (;;) {
    seen.push(...page.statements.map((each) => each.id));
    if (!page.more) break;
    page = await call("getStatements", null, page.more);
  }
  const byAgent = await call("getStatements", { agent: JSON.stringify(many[1].actor) }, null);

  console.log(
    JSON.stringify({
      works,
      sent: [one, ...many].map((each) => each.id),
      ids: [single, again, ids],
      back: { id: back.id, name: back.actor.name, success: back.result.success },
      seen,
      by_agent: byAgent.statements.map((each) => each.id),
      agent_of: many[1].id,
    }),
  );
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
