// Parts of the trial page: attempts, seeds and folds, the log, checkpoints, and how to do it again.
import { html, useState } from "../lib.js";
import { useApp, useDocument } from "../data/hooks.js";
import { clock, duration, moment, number, oneLine, plural, size } from "../logic/format.js";
import { copyText, Figure, Shape, TrialLink } from "./marks.js";

/** @param {{trial: any, now: number}} props */
export function Attempts({ trial, now }) {
  if (!trial.attempts.length) return null;
  const shape = /** @type {Record<string, string>} */ ({ lost: "failed", interrupted: "paused", rewound: "paused" });
  return html`<section class="sheet"><header><h2>Attempts<small>${trial.attempts.length}</small></h2></header><div class="inside scroll-x" tabIndex="0" role="region" aria-label="Attempts"><table class="plain">
    <thead><tr><th>#</th><th>Began</th><th>Lasted</th><th>Outcome</th><th>Went on from</th><th>Worker</th></tr></thead>
    <tbody>${trial.attempts.map((/** @type {any} */ one, /** @type {number} */ i) => html`<tr key=${i}>
      <td>${one.number ?? i + 1}</td><td class="still" title=${moment(one.started)}>${clock(one.started, now)}</td><td class="still">${duration((one.ended ?? now) - one.started)}</td>
      <td><span class="state"><${Shape} state=${shape[one.outcome] ?? one.outcome ?? "running"} />${one.outcome ?? "running"}</span>${one.reason && html`<div class="muted wrap-any">${oneLine(one.reason, 300)}</div>`}</td>
      <td>${one.from ? html`${one.from.trial !== trial.trial ? html`trial <${TrialLink} trial=${one.from.trial} />, ` : ""}step ${number(one.from.step)}` : html`<span class="muted">the beginning</span>`}</td>
      <td class="muted">${oneLine(one.worker, 60)}</td></tr>`)}</tbody></table></div></section>`;
}

/** @param {{trial: any, study: any}} props */
export function Folds({ trial, study }) {
  const folds = Object.values(trial.curves?.[study.metric] ?? {});
  const seeds = (trial.fresh_seeds ?? []).filter((/** @type {any} */ v) => v != null);
  if (folds.length < 2 && !seeds.length) return null;
  const values = seeds.length ? seeds : folds.map((fold) => { const v = /** @type {any} */ (fold)[1]; return v[v.length - 1]; });
  const numbers = values.filter(Number.isFinite);
  const mean = numbers.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0) / numbers.length;
  const sd = Math.sqrt(numbers.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + (b - mean) ** 2, 0) / Math.max(1, numbers.length - 1));
  return html`<section class="sheet"><header><h2>${seeds.length ? "Fresh seeds" : "Folds"}<small>${values.length}</small></h2></header><div class="inside">
    <p class="folds">${values.map((/** @type {any} */ v, /** @type {number} */ i) => html`<${Figure} key=${i} value=${v} />`)}</p>
    ${numbers.length > 1 && html`<p class="note">mean ${number(mean)}, they lie ${number(sd, 2)} apart (one standard deviation)</p>`}</div></section>`;
}

/** @param {{trial: any}} props */
export function Log({ trial }) {
  const { source } = useApp();
  const [open, set] = useState(false);
  if (source.mode === "embedded" || !trial.attempts.length) return null;
  return html`<section class="sheet"><header><h2>What it printed</h2><button type="button" class="quiet" aria-expanded=${open ? "true" : "false"} onClick=${() => set(!open)}>${open ? "Hide" : "Show the end"}</button></header>
    ${open && html`<div class="inside"><${Tail} trial=${trial.trial} /></div>`}</section>`;
}

/** @param {{trial: number}} props */
function Tail({ trial }) {
  const doc = useDocument(`trials/${trial}/log`);
  if (doc.error) return html`<p class="muted">${doc.error.message}</p>`;
  if (!doc.value) return html`<p class="muted">Reading…</p>`;
  if (!doc.value.text) return html`<p class="muted">Nothing was printed.</p>`;
  return html`${doc.value.truncated && html`<p class="muted">The beginning is left out.</p>`}<pre class="log" tabIndex="0">${doc.value.text}</pre>`;
}

/** @param {{trial: any}} props */
export function Checkpoints({ trial }) {
  const points = trial.checkpoints ?? [];
  if (!points.length) return null;
  return html`<section class="sheet"><header><h2>Checkpoints<small>${points.length}</small></h2></header><div class="inside scroll-x" tabIndex="0" role="region" aria-label="Checkpoints"><table class="plain">
    <thead><tr><th>Step</th><th>Attempt</th><th class="num">Size</th><th>File</th></tr></thead>
    <tbody>${points.slice(-8).reverse().map((/** @type {any} */ one) => html`<tr key=${one.file}><td>${number(one.step)}</td><td>${one.attempt}</td><td class="num">${size(one.bytes)}</td><td class="muted wrap-any" title=${one.file}>${oneLine(one.file, 60)}</td></tr>`)}</tbody></table>
    ${points.length > 8 && html`<p class="muted">and ${plural(points.length - 8, "earlier one")}</p>`}</div></section>`;
}

/** @param {{text: string}} props */
export function Reproduce({ text }) {
  const { say } = useApp();
  if (!text) return null;
  const copy = () => copyText(text).then((done) => say(done ? "copied" : "the browser does not let this page copy"));
  return html`<section class="sheet"><header><h2>Do it again</h2><button type="button" class="quiet" onClick=${copy}>Copy</button></header><div class="inside"><pre class="log" tabIndex="0">${text}</pre></div></section>`;
}
