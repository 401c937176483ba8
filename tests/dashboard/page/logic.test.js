import assert from "node:assert/strict";
import { test } from "node:test";
import { decimate, smooth } from "../../../src/osetra/dashboard/page/logic/decimate.js";
import { nearest, parseFilter } from "../../../src/osetra/dashboard/page/logic/filter.js";
import { ago, duration, exact, nameText, number, oneLine, percent, prose, setting, size, typable } from "../../../src/osetra/dashboard/page/logic/format.js";
import { differences, fromSlider, inForce, isActive, readValue, toSlider } from "../../../src/osetra/dashboard/page/logic/params.js";
import { formatRoute, parseNumbers, parseRoute } from "../../../src/osetra/dashboard/page/logic/route.js";
import { fromUnit, range, robustRange, ticks, timeTicks, toUnit, wantsLog } from "../../../src/osetra/dashboard/page/logic/scales.js";
import { axisValues, limitsOn, stairsOf } from "../../../src/osetra/dashboard/page/logic/front.js";
import { argsText, goalText, stages, stake, verbsFor } from "../../../src/osetra/dashboard/page/logic/wording.js";

const NAMES = ["lr", "state", "opt.name", "val_loss", "depth"];
const passes = (text, row) => {
  const parsed = parseFilter(text, NAMES);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.test((name) => row[name]);
};

test("a filter compares, joins and negates", () => {
  const row = { lr: 1e-4, state: "finished", "opt.name": "adamw", val_loss: 0.2, depth: 3 };
  assert.ok(passes("", row));
  assert.ok(passes("lr<1e-3 and state=finished", row));
  assert.ok(!passes("lr<1e-3 and state=failed", row));
  assert.ok(passes("lr > 1 or (depth >= 3 and not state = 'failed')", row));
  assert.ok(passes("1e-5 < lr <= 1e-4", row));
  assert.ok(passes("0.001 > lr", row));
  assert.ok(passes("opt.name ~ ADAM", row));
  assert.ok(passes("state in (stopped, finished)", row));
  assert.ok(passes("state not in (failed)", row));
  assert.ok(passes("LR == 1e-4 AND depth != 4", row));
});

test("what has no value passes no comparison", () => {
  assert.ok(!passes("lr < 1", { lr: null }));
  assert.ok(passes("lr = none", { lr: null }));
  assert.ok(!passes("val_loss < 1", { val_loss: "nan" }));
});

for (const [text, at, length, words] of [
  ["lrr < 1", 0, 3, /no lrr here; did you mean lr\?/],
  ["lr << 1", 4, 1, /value is needed after </],
  ["lr < 1 state = x", 7, 5, /and or or is needed before state/],
  ["(lr < 1", 0, 1, /never closed/],
  ["lr < 1)", 6, 1, /never opened/],
  ["lr", 0, 2, /has to be compared/],
  ["lr <", 4, 1, /value is needed/],
  ["state = 'x", 8, 2, /never closed/],
  ["lr < 1 & depth > 2", 7, 1, /means nothing/],
  ["state in finished", 9, 8, /list is needed/],
]) {
  test(`a mistake in “${text}” is shown where it is`, () => {
    const parsed = parseFilter(text, NAMES);
    assert.equal(parsed.ok, false);
    assert.match(parsed.message, words);
    assert.deepEqual([parsed.at, parsed.length], [at, length]);
  });
}

test("the nearest name, or none", () => {
  assert.equal(nearest("vall_los", NAMES), "val_loss");
  assert.equal(nearest("zzzzzz", NAMES), "");
});

test("numbers have four meaningful digits, and copies have all", () => {
  assert.equal(number(0.0731249), "0.07312");
  assert.equal(number(0.0001), "0.0001");
  assert.equal(number(0.099996), "0.1000");
  assert.equal(number(0.1), "0.1");
  assert.equal(number(1.23456e-7), "1.235e-7");
  assert.equal(number(123456), "123,456");
  assert.equal(number(12345.678), "12,346");
  assert.equal(number(1e308), "1e308");
  assert.equal(number(-0.5), "−0.5");
  assert.equal(number("nan"), "nan");
  assert.equal(number("-inf"), "−∞");
  assert.equal(number(null), "–");
  assert.equal(setting(true), "true");
  assert.equal(setting([1, 0.5]), "(1, 0.5)");
  assert.equal(exact(0.1 + 0.2), "0.30000000000000004");
  assert.equal(percent(0.256), "26 %");
});

test("a setting is what a person would type, and what is nearly 1 is not 1", () => {
  assert.deepEqual([0.000168, 0.0124, 0.99995, 0.9877, -0.9995, 1, 100, 1e-20, 123456].map(setting), ["0.000168", "0.0124", "0.99995", "0.9877", "−0.9995", "1", "100", "1e-20", "123,456"]);
  assert.equal(setting(0.00016804), "0.000168");
  assert.equal(setting("1.0"), "1.0");
});

test("a slider on a scale of 1 - x reaches both ends, and never 1", () => {
  for (const scale of ["one_minus_log", "logit"]) {
    const param = { name: "momentum", kind: "float", scale, low: 0.5, high: 0.99995 };
    const values = Array.from({ length: 1001 }, (_, place) => fromSlider(param, place));
    assert.equal(values[0], 0.5);
    assert.equal(values[1000], 0.99995);
    assert.ok(values.every((x, i) => x < 1 && (!i || x >= values[i - 1])));
    assert.equal(readValue(param, values[1000]).problem, "");
  }
  assert.deepEqual(ticks(range("one_minus_log", 0.9, 0.9999999), 8).map(setting), ["0.9", "0.99", "0.999", "0.9999", "0.99999", "0.999999", "0.9999999"]);
  assert.ok(ticks(range("logit", 1e-6, 1e-3), 5).length > 1);
});

test("a field shows what a person would type, and closer to 1 as much as tells it apart", () => {
  assert.deepEqual([0.010894175123, 0.92857364512, 0.9999948123, 64, 0.1, 1e-7, 123456.789].map(typable), ["0.010894", "0.928574", "0.9999948123", "64", "0.1", "1e-7", "123460"]);
  assert.equal(typable("sgd"), "sgd");
  assert.equal(typable(null), "");
});

test("durations and sizes have two units at most", () => {
  assert.deepEqual([0.0123, 4.25, 42, 190, 7500, 273600].map(duration), ["12 ms", "4.3 s", "42 s", "3 min 10 s", "2 h 5 min", "3 d 4 h"]);
  assert.equal(ago(100, 160), "1 min ago");
  assert.equal(ago(100, 101), "just now");
  assert.equal(size(12345678), "12.3 MB");
});

test("texts of people stand on a line, whatever is in them", () => {
  assert.equal(oneLine("a\u202eb\u0000\nc"), "a b c");
  assert.equal(oneLine("x".repeat(1000)).length, 400);
  assert.equal(prose("20 % after 4.2 s, 3 trials, 5 steps"), "20\u00a0% after 4.2\u00a0s, 3 trials, 5 steps");
});

test("a long name keeps both ends, which tell it from its like", () => {
  const name = "model.encoder.layers.11.attention.output.dropout";
  assert.equal(nameText(name), "model.encoder.layers…tion.output.dropout");
  assert.equal(Array.from(nameText("😀".repeat(100), 9)).length, 9);
  assert.equal(nameText("lr"), "lr");
  assert.ok(stake({ verb: "set", args: { ["x".repeat(1000)]: "o".repeat(1000) } }, { trial: 1, state: "running" }).length < 200);
  assert.ok(readValue({ name: "word", kind: "choice", values: Array.from({ length: 100 }, (_, i) => `choice ${i}`) }, "none").problem.length <= 310);
});

test("scales map to the unit interval and back", () => {
  for (const [kind, low, high] of [["linear", -2, 5], ["log", 1e-6, 10], ["one_minus_log", 0.5, 0.9999], ["logit", 0.01, 0.99]]) {
    const scale = range(kind, low, high);
    assert.equal(scale.kind, kind);
    for (const unit of [0, 0.1, 0.5, 0.9, 1]) {
      assert.ok(Math.abs(toUnit(scale, fromUnit(scale, unit)) - unit) < 1e-9);
    }
    const places = ticks(scale, 5);
    assert.ok(places.length >= 2 && places.length <= 12, `${kind}: ${places}`);
    assert.ok(places.every((x, i) => x >= low - 1e-9 && x <= high + 1e-9 && (!i || x > places[i - 1])));
  }
});

test("times have round ticks in the unit that people use", () => {
  assert.deepEqual(timeTicks(0, 7200 * 3, 3).map((tick) => tick.text), ["0 h", "2 h", "4 h", "6 h"]);
  assert.deepEqual(timeTicks(0, 12.5, 5).map((tick) => tick.text), ["0 s", "2.5 s", "5 s", "7.5 s", "10 s", "12.5 s"]);
});

test("a range that a scale cannot hold is linear, and one value has room", () => {
  assert.equal(range("log", 0, 1).kind, "linear");
  const one = range("linear", 3, 3);
  assert.ok(one.low < 3 && one.high > 3);
  const huge = range("linear", -1e308, 1e308);
  assert.equal(toUnit(huge, 0), 0.5);
});

test("an axis is logarithmic where values spread over magnitudes", () => {
  assert.ok(wantsLog([0.001, 0.01, 0.1, 1, 10]));
  assert.ok(!wantsLog([1, 2, 3, 4]));
  assert.ok(!wantsLog([-1, 0.01, 100]));
});

test("outliers are clipped and counted", () => {
  const values = [...Array.from({ length: 300 }, (_, i) => 1 + i / 300), 1e9];
  const { high, clipped } = robustRange(values, false);
  assert.ok(high < 10);
  assert.equal(clipped, 1);
  assert.deepEqual(robustRange([NaN], false), { low: 0, high: 1, clipped: 0 });
});

test("decimation keeps the ends and the extremes", () => {
  const xs = Array.from({ length: 10000 }, (_, i) => i);
  const ys = xs.map((x) => (x === 5000 ? 99 : Math.sin(x / 300)));
  const few = decimate(xs, ys, 200);
  assert.ok(few.xs.length <= 200);
  assert.ok(few.ys.includes(99));
  assert.deepEqual([few.xs[0], few.xs.at(-1)], [0, 9999]);
  assert.equal(decimate([1, 2], [1, 2], 10).xs.length, 2);
  assert.ok(decimate(xs, xs.map(() => NaN), 100).xs.length > 2);
});

test("smoothing starts at the first value", () => {
  assert.equal(smooth([4, 4, 4], 0.9)[0], 4);
  assert.ok(Math.abs(smooth([0, 1], 0.5)[1] - 2 / 3) < 1e-12);
});

test("addresses go there and back", () => {
  const route = { study: "a1b2", view: "trial", arg: "7", query: { sel: "3,7", f: "lr<1e-3 and state=finished" } };
  assert.deepEqual(parseRoute(formatRoute(route)), route);
  assert.equal(parseRoute("").view, "studies");
  assert.equal(parseRoute("#/x/nonsense").view, "cockpit");
  assert.equal(parseRoute("#/compare?studies=a,b").view, "compare");
  assert.equal(parseRoute("#/%E0%A4%A/trials").view, "trials");
  assert.deepEqual(parseNumbers("3,7,x,3,-1"), [3, 7]);
});

test("parameters know when they exist and what a text means", () => {
  const lr = { name: "lr", kind: "float", scale: "log", low: 1e-5, high: 1 };
  assert.equal(readValue(lr, "0,01").value, 0.01);
  assert.match(readValue(lr, "2").problem, /between/);
  assert.match(readValue(lr, "").problem, /number/);
  assert.ok(Math.abs(fromSlider(lr, toSlider(lr, 1e-3)) / 1e-3 - 1) < 0.02);
  const momentum = { name: "momentum", kind: "float", low: 0, high: 1, when: { opt: ["sgd"] } };
  assert.ok(isActive(momentum, { opt: "sgd" }) && !isActive(momentum, { opt: "adam" }));
  assert.match(readValue({ name: "n", kind: "int", low: 1, high: 9 }, "1.5").problem, /whole/);
  assert.deepEqual(differences([{ a: 1, b: 2 }, { a: 1, b: 3, c: 4 }]), ["b", "c"]);
});

test("a confirmation names what is at stake", () => {
  const at = { trial: 7, state: "running", steps: 31, of: 40, seconds: 125 };
  assert.equal(stake({ verb: "stop", args: {} }, at), "stops trial 7 after 31 of 40 steps (2 min 5 s of training); its result so far is kept");
  assert.match(stake({ verb: "rollback", args: { step: 20, lr: 0.1 } }, at), /back to step 20 with lr = 0.1; 11 steps are given up/);
  assert.match(stake({ verb: "scale", args: { lr: 0.3 } }, at), /lr × 0.3/);
  assert.equal(argsText({ a: 1, b: "" }), "a = 1");
});

test("orders come sent, seen, obeyed with their delays", () => {
  const { list, pending } = stages({ asked_at: 10, seen_at: 10.5, obeyed_at: null });
  assert.deepEqual(list.map((s) => [s.name, s.done, s.delay]), [["sent", true, null], ["seen", true, 0.5], ["obeyed", false, null]]);
  assert.ok(pending);
  assert.equal(stages({ asked_at: 1, seen_at: 2, status: "refused" }).list[2].name, "refused");
  const undone = stages({ asked_at: 1, seen_at: 2, obeyed_at: 2, status: "refused", result: "taken back by ada" });
  assert.deepEqual([undone.list.map((s) => s.name), undone.status, undone.pending], [["sent", "taken back"], "undone", false]);
});

test("ended trainings take only a branch and a note", () => {
  const all = ["stop", "pause", "resume", "set", "branch", "note", "promote"];
  assert.deepEqual(verbsFor("finished", all), ["branch", "note"]);
  assert.ok(verbsFor("paused", all).includes("resume") && !verbsFor("paused", all).includes("pause"));
});

test("who is trained to the end by itself is neither extended nor promoted", () => {
  const further = (until, scheduler) => verbsFor("running", ["extend", "promote", "stop"], { until, scheduler });
  assert.deepEqual(further(9, "asha"), ["extend", "promote", "stop"]);
  assert.deepEqual(further(null, "asha"), ["promote", "stop"]);
  assert.deepEqual(further(null, "full"), ["stop"]);
});

test("values in force are those of the latest order", () => {
  assert.deepEqual(inForce({ config: { lr: 0.1, units: 8 } }), { lr: 0.1, units: 8 });
  assert.deepEqual(inForce({ config: { lr: 0.1, units: 8 }, lineage: [{ after: 0, values: { lr: 0.02 } }, { after: 4, values: { lr: 0.01 } }] }), { lr: 0.01, units: 8 });
});

test("a branch says from where it goes on", () => {
  const at = { trial: 3, state: "finished", steps: 9, of: 9 };
  assert.equal(stake({ verb: "branch", args: { lr: 0.1, step: 0 } }, at), "queues a new trial like trial 3 with lr = 0.1, from the beginning");
  assert.equal(stake({ verb: "branch", args: { lr: 0.1, step: 6 } }, at), "queues a new trial like trial 3 with lr = 0.1, from step 6");
});

test("the edge of a front goes along what it dominates, whatever is better", () => {
  const doc = (signs, values) => ({ metrics: ["a", "b"], signs, values, trials: [1, 2, 3], state: ["front", "dominated", "front"], seeds: [1, 1, 1], front: [1, 3], limits: { b: "<= 7" } });
  assert.deepEqual(stairsOf(doc([1, 1], [[1, 9], [5, 9], [4, 2]]), 0, 1), [[1, 9], [4, 9], [4, 2]]);
  assert.deepEqual(stairsOf(doc([1, 1], [[1, 9], [5, 9], [4, 2]]), 1, 0), [[2, 4], [9, 4], [9, 1]]);
  assert.deepEqual(stairsOf(doc([-1, 1], [[1, 2], [0, 9], [4, 9]]), 0, 1), [[1, 2], [1, 9], [4, 9]]);
  assert.deepEqual(limitsOn(doc([1, 1], []), 1), [{ rule: "<= 7", bound: 7 }]);
  assert.deepEqual(limitsOn(doc([1, 1], []), 0), []);
  assert.deepEqual(axisValues(doc([1, 1], [[1, 9], [5, 9], [4, 2]]), 0), { all: [1, 5, 4], front: [1, 4] });
});

test("a goal names every objective by its direction", () => {
  assert.equal(goalText({ metric: "loss", direction: "maximize" }), "maximizes loss");
  const objectives = [{ metric: "a", direction: "minimize" }, { metric: "r", direction: "maximize" }, { metric: "b", direction: "minimize" }];
  assert.equal(goalText({ objectives }), "minimizes a, b and maximizes r");
});
