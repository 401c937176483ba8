// Slices: each hyperparameter alone against the value, with the best that was reached along it.
import { html, useMemo } from "../lib.js";
import { useApp, useQuery } from "../data/hooks.js";
import { nameText, number, numeric, oneLine, setting } from "../logic/format.js";
import { beliefText } from "../logic/params.js";
import { parseNumbers } from "../logic/route.js";
import { rampColour } from "../logic/palette.js";
import { robustRange, wantsLog } from "../logic/scales.js";
import { numberAxis, paramAxis } from "../plots/axes.js";
import { Scatter } from "./scatter.js";
import { Segments } from "./segments.js";
import { Message } from "./states.js";

/** @param {{doc: any, study: any}} props */
export function SlicesPanel({ doc, study }) {
  const [query, set] = useQuery();
  const values = useMemo(() => doc.params.flatMap((/** @type {any} */ p) => p.points.map((/** @type {any} */ one) => numeric(one[1]))), [doc]);
  if (!values.length) return html`<${Message} title="No trial has a value yet"><p>A slice shows the value along one hyperparameter, as soon as trials end.</p><//>`;
  const log = query.log === "1" || (query.log !== "0" && wantsLog(values));
  const { low, high } = robustRange(values, log);
  return html`<section class="sheet"><header><h2>Slices<small>each hyperparameter against ${nameText(study.metric, 40)}; the line is the best along it</small></h2>
      <${Segments} label="Up" value=${query.log ?? "auto"} options=${[["auto", "Auto"], ["0", "Linear"], ["1", "Log"]]} onChoose=${(/** @type {string} */ v) => set({ log: v === "auto" ? null : v })} /></header>
    <div class="inside slices">${doc.params.map((/** @type {any} */ param, /** @type {number} */ i) => html`<${Slice} key=${i} param=${param} metric=${study.metric} log=${log} low=${low} high=${high} chosen=${parseNumbers(query.sel)} />`)}</div></section>`;
}

/** @param {{param: any, metric: string, log: boolean, low: number, high: number, chosen: number[]}} props */
function Slice({ param, metric, log, low, high, chosen }) {
  const { dark } = useApp();
  const x = paramAxis(param, 4);
  const y = numberAxis([low, high], { log, label: metric, count: 4 });
  const last = Math.max(1, ...param.points.map((/** @type {any} */ one) => one[2]));
  const points = param.points.map((/** @type {any} */ [at, value, trial]) => ({
    x: x.unit(at) + (x.levels ? jitter(trial) / Math.max(6, x.levels * 3) : 0), y: y.unit(numeric(value)), trial,
    text: `${nameText(param.name)} ${oneLine(setting(at), 60)}, ${nameText(metric)} ${number(value)}`, colour: rampColour(1 - trial / last, dark),
  }));
  const over = (/** @type {any} */ { ctx, ink }, /** @type {any} */ { px, py, box }) => {
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.left, box.top, box.width, box.height);
    ctx.clip();
    ctx.strokeStyle = ink.ink;
    ctx.lineWidth = 1.4;
    ctx.beginPath();
    for (const [at, value] of param.envelope) {
      const [left, top] = [px(x.unit(at)), py(y.unit(numeric(value)))];
      if (param.kind === "choice") ctx.moveTo(left - 9, top);
      ctx.lineTo(param.kind === "choice" ? left + 9 : left, top);
    }
    ctx.stroke();
    ctx.restore();
  };
  const count = `${param.points.length} trials`;
  return html`<figure><figcaption title=${param.label ?? param.name}><b class="wrap-any">${nameText(param.label ?? param.name)}</b> <span class="muted">${count}${param.belief ? `; ${beliefText(param)}` : ""}</span></figcaption>
    <${Scatter} height=${190} x=${x} y=${y} points=${points} chosen=${chosen} over=${over} size=${2.6} room=${{ bottom: 24, left: 48, titles: false }} label=${`${nameText(metric)} along ${nameText(param.label ?? param.name)}, ${count}`} /></figure>`;
}

/** Spread of a trial's point beside its option, the same every time. @param {number} trial */
function jitter(trial) {
  return ((trial * 7919) % 101) / 101 - 0.5;
}
