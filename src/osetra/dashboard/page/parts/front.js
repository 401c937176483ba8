// The front: trials by two of the objectives, what beats them, what breaks a limit, and how the front's volume grew.
import { html } from "../lib.js";
import { useApp, useDocument, useQuery } from "../data/hooks.js";
import { nameText, number, oneLine, plural, setting } from "../logic/format.js";
import { axisValues, frontRows, limitsOn, stairsOf } from "../logic/front.js";
import { formatRoute, parseNumbers } from "../logic/route.js";
import { robustRange, wantsLog } from "../logic/scales.js";
import { drawFrame, numberAxis } from "../plots/axes.js";
import { Canvas, inks } from "./canvas.js";
import { stairs } from "./history.js";
import { TrialLink } from "./marks.js";
import { Scatter } from "./scatter.js";
import { Message } from "./states.js";

/** Trials of the front that are listed at most. */
const MOST = 60;

/** @param {{doc: any, study: any}} props */
export function FrontPanel({ doc, study }) {
  const [query, set] = useQuery();
  if (!doc.trials.length) return html`<${Message} title="No trial has a value of every objective yet"><p>The front is drawn here from the first trial on that ends with ${oneLine(doc.metrics.map((/** @type {string} */ name) => nameText(name)).join(" and "), 300)}.</p><//>`;
  const known = (/** @type {any} */ text, /** @type {number} */ usual) => (doc.metrics[Number(text)] === undefined || text === undefined ? usual : Number(text));
  const across = known(query.fx, 1);
  const up = known(query.fy, 0);
  const choose = (/** @type {string} */ key, /** @type {string} */ value) => set(value === String(key === "fx" ? up : across) ? { fx: String(up), fy: String(across) } : { [key]: value });
  const select = (/** @type {string} */ label, /** @type {string} */ key, /** @type {number} */ value) => html`<label class="inline-field"><span>${label}</span><select value=${value} onChange=${(/** @type {any} */ e) => choose(key, e.target.value)}>${doc.metrics.map((/** @type {string} */ name, /** @type {number} */ i) => html`<option key=${i} value=${i}>${nameText(name, 40)}</option>`)}</select></label>`;
  const count = `${doc.front.length} of ${plural(doc.trials.length, "finished trial")} that none beats in all objectives`;
  return html`<div class="stack"><section class="sheet"><header><h2>Front<small>${count}</small></h2>${select("Across", "fx", across)}${select("Up", "fy", up)}</header>
      <div class="inside stack">${doc.unmet && html`<p class="problem wrap-any">${oneLine(doc.unmet, 600)}</p>`}
        <${Plane} doc=${doc} across=${across} up=${up} chosen=${parseNumbers(query.sel)} /><${Key} doc=${doc} /></div></section>
    ${doc.volumes.length > 1 && html`<${Volumes} doc=${doc} />`}
    ${doc.front.length > 0 && html`<${Members} doc=${doc} study=${study} />`}</div>`;
}

/** @param {{doc: any, across: number, up: number, chosen: number[]}} props */
function Plane({ doc, across, up, chosen }) {
  useApp(); // drawn again when the theme changes
  const ink = inks();
  const axis = (/** @type {number} */ at, /** @type {number} */ count) => {
    const { all, front } = axisValues(doc, at);
    const log = wantsLog(front.length > 2 ? front : all) && all.every((v) => v > 0);
    const { low, high } = robustRange([...all, ...limitsOn(doc, at).map((one) => one.bound)], log);
    const better = doc.signs[at] > 0 ? "less is better" : "more is better";
    return numberAxis([low, high], { log, label: `${nameText(doc.metrics[at], 40)}, ${better}`, count });
  };
  const [x, y] = [axis(across, 8), axis(up, 6)];
  const colours = /** @type {Record<string, string>} */ ({ front: ink.accent, dominated: ink["ink-3"], infeasible: ink.failed });
  const words = /** @type {Record<string, string>} */ ({ front: "on the front", dominated: "beaten", infeasible: "breaks a limit" });
  const points = doc.trials.map((/** @type {number} */ trial, /** @type {number} */ i) => ({
    x: x.unit(doc.values[i][across]), y: y.unit(doc.values[i][up]), trial, colour: colours[doc.state[i]], hollow: doc.state[i] === "infeasible", size: doc.state[i] === "front" ? 5 : 3,
    text: `${doc.metrics.map((/** @type {string} */ name, /** @type {number} */ m) => `${nameText(name, 28)} ${number(doc.values[i][m])}`).join(", ")}; ${trial === doc.knee ? "the knee" : words[doc.state[i]]}`,
  })).sort((/** @type {any} */ a, /** @type {any} */ b) => a.size - b.size);
  const steps = doc.metrics.length === 2 ? stairsOf(doc, across, up).map(([a, b]) => [x.unit(a), y.unit(b)]) : [];
  const under = (/** @type {any} */ { ctx }, /** @type {any} */ { px, py, box }) => {
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.left, box.top, box.width, box.height);
    ctx.clip();
    ctx.setLineDash([5, 4]);
    ctx.strokeStyle = ink.failed;
    for (const { bound } of limitsOn(doc, across)) stroke(ctx, [[px(x.unit(bound)), box.top], [px(x.unit(bound)), box.top + box.height]]);
    for (const { bound } of limitsOn(doc, up)) stroke(ctx, [[box.left, py(y.unit(bound))], [box.left + box.width, py(y.unit(bound))]]);
    ctx.setLineDash([]);
    ctx.strokeStyle = ink.accent;
    ctx.lineWidth = 1.6;
    stroke(ctx, steps.map(([a, b]) => [px(a), py(b)]));
    ctx.restore();
  };
  const knee = points.find((/** @type {any} */ point) => point.trial === doc.knee);
  const over = (/** @type {any} */ { ctx }, /** @type {any} */ { px, py, box }) => {
    if (!knee) return;
    ctx.strokeStyle = ctx.fillStyle = ink.accent;
    ctx.lineWidth = 1.4;
    ctx.beginPath();
    ctx.arc(px(knee.x), py(knee.y), 9, 0, 7);
    ctx.stroke();
    const right = px(knee.x) < box.left + box.width - 90;
    ctx.textAlign = right ? "left" : "right";
    ctx.textBaseline = "bottom";
    ctx.fillText(`${knee.trial}, the knee`, px(knee.x) + (right ? 11 : -11), py(knee.y) - 4);
  };
  return html`<p class="axis-name muted">${y.label} ↑</p><${Scatter} height=${420} x=${x} y=${y} points=${points} chosen=${chosen} under=${under} over=${over}
    label=${`${plural(doc.trials.length, "trial")} by ${nameText(doc.metrics[across])} and ${nameText(doc.metrics[up])}; ${doc.front.length} of them are on the front, and the table below lists those`} />`;
}

/** @param {CanvasRenderingContext2D} ctx @param {number[][]} places */
function stroke(ctx, places) {
  ctx.beginPath();
  places.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.stroke();
}

/** @param {{doc: any}} props */
function Key({ doc }) {
  const count = (/** @type {string} */ state) => doc.state.filter((/** @type {string} */ one) => one === state).length;
  const limits = Object.entries(doc.limits).map(([metric, rule]) => `${nameText(metric, 40)}${rule}`).join(", ");
  return html`<ul class="front-key">
    <li><i class="on-front" />${plural(doc.front.length, "trial")} on the front</li>
    <li><i class="beaten" />${number(count("dominated"))} beaten by others</li>
    ${limits && html`<li class="wrap-any"><i class="broken" />${number(count("infeasible"))} break a limit (${oneLine(limits, 300)})</li>`}
    ${doc.knee && html`<li><i class="knee" />the knee: a little more of one objective begins to cost much of another</li>`}</ul>`;
}

/** @param {{doc: any}} props */
function Volumes({ doc }) {
  const ended = doc.volumes.map((/** @type {number} */ _, /** @type {number} */ i) => i + 1);
  const x = numberAxis(ended, { label: Object.keys(doc.limits).length ? "ended trials that keep the limits" : "ended trials", count: 8 });
  const y = numberAxis(doc.volumes, { label: "volume", count: 4, zero: true });
  const draw = (/** @type {any} */ paper) => stairs(paper, drawFrame(paper, x, y), ended.map((/** @type {number} */ v) => x.unit(v)), doc.volumes.map((/** @type {number} */ v) => y.unit(v)), paper.ink.ink);
  const within = doc.metrics.map((/** @type {string} */ name, /** @type {number} */ m) => `${nameText(name, 28)} ${number(doc.reference[m])}`).join(", ");
  return html`<section class="sheet"><header><h2>Hypervolume<small>what the front dominates, as trials ended</small></h2></header><div class="inside">
    <${Canvas} height=${180} draw=${draw} label=${`The dominated volume grew from ${number(doc.volumes[0])} to ${number(doc.volumes[doc.volumes.length - 1])}`} />
    <p class="note">Measured within ${oneLine(within, 300)}, a little beyond the worst of the front.</p></div></section>`;
}

/** @param {{doc: any, study: any}} props */
function Members({ doc, study }) {
  const trials = useDocument("trials").value;
  const names = (study.params ?? []).filter((/** @type {any} */ p) => p.kind !== "constant").map((/** @type {any} */ p) => p.name).filter((/** @type {string} */ name, /** @type {number} */ i, /** @type {string[]} */ all) => all.indexOf(name) === i).slice(0, 6);
  const of = (/** @type {string} */ name, /** @type {number} */ trial) => trials?.config?.[name]?.[trials.numbers.indexOf(trial)];
  const rows = frontRows(doc);
  return html`<section class="sheet"><header><h2>On the front<small>${nameText(doc.metrics[0], 40)} first</small></h2></header><div class="inside scroll-x" tabIndex="0" role="region" aria-label="Trials on the front"><table class="plain">
    <thead><tr><th>Trial</th>${doc.metrics.map((/** @type {string} */ name) => html`<th class="num" key=${name} title=${name}>${nameText(name, 24)}</th>`)}<th class="num">Runs</th>${names.map((/** @type {string} */ name) => html`<th key=${name} title=${name}>${nameText(name, 20)}</th>`)}</tr></thead>
    <tbody>${rows.slice(0, MOST).map((/** @type {any} */ { trial, values, seeds }) => html`<tr key=${trial}><td><${TrialLink} trial=${trial} />${trial === doc.knee ? html` <span class="tag">knee</span>` : ""}</td>
      ${values.map((/** @type {number} */ v, /** @type {number} */ m) => html`<td class="num" key=${m}>${number(v)}</td>`)}<td class="num">${number(seeds)}</td>
      ${names.map((/** @type {string} */ name) => html`<td key=${name}>${of(name, trial) == null ? html`<span class="muted">–</span>` : oneLine(setting(of(name, trial)), 24)}</td>`)}</tr>`)}</tbody></table>
    ${rows.length > MOST && html`<p class="muted">and ${number(rows.length - MOST)} more</p>`}</div></section>`;
}

/** What the cockpit says instead of a best trial where there are several objectives. @param {{study: any}} props */
export function FrontHeadline({ study }) {
  const { route } = useApp();
  const doc = useDocument("front").value;
  const named = study.objectives.map((/** @type {any} */ one) => nameText(one.metric, 40)).join(", ");
  const head = html`<h2 title=${named}>Front</h2>`;
  if (!doc?.front.length) return html`<div class="best">${head}<p class="best-value none">–</p><p class="note">${doc?.unmet ? oneLine(doc.unmet, 400) : "No trial has a value of every objective yet."}</p></div>`;
  const knee = frontRows(doc).find((/** @type {any} */ one) => one.trial === doc.knee);
  return html`<div class="best">${head}
    <p class="best-value">${number(doc.front.length)}<span class="best-trial"><a href=${formatRoute({ study: route.study, view: "search", query: { part: "front" } })}>${doc.front.length === 1 ? "trial that none beats" : "trials that none beats"}</a></span></p>
    ${knee && html`<p class="note">the knee is trial <${TrialLink} trial=${knee.trial} /></p>
    <p class="best-config">${doc.metrics.map((/** @type {string} */ name, /** @type {number} */ m) => html`<span class="pair" key=${name} title=${name}><span>${nameText(name, 28)}</span> ${number(knee.values[m])}</span>`)}</p>`}</div>`;
}
