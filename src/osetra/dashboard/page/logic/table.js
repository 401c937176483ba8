// The trials table as pure functions: its columns, the value of a cell, the order of the rows.
import { parseFilter } from "./filter.js";
import { isNumberLike, numeric } from "./format.js";

/** @typedef {import("./deltas.js").Trials} Trials */
/** @typedef {{id: string, label: string, group: string, number: boolean, get: (row: number) => any}} Column */

/** What every study has, in this order. */
const FIXED = [
  ["rank", "Rank", true], ["state", "State", false], ["value", "", true], ["steps", "Steps", true],
  ["seconds", "Time", true], ["cost", "Cost", true], ["started", "Started", true], ["ended", "Ended", true],
  ["origin", "Origin", false], ["by", "By", false], ["attempts", "Attempts", true], ["parent", "Parent", false],
  ["repeats", "Repeats", true], ["reason", "Why it ended", false],
];

/** @param {Trials} trials @param {{metric: string, params?: {name: string}[]}} study @returns {Column[]} */
export function tableColumns(trials, study) {
  /** @type {Column[]} */
  const columns = [{ id: "trial", label: "Trial", group: "trial", number: true, get: (row) => trials.numbers[row] }];
  for (const [id, label, isNumber] of FIXED) {
    const name = String(id);
    if (!Array.isArray(trials[name])) continue;
    columns.push({ id: name, label: String(label || study.metric), group: "trial", number: Boolean(isNumber), get: (row) => trials[name][row] });
  }
  const known = (study.params ?? []).map((param) => param.name);
  const names = [...known.filter((name) => name in trials.config), ...Object.keys(trials.config).filter((name) => !known.includes(name))];
  for (const name of names) {
    const values = trials.config[name];
    columns.push({ id: `config.${name}`, label: name, group: "configuration", number: values.some(isNumberLike), get: (row) => trials.config[name][row] });
  }
  for (const [name, values] of Object.entries(trials.attrs ?? {})) {
    const isNumber = values.every((value) => value == null || isNumberLike(value));
    columns.push({ id: `attrs.${name}`, label: name, group: "attributes", number: isNumber, get: (row) => values[row] });
  }
  for (const name of Object.keys(trials.metrics ?? {})) {
    for (const kind of /** @type {const} */ (["last", "best"])) {
      columns.push({ id: `metric.${name}.${kind}`, label: `${name} ${kind}`, group: "metrics", number: true, get: (row) => trials.metrics[name][kind][row] });
    }
  }
  return columns;
}

/** Names by which a filter may call columns: short where they are unambiguous. @param {Column[]} columns @param {string} metric */
export function filterNames(columns, metric) {
  /** @type {Map<string, Column>} */
  const names = new Map(columns.map((column) => [column.id, column]));
  for (const column of columns) {
    for (const name of [column.id.replace(/^(config|attrs|metric)\./, ""), column.id.replace(/^metric\.(.*)\.last$/, "$1")]) {
      if (!names.has(name)) names.set(name, column);
    }
  }
  const value = columns.find((column) => column.id === "value");
  if (value && metric) names.set(metric, value);
  return names;
}

/**
 * Return the rows that an expression lets through, or what is wrong with it.
 * @param {string} text @param {Trials} trials @param {Column[]} columns @param {string} metric
 */
export function filterRows(text, trials, columns, metric) {
  const names = filterNames(columns, metric);
  const parsed = parseFilter(text, [...names.keys()]);
  const all = trials.numbers.map((_, i) => i);
  if (!parsed.ok) return { rows: all, mistake: parsed };
  const rows = all.filter((row) => parsed.test((name) => names.get(name)?.get(row)));
  return { rows, mistake: null };
}

/** Rows in order; what has no value comes last either way. @param {number[]} rows @param {Column} column @param {boolean} down */
export function sortRows(rows, column, down) {
  const keys = new Map(rows.map((row) => [row, sortKey(column.get(row), column.number)]));
  const sign = down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [keys.get(a), keys.get(b)];
    if (x === null || y === null) return x === y ? a - b : x === null ? 1 : -1;
    if (x === y) return a - b;
    return /** @type {any} */ (x) < /** @type {any} */ (y) ? -sign : sign;
  });
}

/** @param {any} value @param {boolean} isNumber */
function sortKey(value, isNumber) {
  if (value == null || value === "") return null;
  if (!isNumber) return typeof value === "object" ? JSON.stringify(value) : String(value).toLowerCase();
  const x = numeric(value);
  return Number.isNaN(x) ? (typeof value === "string" && value !== "nan" ? value : null) : x;
}

/** The rows as CSV with full precision. @param {number[]} rows @param {Column[]} columns */
export function toCsv(rows, columns) {
  const cell = (/** @type {any} */ value) => {
    const text = value == null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
    // A spreadsheet would run what begins like a formula.
    const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const lines = [columns.map((column) => cell(column.id)), ...rows.map((row) => columns.map((column) => cell(column.get(row))))];
  return `${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}
