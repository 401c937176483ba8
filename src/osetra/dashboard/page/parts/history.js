// History: what every ended trial was worth, and the best so far, by trials, wall time or cost.
import { html } from "../lib.js";
import { useApp, useQuery } from "../data/hooks.js";
import { nameText, number, numeric } from "../logic/format.js";
import { parseNumbers } from "../logic/route.js";
import { trialColour } from "../logic/palette.js";
import { robustRange, wantsLog } from "../logic/scales.js";
import { numberAxis } from "../plots/axes.js";
import { Scatter } from "./scatter.js";
import { Segments } from "./segments.js";
import { Message } from "./states.js";

/** @param {{doc: any, study: any}} props */
export function HistoryPanel({ doc, study }) {
  const { dark } = useApp();
  const [query, set] = useQuery();
  if (!doc.trials.length) return html`<${Message} title="No trial has ended yet"><p>The best so far is drawn here from the first result on.</p><//>`;
  const by = query.hx ?? "trials";
  const xs = historyX(doc, by);
  const values = doc.value.map((/** @type {any} */ v) => (v == null ? NaN : numeric(v)));
  const finite = values.filter(Number.isFinite);
  const log = query.log === "1" || (query.log !== "0" && wantsLog(finite));
  const { low, high } = robustRange([...finite, ...doc.best.filter((/** @type {any} */ v) => typeof v === "number")], log);
  const x = numberAxis(xs, { label: { trials: "ended trials", time: "wall time", cost: "cost in full trainings" }[by] ?? by, time: by === "time", count: 8, zero: true });
  const y = numberAxis([low, high], { log, label: nameText(study.metric) });
  const points = doc.trials.map((/** @type {number} */ trial, /** @type {number} */ i) => ({
    x: x.unit(xs[i]), y: y.unit(values[i]), trial, colour: trialColour(trial, dark), hollow: doc.repeats[i] != null,
    text: `${nameText(study.metric)} ${number(doc.value[i])}${doc.repeats[i] != null ? `, trial ${doc.repeats[i]} with a fresh seed` : ""}`,
  }));
  return html`<section class="sheet"><header><h2>Best so far<small>${nameText(study.metric, 40)}</small></h2>
      <${Segments} label="Across" value=${by} options=${[["trials", "Trials"], ["time", "Time"], ["cost", "Cost"]]} onChoose=${(/** @type {string} */ v) => set({ hx: v === "trials" ? null : v })} />
      <${Segments} label="Up" value=${query.log ?? "auto"} options=${[["auto", "Auto"], ["0", "Linear"], ["1", "Log"]]} onChoose=${(/** @type {string} */ v) => set({ log: v === "auto" ? null : v })} /></header>
    <div class="inside"><${Scatter} height=${400} x=${x} y=${y} points=${points} chosen=${parseNumbers(query.sel)} label=${`${nameText(study.metric)} of ${doc.trials.length} ended trials and the best so far`}
      over=${(/** @type {any} */ paper, /** @type {any} */ frame) => stairs(paper, frame, xs.map((/** @type {number} */ v) => x.unit(v)), doc.best.map((/** @type {any} */ v) => (v == null ? NaN : y.unit(numeric(v)))), paper.ink.ink)} />
      <p class="note">The line is the best of the plain trials so far; hollow points are fresh seeds of an earlier one.</p></div></section>`;
}

/** @param {any} doc @param {string} by @returns {number[]} */
export function historyX(doc, by) {
  if (by === "time") {
    const begin = doc.opened ?? doc.time[0];
    return doc.time.map((/** @type {number} */ t) => Math.max(0, t - begin));
  }
  return by === "cost" ? doc.cost : doc.trials.map((/** @type {any} */ _, /** @type {number} */ i) => i + 1);
}

/** A step line: what was best stays best until something is better. @param {any} paper @param {any} frame @param {number[]} xs @param {number[]} ys @param {string} colour */
export function stairs({ ctx }, { px, py }, xs, ys, colour) {
  ctx.beginPath();
  let before = NaN;
  xs.forEach((x, i) => {
    if (!Number.isFinite(ys[i])) return;
    const y = Math.min(1.02, Math.max(-0.02, ys[i]));
    if (Number.isNaN(before)) ctx.moveTo(px(x), py(y));
    else {
      ctx.lineTo(px(x), py(before));
      ctx.lineTo(px(x), py(y));
    }
    before = y;
  });
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.8;
  ctx.stroke();
}
