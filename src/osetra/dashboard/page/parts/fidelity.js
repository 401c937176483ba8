// Fidelity: do early ranks foretell late ones, and how many trials got how far?
import { html } from "../lib.js";
import { number, oneLine } from "../logic/format.js";
import { Message } from "./states.js";

/** @param {{doc: any}} props */
export function FidelityPanel({ doc }) {
  const steps = doc.steps ?? doc.rungs.map((/** @type {any} */ rung) => rung.step);
  if (steps.length < 2) return html`<${Message} title="Nothing to compare yet"><p>${oneLine(doc.note, 300)}</p><//>`;
  const most = Math.max(1, ...doc.rungs.map((/** @type {any} */ rung) => rung.started));
  const wide = (/** @type {number} */ n) => ({ width: `${(100 * n) / most}%` });
  return html`<div class="fidelity"><section class="sheet"><header><h2>How far they got</h2></header><div class="inside">
      ${!doc.rungs.length && html`<p class="muted">Every trial is trained to its end: there are no rungs.</p>`}
      <ol class="rungs">${doc.rungs.map((/** @type {any} */ rung) => {
        const waits = Math.max(0, rung.started - rung.promoted - rung.stopped);
        return html`<li key=${rung.step}><span>step ${number(rung.step)}</span><span class="bar-box" role="img" aria-label=${`${rung.started} got there: ${rung.promoted} went on, ${rung.stopped} were stopped, ${waits} wait`}>
          <i class="promoted" style=${wide(rung.promoted)} /><i class="waiting" style=${wide(waits)} /><i class="stopped" style=${wide(rung.stopped)} /></span><b>${number(rung.started)}</b><span class="muted">${number(rung.promoted)} went on</span></li>`;
      })}</ol>
      <ul class="legend plain-legend"><li class="swatch promoted"><i />went on</li><li class="swatch waiting"><i />wait</li><li class="swatch stopped"><i />stopped</li></ul></div></section>
    <section class="sheet"><header><h2>Do early ranks foretell late ones?</h2></header><div class="inside stack"><p class="note">${oneLine(doc.note, 400)}</p>
      <div class="scroll-x" tabIndex="0" role="region" aria-label="Rank correlations"><table class="rho"><thead><tr><th>Rank correlation</th>${steps.map((/** @type {number} */ step) => html`<th key=${step}>step ${number(step)}</th>`)}</tr></thead>
      <tbody>${steps.map((/** @type {number} */ step, /** @type {number} */ i) => html`<tr key=${step}><th>step ${number(step)}</th>${steps.map((/** @type {number} */ other, /** @type {number} */ j) => html`<${Cell} key=${other} rho=${doc.rho[i]?.[j]} n=${doc.n[i]?.[j]} same=${i === j} />`)}</tr>`)}</tbody></table></div></div></section></div>`;
}

/** @param {{rho: any, n: number, same: boolean}} props */
function Cell({ rho, n, same }) {
  if (same) return html`<td class="same"><small>${number(n)} trials</small></td>`;
  if (typeof rho !== "number") return html`<td class="none">–<small>${number(n)} trials</small></td>`;
  const strength = Math.round(Math.min(1, Math.abs(rho)) * 70);
  const tone = rho < 0.5 ? "var(--diverged)" : "var(--finished)";
  return html`<td style=${{ background: `color-mix(in srgb, ${tone} ${Math.round(strength * 0.5)}%, transparent)` }}>${rho.toFixed(2).replace("-", "−")}<small>${number(n)} trials</small></td>`;
}
