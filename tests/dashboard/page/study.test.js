import assert from "node:assert/strict";
import { test } from "node:test";
import { StudyData } from "../../../src/osetra/dashboard/page/data/study.js";

const frames = [];
globalThis.requestAnimationFrame = (act) => frames.push(act);
globalThis.cancelAnimationFrame = () => {};

/** Let answers arrive, then draw a frame. */
const moment = async () => {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
  frames.splice(0).forEach((act) => act());
};
const table = (version, numbers, state) => ({ version, numbers, state, value: numbers.map(() => null), config: {}, metrics: {} });

/** A source that answers from a list and whose events the test sends. */
function fake(documents) {
  const source = { mode: "live", asked: [], handlers: null, stopped: 0 };
  source.get = async (path) => {
    source.asked.push(path);
    const found = documents[path];
    if (!found) throw new Error(`no ${path}`);
    return structuredClone(found);
  };
  source.post = async (path, body) => ({ path, body });
  source.listen = (_path, _after, handlers) => {
    source.handlers = handlers;
    return () => (source.stopped += 1);
  };
  return source;
}

const DOCUMENTS = {
  "/api/studies/s": { direction: "minimize" },
  "/api/studies/s/trials": table(3, [1], ["running"]),
  "/api/studies/s/cockpit": { version: 3, recent: [{ time: 1, text: "a" }], running: [] },
};

test("a document is fetched once, however many look at it, and told once a frame", async () => {
  const source = fake(DOCUMENTS);
  const study = new StudyData(source, "s");
  let told = 0;
  study.watch("trials", () => (told += 1));
  study.watch("trials", () => {});
  await moment();
  assert.deepEqual(source.asked, ["/api/studies/s/trials"]);
  study.receive("facts", { version: 4, trials: table(4, [1, 2], ["finished", "running"]) }, "0:4:9");
  study.receive("facts", { version: 5, trials: table(5, [2], ["stopped"]) }, "0:5:9");
  await moment();
  assert.deepEqual(study.entry("trials").value.state, ["finished", "stopped"]);
  assert.equal(told, 2, "once for the document, once for both events");
  assert.equal(study.cursor, "0:5:9");
  study.close();
  assert.equal(source.stopped, 1);
});

test("what cannot be fetched is an error that a reset may mend", async () => {
  const documents = { ...DOCUMENTS };
  delete documents["/api/studies/s/cockpit"];
  const study = new StudyData(fake(documents), "s");
  study.watch("cockpit", () => {});
  await moment();
  assert.match(study.entry("cockpit").error.message, /no .*cockpit/);
  documents["/api/studies/s/cockpit"] = DOCUMENTS["/api/studies/s/cockpit"];
  study.receive("reset", {}, "1:3:0");
  await moment();
  assert.equal(study.entry("cockpit").error, null);
  study.close();
});

test("a lost connection keeps what was known, and so does a store that is away", async () => {
  const source = fake(DOCUMENTS);
  const study = new StudyData(source, "s");
  study.watch("trials", () => {});
  await moment();
  source.handlers.connection("lost");
  assert.equal(study.connection, "lost");
  assert.ok(study.lostAt > 0 && study.entry("trials").value);
  study.receive("gone", { text: "the file is away" }, "");
  assert.equal(study.gone, "the file is away");
  study.receive("back", {}, "");
  assert.equal(study.gone, "");
  assert.equal(study.connection, "open");
  study.close();
});

test("a cockpit without news keeps those of before", async () => {
  const study = new StudyData(fake(DOCUMENTS), "s");
  study.watch("cockpit", () => {});
  await moment();
  study.receive("cockpit", { version: 4, running: [{ trial: 1 }] }, "");
  assert.equal(study.entry("cockpit").value.recent.length, 1);
  study.receive("cockpit", { version: 5, running: [], recent: [{ time: 2, text: "b" }] }, "");
  assert.deepEqual(study.entry("cockpit").value.recent.map((one) => one.text), ["b"]);
  study.close();
});

test("reports alone let nothing be fetched again, new facts do", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 10_000 });
  const source = fake({ ...DOCUMENTS, "/api/studies/s/timeline": { bars: [] } });
  const study = new StudyData(source, "s");
  study.watch("trials", () => {});
  study.watch("timeline", () => {});
  await moment();
  const asked = source.asked.length;
  study.receive("facts", { version: 3, trials: table(3, [1], ["running"]) }, "0:3:9");
  t.mock.timers.tick(10_000);
  assert.equal(source.asked.length, asked);
  study.receive("facts", { version: 4, trials: table(4, [1], ["finished"]) }, "0:4:9");
  t.mock.timers.tick(10_000);
  assert.deepEqual(source.asked.slice(asked), ["/api/studies/s/timeline"]);
  study.close();
});

test("what an event brought stays when the answer that was under way never comes", async () => {
  const documents = { ...DOCUMENTS };
  delete documents["/api/studies/s/cockpit"];
  const study = new StudyData(fake(documents), "s");
  study.watch("cockpit", () => {});
  study.receive("cockpit", { version: 4, running: [] }, "0:4:9");
  await moment();
  const { value, error } = study.entry("cockpit");
  assert.equal(value?.version, 4);
  assert.equal(error, null);
  study.close();
});

test("a trial is fetched at once when it was given an order, and soon when facts tell of it", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 10_000 });
  const source = fake({ ...DOCUMENTS, "/api/studies/s/trials/1": { trial: 1 }, "/api/studies/s/trials/2": { trial: 2 } });
  const study = new StudyData(source, "s");
  for (const name of ["trials", "trials/1", "trials/2"]) study.watch(name, () => {});
  await moment();
  const asked = source.asked.length;
  const since = () => source.asked.slice(asked).map((path) => path.split("/").pop());
  await study.send("orders", { trial: 1, verb: "stop" });
  t.mock.timers.tick(200);
  assert.deepEqual(since(), ["1"]);
  await moment();
  study.receive("facts", { version: 9, trials: table(9, [1], ["finished"]) }, "0:9:9");
  t.mock.timers.tick(600);
  assert.deepEqual(since(), ["1", "1"]);
  t.mock.timers.tick(5000);
  assert.deepEqual(since(), ["1", "1", "2"]);
  study.close();
});

test("advice that comes before anybody looks at the cockpit does not stand in for it", async () => {
  const study = new StudyData(fake(DOCUMENTS), "s");
  study.receive("cockpit", { version: 2, running: [], findings: [] }, "0:2:9");
  study.watch("cockpit", () => {});
  await moment();
  assert.equal(study.entry("cockpit").value.recent.length, 1);
  study.close();
});
