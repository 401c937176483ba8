// Parallel coordinates as plain data: axes on their own scales, one line per trial, brushes.
import { nameText, numeric } from "../logic/format.js";
import { robustRange, wantsLog } from "../logic/scales.js";
import { numberAxis, paramAxis } from "./axes.js";

/** @typedef {{name: string, title: string, axis: import("./axes.js").Axis, sign: number, places: Float64Array}} Column */
/** @typedef {{row: number, trial: number, units: number[], share: number}} Strand */

/**
 * @param {any} doc axes @param {any} trials the table @param {number[]} rows that pass the filter @param {string[]} order names, those that were moved
 * @returns {{columns: Column[], strands: Strand[]}}
 */
export function planParallel(doc, trials, rows, order) {
  const columns = doc.axes.map((/** @type {any} */ param) => columnOf(param, trials, rows));
  const place = (/** @type {Column} */ column) => {
    const at = order.indexOf(column.name);
    return at < 0 ? order.length + columns.indexOf(column) : at;
  };
  columns.sort((/** @type {Column} */ a, /** @type {Column} */ b) => place(a) - place(b));
  const objective = doc.axes.find((/** @type {any} */ axis) => axis.kind === "objective");
  const own = columns.find((/** @type {Column} */ column) => column.name === objective?.name);
  const sign = own?.sign ?? 1;
  const valued = rows.filter((row) => !own || !Number.isNaN(own.places[row])).sort((a, b) => sign * ((own?.places[a] ?? 0) - (own?.places[b] ?? 0)));
  // Colours follow ranks, so that one bad value does not make all others look alike.
  const strands = valued.map((row, rank) => ({
    row, trial: trials.numbers[row], units: columns.map((/** @type {Column} */ column) => column.places[row]), share: valued.length > 1 ? rank / (valued.length - 1) : 0,
  }));
  // The best are drawn last, above the others.
  strands.sort((a, b) => b.share - a.share);
  return { columns, strands };
}

/** @param {any} param @param {any} trials @param {number[]} rows @returns {Column} */
function columnOf(param, trials, rows) {
  const axis = param.kind === "objective" ? valueAxis(param, rows.map((row) => numeric(trials.value[row]))) : paramAxis(param, 6);
  const objective = param.kind === "objective";
  const values = objective ? trials.value : trials.config[param.name] ?? [];
  const places = new Float64Array(trials.numbers.length);
  for (let i = 0; i < places.length; i += 1) {
    const there = values[i] != null && (objective || holds(param, trials, i));
    places[i] = there ? axis.unit(axis.levels ? values[i] : numeric(values[i])) : NaN;
  }
  return { name: param.label ?? param.name, title: nameText(param.label ?? param.name), axis, sign: param.sign ?? 1, places };
}

/** Whether a trial has this branch of a name: of several, each has an axis of its own. @param {any} param @param {any} trials @param {number} row */
function holds(param, trials, row) {
  return Object.entries(param.when ?? {}).every(([parent, allowed]) => {
    const mine = trials.config[parent]?.[row];
    return mine != null && /** @type {any[]} */ (allowed).some((one) => String(one) === String(mine));
  });
}

/** The objective's axis, made for the values that are drawn. @param {any} param @param {number[]} values */
function valueAxis(param, values) {
  const log = param.scale === "log" || wantsLog(values);
  const { low, high } = robustRange(values, log);
  return numberAxis([low, high], { log, label: nameText(param.name), count: 6 });
}

/** @param {number} unit */
export function clamp(unit) {
  return Number.isNaN(unit) ? 1 : Math.min(1, Math.max(0, unit));
}

/** "lr:0.2:0.5,depth:0:0.3" → intervals by name @param {string|undefined} text @returns {Map<string, [number, number]>} */
export function parseBrushes(text) {
  const found = new Map();
  for (const part of (text ?? "").split(",")) {
    const [name, low, high] = [part.split(":").slice(0, -2).join(":"), ...part.split(":").slice(-2).map(Number)];
    if (name && Number.isFinite(low) && Number.isFinite(high)) found.set(decodeURIComponent(name), [Math.min(low, high), Math.max(low, high)]);
  }
  return found;
}

/** @param {Map<string, [number, number]>} brushes */
export function formatBrushes(brushes) {
  return [...brushes].map(([name, [low, high]]) => `${encodeURIComponent(name)}:${low.toFixed(3)}:${high.toFixed(3)}`).join(",");
}

/** What is drawn of many strands: the best, and evenly many of the others. @param {Strand[]} strands from the worst to the best or reverse @param {number} most */
export function thinned(strands, most) {
  if (strands.length <= most) return strands;
  const best = Math.floor(most / 3);
  const ranked = [...strands].sort((a, b) => a.share - b.share);
  const rest = ranked.slice(best);
  const every = rest.length / (most - best);
  const picked = new Set([...ranked.slice(0, best), ...Array.from({ length: most - best }, (_, i) => rest[Math.floor(i * every)])]);
  return strands.filter((strand) => picked.has(strand));
}

/**
 * The strands that lie within every brush, and are among the best so many. @param {Strand[]} strands @param {Column[]} columns
 * @param {Map<string, [number, number]>} brushes @param {number} top a share, 1 for all
 */
export function within(strands, columns, brushes, top) {
  const limits = columns.map((column) => brushes.get(column.name));
  const ranked = [...strands].sort((a, b) => a.share - b.share);
  const best = new Set(ranked.slice(0, Math.max(1, Math.ceil(top * ranked.length))));
  return strands.filter((strand) => best.has(strand) && limits.every((limit, i) => {
    if (!limit) return true;
    const unit = strand.units[i];
    return !Number.isNaN(unit) && clamp(unit) >= limit[0] - 1e-9 && clamp(unit) <= limit[1] + 1e-9;
  }));
}
