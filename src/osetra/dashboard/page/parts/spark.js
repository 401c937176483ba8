// A curve in the size of a word, on the common scale of the table.
import { html } from "../lib.js";
import { useApp } from "../data/hooks.js";
import { trialColour } from "../logic/palette.js";

const WIDE = 84;
const HIGH = 20;

/** @param {{values: (number|null)[]|null|undefined, trial: number}} props */
export function Spark({ values, trial }) {
  const { dark } = useApp();
  return sparkline(values, trial, dark);
}

/** The same without a component. @param {(number|null)[]|null|undefined} values @param {number} trial @param {boolean} dark */
export function sparkline(values, trial, dark) {
  if (!values?.length) return html`<span class="none">–</span>`;
  return html`<svg class="spark" viewBox=${`0 0 ${WIDE} ${HIGH}`} width=${WIDE} height=${HIGH} aria-hidden="true">
    <path d=${sparkPath(values)} style=${{ stroke: trialColour(trial, dark) }} /></svg>`;
}

/** @param {(number|null)[]} values 0 … 1 */
export function sparkPath(values) {
  let path = "";
  let down = false;
  values.forEach((value, i) => {
    if (value == null || !Number.isFinite(value)) {
      down = false;
      return;
    }
    const x = values.length > 1 ? 2 + (i / (values.length - 1)) * (WIDE - 4) : WIDE / 2;
    const y = HIGH - 2 - value * (HIGH - 4);
    path += `${down ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    if (!down) path += "l.01 0";
    down = true;
  });
  return path;
}
