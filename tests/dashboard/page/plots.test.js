import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestLine, planCurves } from "../../../src/osetra/dashboard/page/plots/lines.js";
import { formatBrushes, parseBrushes, planParallel, thinned, within } from "../../../src/osetra/dashboard/page/plots/parallel.js";
import { embeddedSource } from "../../../src/osetra/dashboard/page/data/embedded.js";

const curve = (trial, values, more = {}) => ({ trial, steps: values.map((_, i) => i + 1), values, partner: null, times: null, state: "finished", end: null, ...more });
const doc = (curves, more = {}) => ({ metric: "val", partner: null, curves, band: null, rungs: [], sign: 1, ...more });
const how = { by: "step", log: "auto", smoothing: 0, chosen: [], top: 10 };

test("running and chosen lines stand out, the rest beyond the top is faded", () => {
  const curves = [curve(1, [3, 2]), curve(2, [4, 3]), curve(3, [5, 4], { state: "running" }), curve(4, [6, 5])];
  const plan = planCurves(doc(curves), null, { ...how, chosen: [4], top: 1 });
  assert.deepEqual(plan.lines.map((line) => line.weight), ["top", "faded", "running", "chosen"]);
});

test("the state of the table is newer than that of the curve", () => {
  const trials = { numbers: [1], state: ["stopped"], rank: [null] };
  assert.equal(planCurves(doc([curve(1, [3, 2], { state: "running" })]), trials, how).lines[0].state, "stopped");
});

test("a band does not stretch the axis, and words for NaN do not break it", () => {
  const band = { steps: [1, 2], low: [0, 0], high: [1e9, 1e9], n: 50 };
  const plan = planCurves(doc([curve(1, [1, "nan", 2, "inf"])], { band }), null, how);
  assert.ok(plan.y[1] < 10);
  assert.ok(Number.isNaN(plan.lines[0].y[1]));
});

test("studies without a single finite value still have axes", () => {
  for (const curves of [[], [curve(1, ["nan", "nan"])], [curve(1, [0])], [curve(1, [1e308, -1e308])]]) {
    const plan = planCurves(doc(curves), null, how);
    assert.ok(plan.x[1] > plan.x[0] && plan.y[1] > plan.y[0], JSON.stringify(plan));
  }
});

test("what blew up far above where others began leaves the picture, unless it was chosen", () => {
  const curves = [curve(1, [2, 0.2]), curve(2, [2.1, 0.3]), curve(3, [1.9, 0.4]), curve(4, [7, 200, 3e4, "nan"], { state: "diverged" })];
  const plan = planCurves(doc(curves), null, how);
  assert.ok(plan.y[1] < 20 && plan.clipped === 2, JSON.stringify([plan.y, plan.clipped]));
  assert.ok(planCurves(doc(curves), null, { ...how, chosen: [4] }).y[1] > 1e4);
  assert.ok(planCurves(doc(curves, { sign: -1 }), null, how).y[1] > 1e4, "where more is better, more is no blow-up");
  assert.ok(planCurves(doc(curves.slice(2)), null, how).y[1] > 1e4, "two are no crowd");
});

test("a partner with steps of its own keeps them", () => {
  const plan = planCurves(doc([curve(1, [3, 2], { partner: [9, 8, 7], partner_steps: [1, 2, 3] })]), null, how);
  assert.deepEqual(plan.lines[0].partner, { x: [1, 2, 3], y: [9, 8, 7] });
});

test("the nearest line is the one below the pointer, and none is far away", () => {
  const plan = planCurves(doc([curve(1, [10, 10]), curve(2, [50, 50])]), null, how);
  const same = (x) => x;
  assert.equal(nearestLine(plan, (x) => x * 100, same, 150, 12, (px) => px / 100).line.trial, 1);
  assert.equal(nearestLine(plan, (x) => x * 100, same, 150, 300, (px) => px / 100), null);
});

const axes = { axes: [{ name: "lr", kind: "float", scale: "log", low: 0.001, high: 1 }, { name: "loss", kind: "objective", scale: "linear", low: 0, high: 1, sign: 1 }] };
const table = { numbers: [1, 2, 3], config: { lr: [0.001, 1, null] }, value: [0.2, 0.1, 0.9] };

test("parallel lines have gaps where a trial lacks a hyperparameter, and the best comes last", () => {
  const { columns, strands } = planParallel(axes, table, [0, 1, 2], ["loss"]);
  assert.deepEqual(columns.map((column) => column.name), ["loss", "lr"]);
  assert.deepEqual(strands.map((strand) => strand.trial), [3, 1, 2]);
  assert.ok(Number.isNaN(strands[0].units[1]));
});

test("each branch of a name has an axis of its own, with the trials that took it", () => {
  const branch = (optimizer, low, high) => ({ name: "lr", label: `lr (${optimizer})`, kind: "float", scale: "log", low, high, when: { optimizer: [optimizer] } });
  const branches = { axes: [branch("sgd", 0.01, 1), branch("adam", 0.001, 0.1), axes.axes[1]] };
  const both = { numbers: [1, 2], config: { lr: [0.05, 0.05], optimizer: ["sgd", "adam"] }, value: [0.2, 0.1] };
  const { columns } = planParallel(branches, both, [0, 1], []);
  assert.deepEqual(columns.slice(0, 2).map((column) => [...column.places].map(Number.isNaN)), [[false, true], [true, false]]);
});

test("brushes keep what lies within, and stand in the address", () => {
  const { columns, strands } = planParallel(axes, table, [0, 1, 2], []);
  const brushes = parseBrushes(formatBrushes(new Map([["lr", [0.9, 1]]])));
  assert.deepEqual(within(strands, columns, brushes, 1).map((strand) => strand.trial), [2]);
  assert.deepEqual(within(strands, columns, new Map(), 0.34).map((strand) => strand.trial).sort(), [1, 2]);
  assert.equal(parseBrushes("nonsense,a:b:c").size, 0);
});

test("of many lines the best and evenly many others are drawn", () => {
  const many = Array.from({ length: 5000 }, (_, i) => ({ row: i, trial: i, units: [], share: i / 5000 }));
  const few = thinned(many, 300);
  assert.ok(few.length <= 300 && few.length > 250);
  assert.ok(few.includes(many[0]) && few.includes(many[99]));
});

test("a file answers for curves of named trials from their own pages", async () => {
  const source = embeddedSource({
    "/api/studies/s/curves?metric=val&trials=auto&points=400": doc([curve(1, [2, 1])]),
    "/api/studies/s/trials/9": { trial: 9, state: "stopped", curves: { val: { 0: [[1, 2], [5, 4]] } } },
  });
  const found = await source.get("/api/studies/s/curves?metric=val&trials=1,9&points=400");
  assert.deepEqual(found.curves.map((one) => [one.trial, one.values]), [[1, [2, 1]], [9, [5, 4]]]);
  await assert.rejects(source.get("/api/studies/s/timeline"), /holds no timeline/);
  await assert.rejects(source.post("/api/studies/s/orders", {}), /without a server/);
});
