// Curves as they are drawn: which lines, how bright, on which axes. Pure: documents in, a picture's plan out.
import { numeric } from "../logic/format.js";
import { smooth } from "../logic/decimate.js";
import { robustRange, wantsLog } from "../logic/scales.js";
import { xOf } from "../logic/units.js";

/** @typedef {"running"|"chosen"|"top"|"faded"} Weight */
/** @typedef {{trial: number, name: string, state: string, weight: Weight, x: number[], y: number[], partner: {x: number[], y: number[]}|null,
 *   end: any, rank: number|null}} Line */
/** @typedef {{lines: Line[], band: {x: number[], low: number[], high: number[], n: number}|null, rungs: any[], log: boolean,
 *   x: [number, number], y: [number, number], clipped: number, sign: number}} Plan */

/**
 * @param {any} doc the curves document @param {any} trials the trials table, or nothing
 * @param {{by: import("../logic/units.js").By, log: string, smoothing: number, chosen: number[], top: number, train?: boolean}} how
 * @returns {Plan}
 */
export function planCurves(doc, trials, how) {
  const rows = new Map((trials?.numbers ?? []).map((/** @type {number} */ number, /** @type {number} */ i) => [number, i]));
  const chosen = new Set(how.chosen);
  let best = 0;
  const lines = doc.curves.filter((/** @type {any} */ curve) => curve.steps.length).map((/** @type {any} */ curve) => {
    const row = rows.get(curve.trial);
    const state = trials?.state?.[row] ?? curve.state;
    const about = row === undefined ? {} : { started: trials.started?.[row], cost: trials.cost?.[row], steps: trials.steps?.[row] };
    const x = xOf(curve, how.by, about);
    const y = curve.values.map(numeric);
    const weight = state === "running" ? "running" : chosen.has(curve.trial) ? "chosen" : (best += 1) <= how.top ? "top" : "faded";
    return { trial: curve.trial, name: curve.name ?? String(curve.trial), state, weight, x, y: smooth(y, how.smoothing), partner: partnerOf(curve, x, how), end: curve.end, rank: trials?.rank?.[row] ?? null };
  });
  const band = how.by === "step" && doc.band?.steps.length ? { x: doc.band.steps, low: doc.band.low.map(numeric), high: doc.band.high.map(numeric), n: doc.band.n } : null;
  return { lines, band, rungs: how.by === "step" ? doc.rungs ?? [] : [], sign: doc.sign ?? 1, ...axes(lines, band, how.log, doc.sign ?? 1) };
}

/** @param {any} curve @param {number[]} x @param {{by: string, smoothing: number}} how */
function partnerOf(curve, x, how) {
  if (!curve.partner?.length) return null;
  const y = smooth(curve.partner.map((/** @type {any} */ v) => (v == null ? NaN : numeric(v))), how.smoothing);
  if (!curve.partner_steps) return { x: x.slice(0, y.length), y };
  if (how.by === "step") return { x: curve.partner_steps, y };
  const [first, last] = [curve.steps[0], curve.steps[curve.steps.length - 1]];
  const share = (/** @type {number} */ step) => (last > first ? (step - first) / (last - first) : 0);
  return { x: curve.partner_steps.map((/** @type {number} */ s) => x[0] + share(s) * (x[x.length - 1] - x[0])), y };
}

/**
 * The axes: made for the lines; a band that reaches beyond is cut, and so is what blew up far above where the others began,
 * unless somebody chose it. @param {Line[]} lines @param {any} band @param {string} wanted @param {number} sign 1 where less is better
 */
function axes(lines, band, wanted, sign) {
  /** @type {number[]} */
  const values = [];
  const highest = sign > 0 ? ceiling(lines) : Infinity;
  for (const line of lines) {
    for (const y of line.y) if (y <= highest || line.weight === "chosen") values.push(y);
    if (line.partner && (line.weight === "running" || line.weight === "chosen")) for (const y of line.partner.y) values.push(y);
  }
  if (!lines.length && band) values.push(...band.low, ...band.high);
  const finite = values.filter(Number.isFinite);
  const possible = finite.some((v) => v > 0);
  const log = possible && (wanted === "1" || (wanted !== "0" && wantsLog(finite)));
  const { low, high, clipped: beyond } = robustRange(finite, log);
  const clipped = beyond + (highest < Infinity ? lines.reduce((sum, line) => sum + (line.weight === "chosen" ? 0 : line.y.filter((y) => y > highest && y !== Infinity).length), 0) : 0);
  let [from, to] = [Infinity, -Infinity];
  for (const line of lines) [from, to] = [Math.min(from, line.x[0]), Math.max(to, line.x[line.x.length - 1])];
  if (band) to = Math.max(to, band.x[band.x.length - 1]);
  if (!(to > from)) [from, to] = Number.isFinite(from) ? [from - 0.5, from + 0.5] : [0, 1];
  return { log, clipped, x: /** @type {[number, number]} */ ([from, to + (to - from) * 0.004]), y: /** @type {[number, number]} */ ([low, high]) };
}

/**
 * The value above which a training has left the picture: twice the highest usual start of a descent. A start that is
 * 30 times the median one is a training that blew up at once. @param {Line[]} lines
 */
function ceiling(lines) {
  const starts = lines.map((line) => line.y.find(Number.isFinite)).filter((y) => y !== undefined).sort((a, b) => a - b);
  if (starts.length < 3 || starts[0] <= 0) return Infinity;
  const median = starts[Math.floor((starts.length - 1) / 2)];
  return 2 * /** @type {number} */ (starts.filter((y) => y <= 30 * median).pop());
}

/**
 * The line nearest to a place, within reach. @param {Plan} plan @param {(x: number) => number} px @param {(y: number) => number} py
 * @param {number} x pixels @param {number} y pixels @param {(px: number) => number} back pixels to values
 * @returns {{line: Line, at: number}|null}
 */
export function nearestLine(plan, px, py, x, y, back, reach = 28) {
  let found = null;
  let least = reach;
  const want = back(x);
  for (const line of plan.lines) {
    const i = nearestIndex(line.x, want);
    for (let at = Math.max(0, i - 1); at <= Math.min(line.x.length - 1, i + 1); at += 1) {
      if (!Number.isFinite(line.y[at])) continue;
      let far = Math.hypot(px(line.x[at]) - x, py(line.y[at]) - y);
      if (at > 0 && Number.isFinite(line.y[at - 1])) {
        far = Math.min(far, segment(x, y, px(line.x[at - 1]), py(line.y[at - 1]), px(line.x[at]), py(line.y[at])));
      }
      // What is drawn above is what a person points at.
      const favour = line.weight === "running" || line.weight === "chosen" ? 0.7 : line.weight === "top" ? 0.85 : 1;
      if (far * favour < least) [found, least] = [{ line, at }, far * favour];
    }
  }
  return found;
}

/** @param {number[]} xs ascending @param {number} x */
export function nearestIndex(xs, x) {
  let [low, high] = [0, xs.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low > 0 && Math.abs(xs[low - 1] - x) < Math.abs(xs[low] - x) ? low - 1 : low;
}

/** @param {number} x @param {number} y @param {number} ax @param {number} ay @param {number} bx @param {number} by */
function segment(x, y, ax, ay, bx, by) {
  const size = (bx - ax) ** 2 + (by - ay) ** 2;
  const t = size ? Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / size)) : 0;
  return Math.hypot(ax + t * (bx - ax) - x, ay + t * (by - ay) - y);
}
