// Numbers, times and durations as people read them; the full precision is kept for copying.

/** Numbers as the documents hold them: JSON has no NaN, so it comes as a word. @param {any} value @returns {number} */
export function numeric(value) {
  if (typeof value === "number") return value;
  if (value === "inf") return Infinity;
  if (value === "-inf") return -Infinity;
  return NaN;
}

/** @param {any} value */
export function isNumberLike(value) {
  return typeof value === "number" || value === "nan" || value === "inf" || value === "-inf";
}

/**
 * Return a number with its meaningful digits: 0.07312 → "0.07312", 123456 → "123,456", 1.2e-7 → "1.2e-7".
 * @param {any} value @param {number} digits
 */
export function number(value, digits = 4) {
  if (value == null) return "–";
  const x = numeric(value);
  if (Number.isNaN(x)) return value === "nan" || typeof value === "number" ? "nan" : String(value);
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (Number.isInteger(x) && size < 1e6) return minus(grouped(x));
  if (size >= 1e6 || size < 1e-4) return minus(short(x.toExponential(digits - 1)));
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(Number(size.toPrecision(digits)))));
  const text = x.toFixed(Math.min(places, 12));
  if (!text.includes(".")) return minus(grouped(Number(text)));
  // Zeros at the end say how far a rounded number is known; an exact one needs none.
  return minus(Number(text) === x ? text.replace(/0+$/, "").replace(/\.$/, "") : text);
}

/** A configuration's value: what a person would type, without zeros at the end. @param {any} value @returns {string} */
export function setting(value) {
  if (value === undefined || value === null) return "–";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (Array.isArray(value)) return `(${value.map(setting).join(", ")})`;
  if (!isNumberLike(value)) return String(value);
  const text = belowOne(numeric(value)) || number(value);
  return /^[^e,]*\.[^e]*$/.test(text) ? text.replace(/\.?0+$/, "") : text;
}

/**
 * A number so close to 1 that its distance from it needs more places: a momentum of 0.99995 is not 1, and averages ten
 * times more steps than one of 0.9995. @param {number} x
 */
function belowOne(x) {
  const missing = 1 - Math.abs(x);
  if (!(missing > 1e-12 && missing < 0.001)) return "";
  return minus(x.toFixed(1 - Math.floor(Math.log10(missing))));
}

/** A value as it may stand in a field: five digits, close to 1 more; what nobody types over stays as exact as it is. @param {any} value */
export function typable(value) {
  if (typeof value !== "number" || String(value).length <= 8) return exact(value);
  const missing = 1 - Math.abs(value);
  const more = missing > 1e-12 && missing < 0.1 ? -Math.ceil(Math.log10(missing)) : 0;
  return String(Number(value.toPrecision(5 + more)));
}

/** The value to the last digit, for copying and titles. @param {any} value */
export function exact(value) {
  if (value == null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Formatters are dear to make: each is made once, when it is needed. @template T @param {() => T} make @returns {() => T} */
function once(make) {
  /** @type {T|undefined} */
  let made;
  return () => (made ??= make());
}

const groups = once(() => new Intl.NumberFormat("en-US"));
const times = once(() => new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }));
const days = once(() => new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" }));
const moments = once(() => new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "long" }));

/** @param {number} x */
function grouped(x) {
  return Math.abs(x) < 10000 ? String(x) : groups().format(x);
}

/** @param {string} text */
function minus(text) {
  return text.replace(/^-/, "−");
}

/** 1.500e-7 → 1.5e-7 @param {string} text */
function short(text) {
  return text.replace(/\.?0+e/, "e").replace("e+", "e");
}

/** @param {any} share 0 … 1 @param {number} digits */
export function percent(share, digits = 0) {
  return share == null || Number.isNaN(numeric(share)) ? "–" : `${(100 * share).toFixed(digits)} %`;
}

/** Seconds as "42 s", "3 min 10 s", "2 h 5 min", "3 d 4 h". @param {any} seconds */
export function duration(seconds) {
  const s = numeric(seconds);
  if (seconds == null || !Number.isFinite(s)) return "–";
  if (s < 0.0005) return "0 s";
  if (s < 1) return `${number(Math.max(s, 0.001) * 1000, 2)} ms`;
  if (s < 9.95) return `${number(s, 2)} s`;
  const whole = Math.round(s);
  if (whole < 60) return `${whole} s`;
  return parts(whole, [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]);
}

/** @param {number} whole @param {[string, number][]} units */
function parts(whole, units) {
  const first = units.findIndex(([, size]) => whole >= size);
  const [unit, size] = units[first];
  const text = `${Math.floor(whole / size)} ${unit}`;
  const rest = units[first + 1];
  const left = rest ? Math.floor((whole % size) / rest[1]) : 0;
  return left ? `${text} ${left} ${rest[0]}` : text;
}

/** "12 s ago" @param {number} then @param {number} now Unix seconds */
export function ago(then, now) {
  const past = now - then;
  return past < 2 ? "just now" : `${duration(past).split(" ").slice(0, 2).join(" ")} ago`;
}

/** The time of day in the viewer's zone, with the day where it is another one. @param {any} seconds @param {number} now */
export function clock(seconds, now = Date.now() / 1000) {
  if (seconds == null) return "–";
  const date = new Date(1000 * seconds);
  const time = times().format(date);
  if (date.toDateString() === new Date(1000 * now).toDateString()) return time;
  return `${days().format(date)} ${time}`;
}

/** The whole moment with its zone, for titles. @param {any} seconds */
export function moment(seconds) {
  if (seconds == null) return "";
  return moments().format(new Date(1000 * seconds));
}

/** @param {number} bytes */
export function size(bytes) {
  if (!Number.isFinite(bytes)) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  let left = bytes;
  while (left >= 1000 && at < units.length - 1) [left, at] = [left / 1000, at + 1];
  return `${number(left, 3)} ${units[at]}`;
}

/** "1 trial", "3 trials" @param {number} count @param {string} word */
export function plural(count, word) {
  return `${number(count)} ${word}${count === 1 ? "" : "s"}`;
}

/** What people wrote as it may stand on a line: no controls, no turned writing, not endless. @param {any} text @param {number} most */
export function oneLine(text, most = 400) {
  const clean = String(text ?? "").replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, " ");
  return clean.length > most ? `${clean.slice(0, most - 1)}…` : clean;
}

/** A line of words to read, where a number keeps its unit beside it: 4.2 s, 20 %. @param {any} text @param {number} most */
export function prose(text, most = 400) {
  return oneLine(text, most).replace(/(\d) (?=(?:%|ms|s|min|h|d|kB|MB|GB)(?:[^\w]|$))/g, "$1\u00a0");
}

/**
 * A hyperparameter's or a metric's name where there is little room: what distinguishes such names often stands at their ends,
 * so it is the middle that is left out. @param {any} name @param {number} most
 */
export function nameText(name, most = 40) {
  const letters = Array.from(oneLine(name, 5000));
  if (letters.length <= most) return letters.join("");
  const tail = Math.floor((most - 1) / 2);
  return `${letters.slice(0, most - 1 - tail).join("")}…${letters.slice(-tail).join("")}`;
}
