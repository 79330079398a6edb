// @xapi/xapi, unchanged: posts and reads back, with each of its two ways to speak HTTP.
"use strict";

const XAPI = require("@xapi/xapi").default || require("@xapi/xapi");
const { createHash, randomUUID } = require("node:crypto");
const { endpoint, key, secret, adapter } = JSON.parse(process.argv[2]);

const xapi = new XAPI({ endpoint, auth: XAPI.toBasicAuth(key, secret), version: "1.0.3", adapter });
const activity = `https://example.org/xapi/${adapter}`;

const statement = (n) => ({
  id: randomUUID(),
  actor: { objectType: "Agent", name: `Åsa ${n}`, account: { homePage: "https://example.org", name: `${adapter}-${n}` } },
  verb: XAPI.Verbs.COMPLETED,
  object: { objectType: "Activity", id: activity },
  result: { completion: true, score: { scaled: 0.25 } },
});

(async () => {
  const about = await xapi.getAbout();
  const one = statement(0);
  const many = [1, 2, 3, 4].map(statement);
  const { id: _, ...nameless } = statement(5);
  await xapi.sendStatement({ statement: one });
  await xapi.sendStatement({ statement: one }); // a retry
  const ids = (await xapi.sendStatements({ statements: many })).data;
  const signed = statement(6);
  const file = Buffer.from("Well done, Åsa");
  signed.attachments = [
    {
      usageType: "https://example.org/certificate",
      display: { en: "Certificate" },
      contentType: "text/plain",
      length: file.length,
      sha2: createHash("sha256").update(file).digest("hex"),
    },
  ];
  const buffer = file.buffer.slice(file.byteOffset, file.byteOffset + file.length);
  await xapi.sendStatement({ statement: signed, attachments: [buffer] });
  const attached = await xapi.getStatement({ statementId: signed.id, attachments: true });
  const made = (await xapi.sendStatement({ statement: nameless })).data;
  const back = (await xapi.getStatement({ statementId: one.id })).data;

  const seen = [];
  let page = (await xapi.getStatements({ activity, limit: 2, ascending: true })).data;
  for (;;) {
    seen.push(...page.statements.map((each) => each.id));
    if (!page.more) break;
    page = (await xapi.getMoreStatements({ more: page.more })).data;
  }
  const byAgent = (await xapi.getStatements({ agent: many[1].actor, verb: XAPI.Verbs.COMPLETED.id })).data;
  await xapi.voidStatement({ actor: one.actor, statementId: one.id });
  const voided = (await xapi.getVoidedStatement({ voidedStatementId: one.id })).data;
  const gone = await xapi.getStatement({ statementId: one.id }).then(
    (found) => found.status,
    // The one gives the answer as an object, the other its text as the message.
    (error) => (error.response ? error.response.data : JSON.parse(error.message)).error.code,
  );

  console.log(
    JSON.stringify({
      versions: about.data.version,
      sent: [one.id, ...many.map((each) => each.id), signed.id, ...made],
      ids,
      back: { id: back.id, name: back.actor.name, scaled: back.result.score.scaled },
      seen,
      by_agent: byAgent.statements.map((each) => each.id),
      agent_of: many[1].id,
      voided: voided.id,
      gone,
      attached: attached.data.length ? attached.data.map((part) => (part.id ? part.id : String(part))) : null,
    }),
  );
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
