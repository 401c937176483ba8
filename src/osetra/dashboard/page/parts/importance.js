// Importance: the share of each hyperparameter in what makes trials differ, and how sure that is.
import { html } from "../lib.js";
import { nameText, number, oneLine, percent } from "../logic/format.js";
import { Message } from "./states.js";

/** @param {{doc: any}} props */
export function ImportancePanel({ doc }) {
  if (!doc.rows.some((/** @type {any} */ row) => row.share != null)) return html`<${Message} title="Too early to say"><p>${oneLine(doc.note, 300)}</p><//>`;
  const most = Math.max(0.01, ...doc.rows.map((/** @type {any} */ row) => row.high ?? row.share ?? 0));
  const at = (/** @type {number|null} */ share) => `${Math.min(100, Math.max(0, (100 * (share ?? 0)) / most))}%`;
  return html`<section class="sheet"><header><h2>What matters</h2></header><div class="inside stack">
    <p class="note">${oneLine(doc.note, 300)}</p>
    <ol class="importance">${doc.rows.map((/** @type {any} */ row) => html`<li key=${row.name} class=${row.reliable ? "" : "chance"}>
      <span class="wrap-any" title=${row.name}>${nameText(row.name)}</span>
      <span class="bar-box" role="img" aria-label=${`${percent(row.share)}, from ${percent(row.low)} to ${percent(row.high)}`}>
        <i class="share" style=${{ width: at(row.share) }} />${row.low != null && html`<i class="interval" style=${{ left: at(row.low), width: `calc(${at(row.high)} - ${at(row.low)})` }} />`}</span>
      <b>${row.reliable ? percent(row.share) : "?"}</b><span class="muted">${row.low != null ? `${percent(row.low)} – ${percent(row.high)}` : ""}</span><span class="muted">${number(row.trials)} trials</span></li>`)}</ol>
    ${doc.rows.some((/** @type {any} */ row) => !row.reliable) && html`<p class="note">Grey bars: cannot tell yet.</p>`}</div></section>`;
}
