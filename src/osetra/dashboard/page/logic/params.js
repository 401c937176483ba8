// Hyperparameters in forms: their conditions, what a typed value means, and where it lies on its scale.
import { fromUnit, kindOf, range, toUnit } from "./scales.js";
import { exact, oneLine, setting } from "./format.js";

/** @typedef {{name: string, kind: string, scale?: string, low?: number, high?: number, values?: any[]|null,
 *   default?: any, when?: Record<string, any>|null, belief?: string|null}} Param */

/** Whether a parameter exists with these values. @param {Param} param @param {Record<string, any>} config */
export function isActive(param, config) {
  if (!param.when) return true;
  return Object.entries(param.when).every(([name, wanted]) => {
    const allowed = Array.isArray(wanted) ? wanted : [wanted];
    return allowed.some((value) => String(value) === String(config[name]));
  });
}

/** The values a form begins with. @param {Param[]} params @param {Record<string, any>|null} from */
export function initialValues(params, from) {
  return Object.fromEntries(params.map((param) => [param.name, from?.[param.name] ?? startValue(param)]));
}

/** @param {Param} param */
function startValue(param) {
  if (param.default != null) return param.default;
  if (param.values?.length) return param.values[0];
  const middle = fromUnit(scaleOf(param), 0.5);
  return param.kind === "int" ? Math.round(middle) : middle;
}

/** @param {Param} param */
export function scaleOf(param) {
  return range(kindOf(param.scale), param.low ?? 0, param.high ?? 1);
}

/** @param {Param} param */
export function isNumeric(param) {
  return (param.kind === "float" || param.kind === "int") && param.low != null;
}

/** @param {Param} param @param {any} value @returns {number} 0 … 1000 */
export function toSlider(param, value) {
  const unit = toUnit(scaleOf(param), Number(value));
  return Number.isFinite(unit) ? Math.round(1000 * Math.min(1, Math.max(0, unit))) : 0;
}

/** @param {Param} param @param {number} place 0 … 1000 */
export function fromSlider(param, place) {
  const scale = scaleOf(param);
  const value = fromUnit(scale, place / 1000);
  if (param.kind === "int") return Math.round(value);
  return Math.min(scale.high, Math.max(scale.low, rounded(value, scale.kind)));
}

/** Three digits; close to 1 of the distance from it, on scales on which that is what counts. @param {number} value @param {string} kind */
function rounded(value, kind) {
  const near = value > 0.9 && value < 1 && (kind === "one_minus_log" || kind === "logit");
  return near ? Number((1 - Number((1 - value).toPrecision(2))).toPrecision(12)) : Number(value.toPrecision(3));
}

/**
 * What a typed text means for a parameter, or what is wrong with it.
 * @param {Param} param @param {any} text @returns {{value: any, problem: string, outside?: boolean}}
 */
export function readValue(param, text) {
  if (!isNumeric(param)) {
    const found = (param.values ?? []).find((value) => exact(value) === exact(text));
    if (param.values && found === undefined) return { value: text, problem: `one of ${oneLine(param.values.map((one) => oneLine(setting(one), 40)).join(", "), 300)}` };
    return { value: found ?? text, problem: "" };
  }
  const value = typeof text === "number" ? text : Number(String(text).trim().replace(",", ".") || NaN);
  if (!Number.isFinite(value)) return { value: text, problem: "a number is needed" };
  if (param.kind === "int" && !Number.isInteger(value)) return { value, problem: "a whole number is needed" };
  const [low, high] = [/** @type {number} */ (param.low), /** @type {number} */ (param.high)];
  if (value < low || value > high) return { value, problem: `between ${setting(low)} and ${setting(high)}`, outside: true };
  return { value, problem: "" };
}

/** A trial's values as they are now: orders may have changed what its configuration says. @param {any} trial @returns {Record<string, any>} */
export function inForce(trial) {
  return Object.assign({}, trial.config, ...(trial.lineage ?? []).map((/** @type {any} */ piece) => piece.values));
}

/** What a person calls the range. @param {Param} param */
export function rangeText(param) {
  if (!isNumeric(param)) return (param.values ?? []).map((one) => oneLine(setting(one), 40)).join(" · ");
  const scale = kindOf(param.scale);
  const words = { linear: "", log: ", log scale", one_minus_log: ", log scale of 1 − x", logit: ", logit scale" };
  return `${setting(param.low)} to ${setting(param.high)}${words[scale]}`;
}

/** Where a person thinks that the best lies; nothing where nobody has said so. @param {Param} param @param {number} most */
export function beliefText(param, most = 120) {
  return param.belief ? `believed best: ${oneLine(param.belief, most)}` : "";
}

/** Names whose values differ among configurations. @param {Record<string, any>[]} configs */
export function differences(configs) {
  const names = new Set(configs.flatMap((config) => Object.keys(config)));
  return [...names].filter((name) => new Set(configs.map((config) => exact(config[name]))).size > 1);
}
