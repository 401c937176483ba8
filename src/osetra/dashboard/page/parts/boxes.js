// Coarse to fine: how the search closed in on the good part of the space, a row for each box with the trials of its time.
import { html } from "../lib.js";
import { useDocument } from "../data/hooks.js";
import { nameText, number, numeric, oneLine, percent, setting } from "../logic/format.js";
import { paramAxis } from "../plots/axes.js";
import { Canvas, fitText } from "./canvas.js";
import { Message } from "./states.js";

const ROW = 24;
const FOOT = 22;
const LEFT = 62;
const BAR = 10;
/** Options of a choice in the table. */
const MOST = 12;

/** @param {{doc: any, study: any}} props */
export function BoxesPanel({ doc, study }) {
  const trials = useDocument("trials").value;
  if (!doc.zooms.length) return html`<${Message} title="This search does not zoom"><p>Boxes are drawn where the searcher <code>zoom</code> goes from coarse to fine; this one is searched by ${oneLine(study.searcher, 40)}.</p><//>`;
  const named = (/** @type {string} */ part) => [...new Set(doc.zooms.flatMap((/** @type {any} */ zoom) => Object.keys(zoom[part] ?? {})))];
  const params = named("ranges").map((name) => study.params.find((/** @type {any} */ p) => p.name === name || p.label === name)).filter(Boolean);
  return html`<section class="sheet"><header><h2>From coarse to fine<small>a row for each box, with the trials of its time; the line is the best trial</small></h2></header><div class="inside stack">
    <div class="boxes">${params.map((/** @type {any} */ param) => html`<figure key=${param.label ?? param.name}><figcaption title=${param.label ?? param.name}><b>${nameText(param.label ?? param.name)}</b></figcaption>
      <${Canvas} height=${(doc.zooms.length + 1) * ROW + FOOT} label=${`Ranges of ${nameText(param.name)}: ${doc.zooms.map((/** @type {any} */ z) => (rangeOf(z, param) ?? []).map(setting).join(" to ")).join(", then ")}`} draw=${(/** @type {any} */ paper) => drawBoxes(paper, param, doc.zooms, trials)} /></figure>`)}
      ${named("options").map((name) => html`<${Options} key=${name} name=${name} zooms=${doc.zooms} />`)}</div>
    <ol class="zooms">${doc.zooms.map((/** @type {any} */ zoom) => html`<li key=${zoom.after}><b>after ${number(zoom.after)}</b> <span class="wrap-any">${oneLine(zoom.text, 300)}</span></li>`)}</ol></div></section>`;
}

/** How often each option is drawn, box by box. @param {{name: string, zooms: any[]}} props */
function Options({ name, zooms }) {
  const all = [...new Set(zooms.flatMap((zoom) => Object.keys(zoom.options?.[name] ?? {})))];
  const latest = zooms[zooms.length - 1].options?.[name] ?? {};
  const options = [...all].sort((a, b) => (latest[b] ?? 0) - (latest[a] ?? 0)).slice(0, MOST);
  const share = (/** @type {any} */ zoom, /** @type {string} */ option) => {
    const weights = zoom.options?.[name] ?? {};
    const all = Object.values(weights).reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one, 0);
    return all > 0 ? percent((weights[option] ?? 0) / all) : "–";
  };
  return html`<figure><figcaption><b>${nameText(name, 40)}</b></figcaption><div class="scroll-x" tabIndex="0" role="region" aria-label=${`How often options of ${nameText(name, 40)} are drawn`}><table class="plain">
    <thead><tr><th></th>${options.map((option) => html`<th class="num" key=${option}>${oneLine(option, 24)}</th>`)}</tr></thead>
    <tbody>${zooms.map((zoom) => html`<tr key=${zoom.after}><th>after ${number(zoom.after)}</th>${options.map((option) => html`<td class="num" key=${option}>${share(zoom, option)}</td>`)}</tr>`)}</tbody></table></div>${all.length > MOST && html`<p class="muted">and ${number(all.length - MOST)} more options, none of them more often</p>`}</figure>`;
}

/** @param {any} zoom @param {any} param @returns {any[]|undefined} */
function rangeOf(zoom, param) {
  return zoom.ranges[param.label ?? param.name] ?? zoom.ranges[param.name];
}

/** @param {import("./canvas.js").Paper} paper @param {any} param @param {any[]} zooms @param {any} trials */
function drawBoxes({ ctx, width, height, ink }, param, zooms, trials) {
  const axis = paramAxis(param, 4);
  const px = (/** @type {number} */ unit) => LEFT + unit * (width - LEFT - 8);
  const top = (/** @type {number} */ row) => row * ROW + 4;
  ctx.textBaseline = "middle";
  [null, ...zooms].forEach((zoom, row) => {
    const [low, high] = zoom ? rangeOf(zoom, param) ?? [] : [param.low, param.high];
    ctx.fillStyle = ink["ink-2"];
    ctx.textAlign = "left";
    ctx.fillText(fitText(ctx, zoom ? `after ${number(zoom.after)}` : "at first", LEFT - 6), 0, top(row) + BAR / 2);
    ctx.fillStyle = ink.shade ?? ink.line;
    ctx.fillRect(px(0), top(row), px(1) - px(0), BAR);
    const [a, b] = low == null ? [0, 1] : [axis.unit(low), axis.unit(high)];
    ctx.fillStyle = ink.accent;
    ctx.globalAlpha = zoom ? 0.55 : 0.2;
    ctx.fillRect(px(a), top(row), Math.max(2, px(b) - px(a)), BAR);
    ctx.globalAlpha = 1;
  });
  drawTrials(ctx, param, zooms, trials, { unit: axis.unit, px, top, ink });
  ctx.fillStyle = ink["ink-2"];
  ctx.textAlign = "center";
  ctx.textBaseline = "alphabetic";
  let free = -Infinity;
  for (const tick of axis.ticks) {
    const text = fitText(ctx, tick.text, 70);
    const half = ctx.measureText(text).width / 2;
    const at = Math.min(width - half, Math.max(half, px(tick.at)));
    if (at - half < free) continue;
    free = at + half + 6;
    ctx.fillText(text, at, height - 4);
  }
}

/**
 * A stroke for every trial in the row of its box, and a line through all rows where the best one lies.
 * @param {CanvasRenderingContext2D} ctx @param {any} param @param {any[]} zooms @param {any} trials
 * @param {{unit: (value: any) => number, px: (unit: number) => number, top: (row: number) => number, ink: any}} place
 */
function drawTrials(ctx, param, zooms, trials, { unit, px, top, ink }) {
  ctx.strokeStyle = ink.ink;
  (trials?.config?.[param.name] ?? []).forEach((/** @type {any} */ value, /** @type {number} */ i) => {
    const at = value == null ? NaN : unit(param.values ? value : numeric(value));
    if (!Number.isFinite(at)) return;
    const best = trials.rank?.[i] === 1;
    const row = zooms.filter((zoom) => zoom.after < trials.numbers[i]).length;
    ctx.lineWidth = best ? 2 : 1;
    ctx.globalAlpha = best ? 1 : 0.55;
    ctx.beginPath();
    ctx.moveTo(px(at), best ? 1 : top(row) + BAR);
    ctx.lineTo(px(at), best ? top(zooms.length) + BAR + 6 : top(row) + BAR + 6);
    ctx.stroke();
  });
  ctx.globalAlpha = 1;
  ctx.lineWidth = 1;
}
