import assert from "node:assert/strict";
import { test } from "node:test";
import { mergePoints, mergeTrials, movesRanks, rankTrials } from "../../../src/osetra/dashboard/page/logic/deltas.js";
import { filterRows, sortRows, tableColumns, toCsv } from "../../../src/osetra/dashboard/page/logic/table.js";
import { xOf } from "../../../src/osetra/dashboard/page/logic/units.js";

const table = () => ({
  version: 3, numbers: [1, 2], state: ["finished", "running"], value: [0.5, null], repeats: [null, null],
  config: { lr: [0.1, 0.2] }, metrics: { loss: { last: [0.5, 0.9], best: [0.4, 0.9] } },
});

test("changed trials are replaced, new ones appended, new names filled", () => {
  const merged = mergeTrials(table(), {
    version: 5, numbers: [2, 3], state: ["finished", "queued"], value: [0.3, null], repeats: [null, null],
    config: { lr: [0.2, 0.3], depth: [null, 4] }, metrics: {},
  });
  assert.deepEqual(merged.numbers, [1, 2, 3]);
  assert.deepEqual(merged.state, ["finished", "finished", "queued"]);
  assert.deepEqual(merged.config.depth, [null, null, 4]);
  assert.deepEqual(merged.metrics.loss.last, [0.5, 0.9, null]);
  assert.equal(merged.version, 5);
  rankTrials(merged, false);
  assert.deepEqual(merged.rank, [2, 1, null]);
});

test("an empty delta changes nothing", () => {
  const before = table();
  assert.equal(mergeTrials(before, { version: 4, numbers: [] }), before);
  assert.equal(mergeTrials(null, before), before);
});

test("points are appended once, and the partner is filled in", () => {
  const doc = { metric: "val", partner: "train", curves: [{ trial: 1, steps: [1, 2], values: [3, 2], partner: [3, null] }] };
  assert.deepEqual(mergePoints(doc, { metric: "val", curves: { 1: { steps: [2, 3], values: [2, 1] } } }), { changed: true, unknown: [] });
  assert.deepEqual(doc.curves[0].steps, [1, 2, 3]);
  assert.equal(mergePoints(doc, { metric: "val", curves: { 1: { steps: [3], values: [1] } } }).changed, false);
  mergePoints(doc, { metric: "train", curves: { 1: { steps: [2, 3], values: [1.5, 0.9] } } });
  assert.deepEqual(doc.curves[0].partner, [3, 1.5, 0.9]);
  assert.deepEqual(mergePoints(doc, { metric: "val", curves: { 9: { steps: [1], values: [1] } } }), { changed: false, unknown: [9] });
});

test("a training that went back replaces what it had reported, and a whole curve replaces all", () => {
  const doc = { metric: "val", partner: null, curves: [{ trial: 1, steps: [1, 2, 3], values: [3, 2, 9], partner: null, times: [5, 6, 7] }] };
  mergePoints(doc, { metric: "val", curves: { 1: { steps: [2], values: [1] } } }, 8);
  assert.deepEqual([doc.curves[0].steps, doc.curves[0].values, doc.curves[0].times], [[1, 2], [3, 1], [5, 8]]);
  mergePoints(doc, { metric: "val", curves: { 1: { steps: [1], values: [4], whole: true } } }, 9);
  assert.deepEqual([doc.curves[0].steps, doc.curves[0].values], [[1], [4]]);
});

test("reports alone move no ranks; an end and a new trial do", () => {
  const delta = (state, value, number = 2) => ({ numbers: [number], state: [state], value: [value] });
  assert.equal(movesRanks(table(), delta("running", null)), false);
  assert.equal(movesRanks(table(), delta("finished", 0.3)), true);
  assert.equal(movesRanks(table(), delta("queued", null, 3)), true);
});

test("rows are filtered and sorted, with the empty last", () => {
  const trials = table();
  const columns = tableColumns(trials, { metric: "loss" });
  const { rows, mistake } = filterRows("lr > 0.15", trials, columns, "loss");
  assert.deepEqual([rows, mistake], [[1], null]);
  assert.equal(filterRows("lrx > 1", trials, columns, "loss").mistake.at, 0);
  const value = columns.find((column) => column.id === "value");
  assert.deepEqual(sortRows([0, 1], value, true), [0, 1]);
  assert.deepEqual(sortRows([1, 0], value, false), [0, 1]);
});

test("what is remembered is merged, filtered by its whole name or its own, and sorted", () => {
  const trials = mergeTrials(table(), {
    version: 5, numbers: [2, 3], state: ["running", "queued"], value: [null, null],
    config: { lr: [0.2, 0.3] }, attrs: { commit: ["abc", "<b>"], "my rows": [7, 5], lr: ["low", null] }, metrics: {},
  });
  const columns = tableColumns(trials, { metric: "loss" });
  const passing = (text) => filterRows(text, trials, columns, "loss").rows;
  assert.deepEqual(passing('attrs.commit = "abc"'), [1]);
  assert.deepEqual(passing("commit = abc"), [1]);
  assert.deepEqual(passing('"my rows" < 6'), [2]);
  assert.deepEqual(passing("attrs.lr = low"), [1]);
  assert.deepEqual(passing("lr > 0.15"), [1, 2], "the shorter name is the hyperparameter's");
  const [rows, commit] = ["attrs.my rows", "attrs.commit"].map((id) => columns.find((column) => column.id === id));
  assert.deepEqual([rows.number, commit.number], [true, false]);
  assert.deepEqual(sortRows([0, 1, 2], rows, false), [2, 1, 0]);
});

test("CSV keeps full precision and starts no formula", () => {
  const columns = [{ id: "a", get: () => 0.1 + 0.2 }, { id: "b", get: () => '=cmd("x")' }];
  assert.equal(toCsv([0], columns), 'a,b\r\n0.30000000000000004,"\'=cmd(""x"")"\r\n');
});

test("curves by wall time and cost", () => {
  const curve = { steps: [1, 2], times: [105, 110] };
  assert.deepEqual(xOf(curve, "time", { started: 100 }), [5, 10]);
  assert.deepEqual(xOf(curve, "cost", { cost: 8, steps: 4 }), [2, 4]);
  assert.deepEqual(xOf({ steps: [1] }, "time", {}), [1]);
});
