// Worker timeline: who trained what and when; waits are gaps, ends have their state's colour and shape.
import { html, useRef, useState } from "../lib.js";
import { useApp, useDocument, useNow } from "../data/hooks.js";
import { clock, duration, number, oneLine, percent } from "../logic/format.js";
import { Canvas, fitText } from "../parts/canvas.js";
import { Message, Ready } from "../parts/states.js";
import { Shape } from "../parts/marks.js";
import { Tip } from "../parts/tip.js";
import { line } from "../plots/axes.js";
import { timeTicks } from "../logic/scales.js";

const LANE = 30;
const TOP = 8;
const FOOT = 26;
const ORDER = ["running", "finished", "stopped", "paused", "diverged", "failed", "lost", "interrupted", "rewound"];

export function Timeline() {
  const doc = useDocument("timeline");
  return html`<${Ready} doc=${doc} name="timeline" what="timeline">${(/** @type {any} */ value) => (value.bars.length
    ? html`<${Chart} doc=${value} />`
    : html`<${Message} title="Nobody has trained yet"><p>Each worker gets a lane here as soon as it takes a trial.</p><//>`)}<//>`;
}

/** @param {{doc: any}} props */
function Chart({ doc }) {
  const { go, route, source } = useApp();
  const now = useNow(1000);
  const end = source.mode === "embedded" ? doc.now : Math.max(doc.now, doc.bars.some((/** @type {any} */ b) => b.end == null) ? now : 0);
  const first = Math.min(...doc.bars.map((/** @type {any} */ b) => b.start));
  const last = Math.max(first + 1e-3, ...doc.bars.map((/** @type {any} */ b) => b.end ?? end));
  const [view, setView] = useState(/** @type {[number, number]|null} */ (null));
  const [hover, setHover] = useState(/** @type {any} */ (null));
  const drag = useRef(/** @type {number|null} */ (null));
  const geometry = useRef({ left: 90, width: 100 });
  const [from, to] = view ?? [first, last];
  const height = doc.lanes.length * LANE + TOP + FOOT;
  const timeAt = (/** @type {number} */ x) => from + ((x - geometry.current.left) / geometry.current.width) * (to - from);
  const barAt = (/** @type {number} */ x, /** @type {number} */ y) => {
    const lane = Math.floor((y - TOP) / LANE);
    const at = timeAt(x);
    const near = 3 * ((to - from) / geometry.current.width);
    return doc.bars.find((/** @type {any} */ b) => b.lane === lane && at >= b.start - near && at <= (b.end ?? end) + near);
  };
  const on = {
    move: (/** @type {number} */ x, /** @type {number} */ y, /** @type {any} */ e) => { const bar = barAt(x, y); setHover(bar ? { bar, x: e.clientX, y: e.clientY } : null); },
    leave: () => setHover(null),
    down: (/** @type {number} */ x) => (drag.current = x),
    up: (/** @type {number} */ x, /** @type {number} */ y) => {
      const begun = drag.current;
      drag.current = null;
      if (begun !== null && Math.abs(x - begun) > 8) setView(/** @type {[number, number]} */ ([timeAt(begun), timeAt(x)].sort((a, b) => a - b)));
      else if (barAt(x, y)) go({ study: route.study, view: "trial", arg: String(barAt(x, y).trial) });
    },
    double: () => setView(null),
  };
  const outcomes = ORDER.filter((state) => doc.bars.some((/** @type {any} */ b) => b.outcome === state));
  return html`<section class="sheet"><header><h2>Workers<small>${number(doc.lanes.length)} at most, ${duration(last - first)}</small></h2>
      ${view && html`<button type="button" onClick=${() => setView(null)}>Whole range</button>`}
      <span class="utilisation"><b>${percent(doc.utilisation)}</b> busy</span></header>
    <div class="inside"><${Canvas} height=${height} cursor=${hover ? "pointer" : "crosshair"} on=${on} label=${`${doc.bars.length} attempts of ${doc.lanes.length} workers; the table below says the same`}
      draw=${(/** @type {any} */ paper) => { geometry.current = drawTimeline(paper, { ...doc, end, first, from, to, hover: hover?.bar }); }} />
      <ul class="legend plain-legend">${outcomes.map((state) => html`<li key=${state} class="state"><${Shape} state=${({ lost: "failed", interrupted: "paused", rewound: "paused" })[state] ?? state} />${state}</li>`)}<li class="muted">drag to look closer, double-click for all, click opens a trial</li></ul>
      <${AsTable} doc=${doc} end=${end} /></div>
    ${hover && html`<${Tip} x=${hover.x} y=${hover.y}><${BarHint} bar=${hover.bar} end=${end} now=${now} /><//>`}</section>`;
}

/** @param {{bar: any, end: number, now: number}} props */
function BarHint({ bar, end, now }) {
  return html`<div class="tip-head"><strong>Trial ${bar.trial}</strong><span>attempt ${bar.attempt}</span><span class="muted">${bar.outcome}</span></div>
    <div>${clock(bar.start, now)}, ${duration((bar.end ?? end) - bar.start)}${bar.from_step ? `, from step ${bar.from_step}` : ""}</div>
    ${bar.reason && html`<div class="muted">${oneLine(bar.reason, 240)}</div>`}`;
}

/** The chart in words, for those who do not see it. @param {{doc: any, end: number}} props */
function AsTable({ doc, end }) {
  const rows = doc.lanes.map((/** @type {any} */ lane, /** @type {number} */ i) => {
    const mine = doc.bars.filter((/** @type {any} */ b) => b.lane === i);
    return { lane, count: mine.length, busy: mine.reduce((/** @type {number} */ s, /** @type {any} */ b) => s + (b.end ?? end) - b.start, 0) };
  });
  return html`<details class="as-table"><summary>As a table</summary><div class="scroll-x" tabIndex="0" role="region" aria-label="Workers"><table class="plain"><thead><tr><th>Worker</th><th class="num">Attempts</th><th class="num">Busy</th></tr></thead>
    <tbody>${rows.map((/** @type {any} */ row, /** @type {number} */ i) => html`<tr key=${i}><td>${laneName(row.lane)}</td><td class="num">${row.count}</td><td class="num">${duration(row.busy)}</td></tr>`)}</tbody></table></div></details>`;
}

/** @param {any} lane */
function laneName(lane) {
  return `${oneLine(lane.worker, 40)}/${lane.slot}`;
}

/** @param {import("../parts/canvas.js").Paper} paper @param {any} scene */
function drawTimeline({ ctx, width, height, ink }, scene) {
  const left = Math.min(130, Math.max(56, width * 0.12));
  const across = width - left - 8;
  const px = (/** @type {number} */ t) => left + ((t - scene.from) / (scene.to - scene.from)) * across;
  ctx.textBaseline = "middle";
  const round = timeTicks(scene.from - scene.first, scene.to - scene.first, Math.max(2, Math.floor(across / 110)));
  ctx.strokeStyle = ink.line;
  ctx.fillStyle = ink["ink-2"];
  ctx.textAlign = "center";
  for (const { at, text } of round) {
    const x = px(scene.first + at);
    line(ctx, x, TOP, x, height - FOOT);
    ctx.fillText(text, Math.min(x, width - ctx.measureText(text).width / 2), height - FOOT + 13);
  }
  ctx.textAlign = "right";
  scene.lanes.forEach((/** @type {any} */ lane, /** @type {number} */ i) => {
    ctx.strokeStyle = ink.line;
    line(ctx, left, TOP + (i + 1) * LANE, width, TOP + (i + 1) * LANE);
    ctx.fillStyle = ink["ink-2"];
    ctx.fillText(fitText(ctx, laneName(lane), left - 12), left - 10, TOP + i * LANE + LANE / 2);
  });
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, 0, across + 8, height);
  ctx.clip();
  for (const bar of scene.bars) drawBar(ctx, bar, px, scene, ink);
  ctx.restore();
  return { left, width: across };
}

/** @param {CanvasRenderingContext2D} ctx @param {any} bar @param {(t: number) => number} px @param {any} scene @param {Record<string, string>} ink */
function drawBar(ctx, bar, px, scene, ink) {
  const x = px(bar.start);
  const wide = Math.max(1.5, px(bar.end ?? scene.end) - x - 1);
  if (x + wide < 0 || x > px(scene.to)) return;
  const y = TOP + bar.lane * LANE + 5;
  const high = LANE - 10;
  ctx.globalAlpha = scene.hover && scene.hover !== bar ? 0.45 : 1;
  ctx.fillStyle = ctx.strokeStyle = ink[bar.outcome] ?? ink.queued;
  if (bar.outcome === "lost" || bar.outcome === "interrupted" || bar.outcome === "rewound") {
    // Hatched: what was trained there did not count to its end.
    ctx.strokeRect(x + 0.5, y + 0.5, Math.max(1, wide - 1), high - 1);
    ctx.save();
    ctx.beginPath();
    ctx.rect(x, y, wide, high);
    ctx.clip();
    for (let at = x - high; at < x + wide; at += 5) {
      ctx.beginPath();
      ctx.moveTo(at, y + high);
      ctx.lineTo(at + high, y);
      ctx.stroke();
    }
    ctx.restore();
  } else ctx.fillRect(x, y, wide, high);
  if (wide > 22) {
    ctx.fillStyle = ink.panel;
    ctx.textAlign = "left";
    ctx.fillText(fitText(ctx, String(bar.trial), wide - 8), x + 5, y + high / 2 + 0.5);
  }
  ctx.globalAlpha = 1;
}
