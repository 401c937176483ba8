// Contour of a pair: what the model expects between the trials, how sure it is, and where trials were.
import { html } from "../lib.js";
import { useApp, useDocument, useQuery } from "../data/hooks.js";
import { nameText, number, numeric, oneLine, setting } from "../logic/format.js";
import { parseNumbers } from "../logic/route.js";
import { rampColour } from "../logic/palette.js";
import { wantsLog } from "../logic/scales.js";
import { paramAxis } from "../plots/axes.js";
import { Scatter } from "./scatter.js";
import { Message, Ready } from "./states.js";

/** @param {{study: any}} props */
export function ContourPanel({ study }) {
  const { source } = useApp();
  const [query, set] = useQuery();
  const importance = useDocument("importance").value;
  const names = [...new Set((study.params ?? []).filter((/** @type {any} */ p) => p.kind !== "constant").map((/** @type {any} */ p) => p.label ?? p.name))];
  const ranked = importance?.rows.map((/** @type {any} */ row) => row.name) ?? [];
  const [x, y] = [query.cx ?? ranked[0] ?? names[0], query.cy ?? ranked[1] ?? names[1]];
  const name = source.mode === "embedded" && !query.cx ? "contour" : `contour?${new URLSearchParams({ x: String(x), y: String(y) })}`;
  const doc = useDocument(names.length > 1 && (importance || query.cx) ? name : "");
  if (names.length < 2) return html`<${Message} title="One hyperparameter has no pair"><p>A contour needs two that are searched.</p><//>`;
  const choose = (/** @type {string} */ key, /** @type {any} */ value, /** @type {any} */ other) => set({ [key]: String(value), [key === "cx" ? "cy" : "cx"]: String(value === other ? (key === "cx" ? x : y) : other) });
  const select = (/** @type {string} */ label, /** @type {string} */ key, /** @type {any} */ value, /** @type {any} */ other) => html`<label class="inline-field"><span>${label}</span><select value=${value} onChange=${(/** @type {any} */ e) => choose(key, e.target.value, other)}>${names.map((one) => html`<option key=${one} value=${one}>${oneLine(one, 60)}</option>`)}</select></label>`;
  return html`<section class="sheet"><header><h2>What the model expects<small>${nameText(study.metric, 40)}</small></h2>${select("Across", "cx", x, y)}${select("Up", "cy", y, x)}</header>
    <div class="inside"><${Ready} doc=${doc} name=${name} what="model">${(/** @type {any} */ value) => html`<${Surface} doc=${value} study=${study} chosen=${parseNumbers(query.sel)} />`}<//></div></section>`;
}

/** @param {{doc: any, study: any, chosen: number[]}} props */
function Surface({ doc, study, chosen }) {
  const { dark } = useApp();
  const [x, y] = [paramAxis(doc.x, 5), paramAxis(doc.y, 5)];
  const values = doc.mean.flat().map(numeric).filter(Number.isFinite);
  const seen = values.length ? values : doc.points.map((/** @type {any} */ p) => numeric(p[2])).filter(Number.isFinite);
  const log = wantsLog(seen);
  const to = (/** @type {number} */ v) => (log ? Math.log(v) : v);
  const [low, high] = [to(Math.min(...seen)), to(Math.max(...seen))];
  const good = study.direction === "maximize" ? -1 : 1;
  const share = (/** @type {number} */ v) => { const u = (to(v) - low) / (high - low || 1); return good > 0 ? u : 1 - u; };
  const points = doc.points.map((/** @type {any} */ [a, b, value, trial]) => ({ x: x.unit(a), y: y.unit(b), trial, colour: rampColour(share(numeric(value)), dark), text: `${doc.x.name} ${setting(a)}, ${doc.y.name} ${setting(b)}: ${study.metric} ${number(value)}` }));
  const most = Math.max(1e-12, ...doc.sd.flat().map(numeric).filter(Number.isFinite));
  const under = (/** @type {any} */ paper, /** @type {any} */ frame) => {
    if (doc.mean.length) drawSurface(paper, frame, doc, x, y, share, most, dark);
  };
  const over = (/** @type {any} */ { ctx, ink }, /** @type {any} */ { px, py }) => {
    ctx.strokeStyle = ink.panel;
    ctx.lineWidth = 1.2;
    for (const point of points) {
      if (!Number.isFinite(point.x) || !Number.isFinite(point.y)) continue;
      ctx.beginPath();
      ctx.arc(px(point.x), py(point.y), 4.2, 0, 7);
      ctx.stroke();
    }
  };
  const room = { left: 72, bottom: 38 };
  return html`<p class="axis-name muted">${nameText(doc.y.label ?? doc.y.name, 40)} ↑</p>
    <${Scatter} height=${440} x=${x} y=${y} points=${points} chosen=${chosen} under=${under} over=${over} room=${room} size=${3.6} label=${`What the model expects of ${study.metric} over ${doc.x.name} and ${doc.y.name}`} />
    ${values.length > 0 && html`<div class="ramp" aria-label="Colours"><span>${number(good > 0 ? Math.min(...seen) : Math.max(...seen))}</span><span class="ramp-bar" aria-hidden="true">${Array.from({ length: 24 }, (_, i) => html`<i key=${i} style=${{ background: rampColour(i / 23, dark) }} />`)}</span><span>${number(good > 0 ? Math.max(...seen) : Math.min(...seen))}</span><span class="muted">the paler, the less sure</span></div>`}
    <p class="note">${oneLine(doc.note ?? "", 300)}</p>`;
}

/** Cells in the colour of the mean, paler where the model is less sure. @param {any} paper @param {any} frame @param {any} doc @param {any} x @param {any} y @param {(v: number) => number} share @param {number} most @param {boolean} dark */
function drawSurface({ ctx }, { px, py, box }, doc, x, y, share, most, dark) {
  const edges = (/** @type {any[]} */ grid, /** @type {any} */ axis) => {
    const at = grid.map((value) => axis.unit(value));
    return [at.length > 1 ? Math.max(0, at[0] - (at[1] - at[0]) / 2) : 0, ...at.slice(1).map((u, i) => (u + at[i]) / 2), at.length > 1 ? Math.min(1, at[at.length - 1] + (at[at.length - 1] - at[at.length - 2]) / 2) : 1];
  };
  const [ex, ey] = [edges(doc.grid_x, x), edges(doc.grid_y, y)];
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.left, box.top, box.width, box.height);
  ctx.clip();
  doc.mean.forEach((/** @type {any[]} */ row, /** @type {number} */ j) => row.forEach((mean, i) => {
    const value = numeric(mean);
    if (!Number.isFinite(value)) return;
    const sd = numeric(doc.sd[j]?.[i]);
    ctx.globalAlpha = 0.95 - 0.62 * Math.min(1, Number.isFinite(sd) ? sd / most : 1);
    ctx.fillStyle = rampColour(share(value), dark);
    // Whole pixels: pale cells that overlap would show as seams.
    const [x0, x1, y0, y1] = [px(ex[i]), px(ex[i + 1]), py(ey[j]), py(ey[j + 1])].map(Math.round);
    ctx.fillRect(x0, y1, x1 - x0, y0 - y1);
  }));
  ctx.restore();
  ctx.globalAlpha = 1;
}
