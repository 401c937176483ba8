// Scales: monotone maps between a range and the unit interval, with ticks at round places.

/** @typedef {"linear"|"log"|"one_minus_log"|"logit"} Kind */
/** @typedef {{kind: Kind, low: number, high: number}} Range */

/** Values that axes are chosen by. */
const SAMPLE = 1000;
/** So many times apart, most values want a log axis. */
const SPREAD = 10;

const NAMES = /** @type {Record<string, Kind>} */ ({
  linear: "linear", log: "log", one_minus_log: "one_minus_log", "reverse_log(1-x)": "one_minus_log",
  reverse_log: "one_minus_log", logit: "logit",
});

/** @param {any} name @returns {Kind} */
export function kindOf(name) {
  return NAMES[String(name)] ?? "linear";
}

/** @param {number} x @param {Kind} kind */
export function stretch(x, kind) {
  if (kind === "log") return Math.log(x);
  if (kind === "one_minus_log") return -Math.log1p(-x);
  if (kind === "logit") return Math.log(x) - Math.log1p(-x);
  return x;
}

/** @param {number} y @param {Kind} kind */
export function shrink(y, kind) {
  if (kind === "log") return Math.exp(y);
  if (kind === "one_minus_log") return -Math.expm1(-y);
  if (kind === "logit") return 1 / (1 + Math.exp(-y));
  return y;
}

/** Return a range on which a scale is possible: one too narrow or out of its bounds is linear.
 * @param {Kind} kind @param {number} low @param {number} high @returns {Range} */
export function range(kind, low, high) {
  const [a, b] = [stretch(low, kind), stretch(high, kind)];
  if (Number.isFinite(a) && Number.isFinite(b) && b > a) return { kind, low, high };
  if (kind !== "linear") return range("linear", low, high);
  const [from, to] = Number.isFinite(low) && Number.isFinite(high) ? [low, high] : [0, 1];
  const pad = Math.abs(from) * 0.05 || 0.5;
  return to > from ? { kind, low: from, high: to } : { kind, low: from - pad, high: from + pad };
}

/** @param {Range} scale @param {number} x @returns {number} 0 … 1 within the range */
export function toUnit(scale, x) {
  const [a, b] = [stretch(scale.low, scale.kind), stretch(scale.high, scale.kind)];
  const span = b - a;
  // Ends such as ±1e308 lie further apart than a number can say.
  if (!Number.isFinite(span)) return x / 2 / (scale.high / 2 - scale.low / 2) - scale.low / 2 / (scale.high / 2 - scale.low / 2);
  return (stretch(x, scale.kind) - a) / span;
}

/** @param {Range} scale @param {number} unit */
export function fromUnit(scale, unit) {
  if (unit <= 0) return scale.low;
  if (unit >= 1) return scale.high;
  const [a, b] = [stretch(scale.low, scale.kind), stretch(scale.high, scale.kind)];
  const y = Number.isFinite(b - a) ? a + unit * (b - a) : a * (1 - unit) + b * unit;
  return Math.min(scale.high, Math.max(scale.low, shrink(y, scale.kind)));
}

/**
 * Return round places of a range, about as many as wanted.
 * @param {Range} scale @param {number} count @returns {number[]}
 */
export function ticks(scale, count = 5) {
  if (scale.kind === "log") return logTicks(scale.low, scale.high, count);
  if (scale.kind === "one_minus_log") {
    return logTicks(1 - scale.high, 1 - scale.low, count).map((x) => Number((1 - x).toPrecision(12))).reverse();
  }
  if (scale.kind === "logit") return logitTicks(scale.low, scale.high, count);
  return linearTicks(scale.low, scale.high, count);
}

/**
 * Round places of a span of seconds, in the unit that people would use, with their words.
 * @param {number} low @param {number} high @param {number} count @returns {{at: number, text: string}[]}
 */
export function timeTicks(low, high, count) {
  const span = high - low;
  const [unit, name] = /** @type {[number, string][]} */ ([[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]]).find(([size]) => span >= 2 * size) ?? [1, "s"];
  return linearTicks(low / unit, high / unit, count).map((x) => ({ at: x * unit, text: `${Number(x.toPrecision(6))} ${name}` }));
}

/** @param {number} low @param {number} high @param {number} count */
function linearTicks(low, high, count) {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return [low, high];
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999) ?? 10 * power;
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9 && found.length < 100; i += 1) {
    found.push(Number((i * step).toPrecision(12)));
  }
  return found;
}

/** @param {number} low @param {number} high @param {number} count */
function logTicks(low, high, count) {
  const [from, to] = [Math.log10(low), Math.log10(high)];
  const decades = to - from;
  if (decades < 0.7) return linearTicks(low, high, count).filter((x) => x > 0);
  const every = Math.max(1, Math.ceil(decades / count));
  const inside = decades < 2.2 ? [1, 2, 5] : [1];
  const found = [];
  for (let d = Math.floor(from); d <= Math.ceil(to); d += 1) {
    if (d % every) continue;
    for (const m of inside) {
      const x = Number((m * 10 ** d).toPrecision(3));
      if (x >= low * 0.9999 && x <= high * 1.0001) found.push(x);
    }
  }
  return found;
}

/** Powers of ten from both ends, and the middle. @param {number} low @param {number} high @param {number} count */
function logitTicks(low, high, count) {
  const small = Array.from({ length: 12 }, (_, i) => Number(`1e-${12 - i}`));
  const all = [...small, 0.5, ...small.map((x) => Number((1 - x).toPrecision(12))).reverse()].filter((x) => x >= low && x <= high);
  const every = Math.ceil(all.length / Math.max(2, count));
  const found = all.filter((_, i) => i % every === 0);
  return found.length > 1 ? found : linearTicks(low, high, count);
}

/** Values that stand for many: axes are chosen four times a second. @param {number[]} values */
function sampled(values) {
  if (values.length <= SAMPLE) return [...values];
  const every = values.length / SAMPLE;
  return Array.from({ length: SAMPLE }, (_, i) => values[Math.floor(i * every)]);
}

/**
 * Whether values want a log axis: all above 0, and far more apart than their middle half is.
 * @param {number[]} values
 */
export function wantsLog(values) {
  const some = sampled(values).filter(Number.isFinite);
  if (some.length < 3 || some.some((x) => x <= 0)) return false;
  some.sort((a, b) => a - b);
  const at = (/** @type {number} */ q) => some[Math.min(some.length - 1, Math.floor(q * some.length))];
  return at(0.98) / at(0.02) > SPREAD;
}

/**
 * Return the range that shows most values: outliers beyond are clipped, and counted.
 * @param {number[]} values @param {boolean} log @returns {{low: number, high: number, clipped: number}}
 */
export function robustRange(values, log) {
  const valid = values.filter((x) => Number.isFinite(x) && (!log || x > 0));
  const some = sampled(valid).sort((a, b) => a - b);
  if (!some.length) return { low: log ? 0.1 : 0, high: 1, clipped: 0 };
  const to = (/** @type {number} */ x) => (log ? Math.log(x) : x);
  const back = (/** @type {number} */ y) => (log ? Math.exp(y) : y);
  const q = (/** @type {number} */ share) => to(some[Math.round(share * (some.length - 1))]);
  const [p1, p99] = [q(0.01), q(0.99)];
  const room = Math.max((p99 - p1) * 0.5, 1e-12);
  let [least, most] = [some[0], some[0]];
  for (const x of valid) [least, most] = [x < least ? x : least, x > most ? x : most];
  const low = Math.max(to(least), p1 - room);
  const high = Math.min(to(most), p99 + room);
  const pad = (high - low) * 0.04 || Math.abs(high) * 0.05 || 0.5;
  const [from, upto] = [back(low - pad), back(high + pad)];
  const clipped = valid.filter((x) => x < from || x > upto).length;
  if (!Number.isFinite(from) || !Number.isFinite(upto)) return { low: least, high: most, clipped: 0 };
  return { low: from, high: upto, clipped };
}
