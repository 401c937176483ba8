// The cost curves of the cockpit: metric, axes, smoothing; whatever is chosen is in the address.
import { html } from "../lib.js";
import { useApp, useDocument, useQuery } from "../data/hooks.js";
import { nameText, number, oneLine } from "../logic/format.js";
import { parseNumbers } from "../logic/route.js";
import { trialColour } from "../logic/palette.js";
import { Curves } from "./curves.js";
import { FrontPanel } from "./front.js";
import { HistoryPanel } from "./history.js";
import { Segments } from "./segments.js";
import { Shape } from "./marks.js";
import { Ready } from "./states.js";

/** Lines that the list names at most. */
const MOST = 40;

/** @param {{study: any, changed: string[]}} props */
export function CurvesPanel({ study, changed }) {
  const [query, set] = useQuery();
  const metric = query.m ?? study.metric;
  const name = curvesPath(metric, "auto");
  const doc = useDocument(name);
  const trials = useDocument("trials").value;
  const chosen = parseNumbers(query.sel);
  const shown = doc.value?.curves.map((/** @type {any} */ one) => one.trial) ?? [];
  const missing = chosen.filter((trial) => !shown.includes(trial)).slice(0, 20);
  const extra = useDocument(missing.length ? curvesPath(metric, missing.join(",")) : "").value;
  const silent = metric === study.metric && doc.value && trials && isSilent(doc.value, trials);
  if (silent) return html`<${Results} study=${study} />`;
  const how = { by: /** @type {any} */ (query.x ?? "step"), log: query.log ?? "auto", smoothing: Number(query.ema ?? 0), chosen, top: 10, train: query.train !== "0" };
  const pick = (/** @type {number} */ trial) => {
    const next = chosen.includes(trial) ? chosen.filter((one) => one !== trial) : [...chosen, trial];
    set({ sel: next.join(",") });
  };
  return html`<section class="sheet curves-sheet"><header><h2>Cost curves</h2><${Controls} study=${study} query=${query} set=${set} partner=${doc.value?.partner} /></header>
    <div class="inside"><${Ready} doc=${doc} name=${name} what="curves">${(/** @type {any} */ value) => {
      const all = extra ? { ...value, curves: [...value.curves, ...extra.curves] } : value;
      return html`<${Curves} doc=${all} trials=${trials} how=${how} pick=${pick} changed=${changed} />
        <${Legend} doc=${all} trials=${trials} metric=${study.metric} chosen=${chosen} pick=${pick} />`;
    }}<//></div></section>`;
}

/** Whether there are results and no curve of them, nor one that is yet to come. @param {any} doc @param {any} trials */
function isSilent(doc, trials) {
  const told = doc.curves.some((/** @type {any} */ one) => one.steps.length);
  const coming = !doc.curves.length && trials.steps?.some((/** @type {any} */ n) => n > 0);
  return !told && !coming && trials.value.some((/** @type {any} */ one) => one != null);
}

/** What stands in for curves where trainings report nothing on their way, such as a function that returns its value. @param {{study: any}} props */
function Results({ study }) {
  const name = study.objectives?.length > 1 ? "front" : "history";
  const Panel = name === "front" ? FrontPanel : HistoryPanel;
  const doc = useDocument(name);
  return html`<${Ready} doc=${doc} name=${name} what=${name}>${(/** @type {any} */ value) => html`<div class="stack"><${Panel} doc=${value} study=${study} /></div>`}<//>`;
}

/** @param {string} metric @param {string} trials */
export function curvesPath(metric, trials) {
  return `curves?${new URLSearchParams({ metric, trials, points: "400" })}`;
}

/** @param {{study: any, query: any, set: any, partner: string|null}} props */
export function Controls({ study, query, set, partner }) {
  const metrics = [...new Set([study.metric, ...(study.metrics ?? [])])];
  return html`${metrics.length > 1 && html`<label><span class="unseen">Metric</span><select value=${query.m ?? study.metric} onChange=${(/** @type {any} */ e) => set({ m: e.target.value === study.metric ? null : e.target.value })}>
      ${metrics.map((/** @type {string} */ name) => html`<option key=${name} value=${name}>${nameText(name, 40)}</option>`)}</select></label>`}
    <${Segments} label="Across" value=${query.x ?? "step"} options=${[["step", "Step"], ["time", "Time"], ["cost", "Cost"]]} onChoose=${(/** @type {string} */ v) => set({ x: v === "step" ? null : v })} />
    <${Segments} label="Up" value=${query.log ?? "auto"} options=${[["auto", "Auto", "logarithmic where the values ask for it"], ["0", "Linear"], ["1", "Log"]]} onChoose=${(/** @type {string} */ v) => set({ log: v === "auto" ? null : v })} />
    ${partner && html`<label class="check"><input type="checkbox" checked=${query.train !== "0"} onChange=${(/** @type {any} */ e) => set({ train: e.target.checked ? null : "0" })} /> <span class="dash" aria-hidden="true" /> ${nameText(partner, 30)}</label>`}
    <label class="smoothing"><span>Smooth</span><input type="range" min="0" max="0.98" step="0.02" value=${query.ema ?? 0} aria-label="Smoothing" onInput=${(/** @type {any} */ e) => set({ ema: e.target.value === "0" ? null : e.target.value })} /></label>`;
}

/** The same in words: which lines there are, and what is behind them. @param {{doc: any, trials: any, metric: string, chosen: number[], pick: (trial: number) => void}} props */
function Legend({ doc, trials, metric, chosen, pick }) {
  const { dark } = useApp();
  const rows = new Map((trials?.numbers ?? []).map((/** @type {number} */ n, /** @type {number} */ i) => [n, i]));
  const state = (/** @type {any} */ curve) => trials?.state?.[rows.get(curve.trial)] ?? curve.state;
  // What a trial is worth stands everywhere; of one that runs, and of other metrics, what was reported last.
  const worth = (/** @type {any} */ curve) => (doc.metric === metric && state(curve) !== "running" && trials?.value?.[rows.get(curve.trial)]) || curve.values[curve.values.length - 1];
  const lines = [...doc.curves].sort((a, b) => Number(state(b) === "running") - Number(state(a) === "running")).filter((curve, i) => i < MOST || chosen.includes(curve.trial));
  return html`<ul class="legend" aria-label="Lines; choose some to compare them">${lines.map((curve) => html`<li key=${curve.trial}>
      <button type="button" aria-pressed=${chosen.includes(curve.trial) ? "true" : "false"} onClick=${() => pick(curve.trial)} title=${oneLine(curve.end?.text ?? "", 300)}>
        <i class="dot" style=${{ background: trialColour(curve.trial, dark) }} />${curve.trial}<${Shape} state=${state(curve)} /><span class="unseen">${state(curve)}</span>
        <span class="muted">${number(worth(curve), 3)}</span></button></li>`)}
    ${doc.curves.length > lines.length && html`<li class="muted">and ${number(doc.curves.length - lines.length)} more</li>`}
    ${doc.band?.n && html`<li class="muted band-key"><i />10–90 % of ${number(doc.band.n)} others</li>`}
    ${doc.rungs?.length > 0 && html`<li class="muted rung-key"><i />rungs, with their cuts</li>`}</ul>`;
}
