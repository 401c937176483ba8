// Coarse to fine: how the search closed in on the good part of the space, box by box.
import { html } from "../lib.js";
import { useDocument } from "../data/hooks.js";
import { number, numeric, oneLine, setting } from "../logic/format.js";
import { paramAxis } from "../plots/axes.js";
import { Canvas, fitText } from "./canvas.js";
import { Message } from "./states.js";

const ROW = 46;

/** @param {{doc: any, study: any}} props */
export function BoxesPanel({ doc, study }) {
  const trials = useDocument("trials").value;
  if (!doc.zooms.length) return html`<${Message} title="This search does not zoom"><p>Boxes are drawn where the searcher <code>zoom</code> goes from coarse to fine; this one is searched by ${oneLine(study.searcher, 40)}.</p><//>`;
  const names = [...new Set(doc.zooms.flatMap((/** @type {any} */ zoom) => Object.keys(zoom.ranges)))];
  const params = names.map((name) => study.params.find((/** @type {any} */ p) => p.name === name || p.label === name)).filter(Boolean);
  return html`<section class="sheet"><header><h2>From coarse to fine<small>each bar is what was searched from a trial on</small></h2></header><div class="inside stack">
    <div class="boxes">${params.map((/** @type {any} */ param) => html`<figure key=${param.name}><figcaption><b>${oneLine(param.label ?? param.name, 60)}</b></figcaption>
      <${Canvas} height=${doc.zooms.length * 14 + ROW} label=${`Ranges of ${param.name}: ${doc.zooms.map((/** @type {any} */ z) => (z.ranges[param.name] ?? []).map(setting).join(" to ")).join(", then ")}`} draw=${(/** @type {any} */ paper) => drawBoxes(paper, param, doc.zooms, trials)} /></figure>`)}</div>
    <ol class="zooms">${doc.zooms.map((/** @type {any} */ zoom) => html`<li key=${zoom.after}><b>after ${number(zoom.after)}</b> <span class="wrap-any">${oneLine(zoom.text, 300)}</span></li>`)}</ol></div></section>`;
}

/** @param {import("./canvas.js").Paper} paper @param {any} param @param {any[]} zooms @param {any} trials */
function drawBoxes({ ctx, width, height, ink }, param, zooms, trials) {
  const axis = paramAxis(param, 4);
  const px = (/** @type {number} */ unit) => 10 + unit * (width - 20);
  ctx.fillStyle = ink.shade ?? ink.line;
  ctx.globalAlpha = 0.6;
  ctx.fillRect(px(0), 4, width - 20, 8);
  ctx.globalAlpha = 1;
  zooms.forEach((zoom, i) => {
    const found = zoom.ranges[param.label ?? param.name] ?? zoom.ranges[param.name];
    if (!found) return;
    const [a, b] = [axis.unit(found[0]), axis.unit(found[1])];
    ctx.fillStyle = ink.accent;
    ctx.globalAlpha = 0.35 + (0.6 * (i + 1)) / zooms.length;
    ctx.fillRect(px(a), 4 + (i + 1) * 14, Math.max(2, px(b) - px(a)), 8);
    ctx.globalAlpha = 1;
  });
  ctx.strokeStyle = ink["ink-2"];
  ctx.globalAlpha = 0.5;
  for (const value of trials?.config?.[param.name] ?? []) {
    const unit = value == null ? NaN : axis.unit(param.values ? value : numeric(value));
    if (!Number.isFinite(unit)) continue;
    ctx.beginPath();
    ctx.moveTo(px(unit), height - 26);
    ctx.lineTo(px(unit), height - 19);
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
  ctx.fillStyle = ink["ink-2"];
  ctx.textAlign = "center";
  for (const tick of axis.ticks) {
    const text = fitText(ctx, tick.text, 70);
    const half = ctx.measureText(text).width / 2;
    ctx.fillText(text, Math.min(width - half, Math.max(half, px(tick.at))), height - 4);
  }
}
