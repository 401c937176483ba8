// Parallel coordinates: brush an axis to keep what lies there, move the best share, drag a title to another place.
import { html, useMemo, useRef, useState } from "../lib.js";
import { useApp, useDocument, useQuery } from "../data/hooks.js";
import { nameText, number, oneLine, percent } from "../logic/format.js";
import { parseNumbers } from "../logic/route.js";
import { rampColour, trialColour } from "../logic/palette.js";
import { filterRows, tableColumns } from "../logic/table.js";
import { clamp, formatBrushes, parseBrushes, planParallel, thinned, within } from "../plots/parallel.js";
import { Canvas, fitText } from "./canvas.js";
import { Message } from "./states.js";
import { Tip } from "./tip.js";

const PITCH = 128;
const [TOP, FOOT] = [44, 16];
const HEIGHT = 440;
/** Lines that are drawn of so many at most: beyond, more say nothing more. */
const MOST = 1500;

/** @param {{doc: any, study: any}} props */
export function ParallelPanel({ doc, study }) {
  const trials = useDocument("trials").value;
  const [query, set] = useQuery();
  const { go } = useApp();
  const order = useMemo(() => (query.order ?? "").split(",").filter(Boolean).map(decodeURIComponent), [query.order]);
  const plan = useMemo(() => {
    if (!trials) return null;
    const { rows } = filterRows(query.f ?? "", trials, tableColumns(trials, study), study.metric);
    return planParallel(doc, trials, rows, order);
  }, [doc, trials, query.f, order]);
  if (!plan) return null;
  if (!plan.strands.length) return html`<${Message} title="No trial has a value yet"><p>Each trial with a value becomes a line across all hyperparameters.</p><//>`;
  const brushes = parseBrushes(query.brush);
  const top = Number(query.top ?? 1) || 1;
  const kept = within(plan.strands, plan.columns, brushes, top);
  const chosen = parseNumbers(query.sel);
  const select = () => set({ sel: [...kept].reverse().slice(0, 50).map((strand) => strand.trial).join(",") });
  return html`<section class="sheet"><header><h2>Parallel coordinates<small>${number(kept.length)} of ${number(plan.strands.length)} trials${kept.length > MOST ? `, ${number(MOST)} drawn` : ""}${query.f ? `, filtered by ${oneLine(query.f, 60)}` : ""}</small></h2>
      <label class="smoothing"><span>Best ${percent(top)}</span><input type="range" min="0.02" max="1" step="0.02" value=${top} aria-label="Only the best share" onInput=${(/** @type {any} */ e) => set({ top: e.target.value === "1" ? null : e.target.value })} /></label>
      <span class="actions"><button type="button" disabled=${!kept.length} onClick=${select}>Select ${kept.length > 50 ? "the best 50" : `these ${kept.length}`}</button>
      <button type="button" disabled=${!brushes.size && top === 1 && !order.length} onClick=${() => set({ brush: null, top: null, order: null })}>Reset</button></span></header>
    <div class="inside"><${Strands} plan=${plan} kept=${kept} brushes=${brushes} chosen=${chosen} onBrush=${(/** @type {any} */ map) => set({ brush: formatBrushes(map) })}
        onOrder=${(/** @type {string[]} */ names) => set({ order: names.map(encodeURIComponent).join(",") })} onOpen=${(/** @type {number} */ trial) => go({ study: study.id, view: "trial", arg: String(trial) })} />
      <${BrushList} plan=${plan} brushes=${brushes} onBrush=${(/** @type {any} */ map) => set({ brush: formatBrushes(map) })} />
      <${Ramp} />
      <p class="note">Drag along an axis to keep what lies there, click it to let go; drag a name to move its axis. A line breaks where a trial does not have a hyperparameter.</p></div></section>`;
}

function Ramp() {
  const { dark } = useApp();
  return html`<div class="ramp"><span>best</span><span class="ramp-bar" aria-hidden="true">${Array.from({ length: 24 }, (_, i) => html`<i key=${i} style=${{ background: rampColour(i / 23, dark) }} />`)}</span><span>worst, by rank</span></div>`;
}

/** The brushes by keyboard: a range for each axis. @param {{plan: any, brushes: Map<string, [number, number]>, onBrush: (map: Map<string, [number, number]>) => void}} props */
function BrushList({ plan, brushes, onBrush }) {
  const move = (/** @type {string} */ name, /** @type {number} */ end) => (/** @type {any} */ e) => {
    const now = [...(brushes.get(name) ?? [0, 1])];
    now[end] = Number(e.target.value) / 100;
    const next = new Map(brushes);
    if (Math.min(...now) <= 0 && Math.max(...now) >= 1) next.delete(name);
    else next.set(name, /** @type {[number, number]} */ (now));
    onBrush(next);
  };
  return html`<details class="as-table"><summary>Keep ranges by keyboard</summary><div class="brush-list">${plan.columns.map((/** @type {any} */ column) => {
    const [low, high] = brushes.get(column.name) ?? [0, 1];
    return html`<div key=${column.name}><b>${nameText(column.title, 40)}</b><input type="range" min="0" max="100" value=${low * 100} aria-label=${`${column.title}: from`} onInput=${move(column.name, 0)} /><input type="range" min="0" max="100" value=${high * 100} aria-label=${`${column.title}: to`} onInput=${move(column.name, 1)} /></div>`;
  })}</div></details>`;
}

/** @param {{plan: any, kept: any[], brushes: Map<string, [number, number]>, chosen: number[], onBrush: (map: any) => void, onOrder: (names: string[]) => void, onOpen: (trial: number) => void}} props */
function Strands({ plan, kept, brushes, chosen, onBrush, onOrder, onOpen }) {
  const { dark } = useApp();
  const [hover, setHover] = useState(/** @type {any} */ (null));
  const [drag, setDrag] = useState(/** @type {any} */ (null));
  const geometry = useRef({ left: 60, pitch: PITCH, width: 600 });
  const { columns } = plan;
  const xOf = (/** @type {number} */ i) => geometry.current.left + i * geometry.current.pitch;
  const yOf = (/** @type {number} */ unit) => TOP + (1 - clamp(unit)) * (HEIGHT - TOP - FOOT);
  const unitAt = (/** @type {number} */ y) => clamp(1 - (y - TOP) / (HEIGHT - TOP - FOOT));
  const axisAt = (/** @type {number} */ x, reach = 18) => {
    const i = Math.round((x - geometry.current.left) / geometry.current.pitch);
    return i >= 0 && i < columns.length && Math.abs(x - xOf(i)) <= reach ? i : -1;
  };
  const strandAt = (/** @type {number} */ x, /** @type {number} */ y) => {
    const i = Math.floor((x - geometry.current.left) / geometry.current.pitch);
    const part = (x - xOf(i)) / geometry.current.pitch;
    let [found, least] = [/** @type {any} */ (null), 7];
    for (const strand of kept) {
      const [a, b] = [strand.units[i], strand.units[i + 1]];
      if (Number.isNaN(a ?? NaN) || Number.isNaN(b ?? NaN)) continue;
      const far = Math.abs(yOf(a) + part * (yOf(b) - yOf(a)) - y);
      if (far <= least) [found, least] = [strand, far];
    }
    return found;
  };
  const on = {
    down: (/** @type {number} */ x, /** @type {number} */ y, /** @type {any} */ e) => {
      const i = axisAt(x, y < TOP - 6 ? geometry.current.pitch / 2 : 18);
      if (i < 0) return;
      e.currentTarget.setPointerCapture?.(e.pointerId);
      setDrag(y < TOP - 6 ? { axis: i, moving: true, x } : { axis: i, from: unitAt(y), to: unitAt(y) });
    },
    move: (/** @type {number} */ x, /** @type {number} */ y, /** @type {any} */ e) => {
      if (drag) setDrag(drag.moving ? { ...drag, x } : { ...drag, to: unitAt(y) });
      else {
        const strand = strandAt(x, y);
        setHover(strand && { strand, x: e.clientX, y: e.clientY });
      }
    },
    up: (/** @type {number} */ x, /** @type {number} */ y) => {
      if (drag?.moving) {
        const to = Math.min(columns.length - 1, Math.max(0, Math.round((drag.x - geometry.current.left) / geometry.current.pitch)));
        const names = columns.map((/** @type {any} */ column) => column.name);
        names.splice(to, 0, ...names.splice(drag.axis, 1));
        if (to !== drag.axis) onOrder(names);
      } else if (drag) {
        const next = new Map(brushes);
        const name = columns[drag.axis].name;
        if (Math.abs(drag.to - drag.from) < 0.015) next.delete(name);
        else next.set(name, [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)]);
        onBrush(next);
      } else if (strandAt(x, y)) onOpen(strandAt(x, y).trial);
      setDrag(null);
    },
    leave: () => setHover(null),
  };
  const lines = useMemo(() => thinned(kept, MOST), [plan, kept.length, kept[0], kept[kept.length - 1]]);
  const others = useMemo(() => thinned(plan.strands, MOST), [plan]);
  const scene = { columns, kept: lines, all: others, brushes, drag, chosen, hover: hover?.strand, xOf, yOf };
  return html`<div class="scroll-x parallel" tabIndex="0" role="region" aria-label="Parallel coordinates"><div style=${{ minWidth: `${Math.max(320, columns.length * 92)}px` }}>
      <${Canvas} height=${HEIGHT} cursor=${drag ? "grabbing" : hover ? "pointer" : "crosshair"} on=${on} label=${`${kept.length} trials across ${columns.length} axes`}
        draw=${(/** @type {any} */ paper) => { geometry.current = { left: 58, pitch: columns.length > 1 ? (paper.width - 116) / (columns.length - 1) : 0, width: paper.width }; drawStrands(paper, scene, dark); }} /></div></div>
    ${hover && html`<${Tip} x=${hover.x} y=${hover.y}><div><strong>Trial ${hover.strand.trial}</strong></div><div class="muted">click opens it</div><//>`}`;
}

/** @param {import("./canvas.js").Paper} paper @param {any} scene @param {boolean} dark */
function drawStrands({ ctx, ink }, scene, dark) {
  const { columns, kept, all, xOf, yOf, chosen } = scene;
  const path = (/** @type {any} */ strand) => {
    ctx.beginPath();
    strand.units.forEach((/** @type {number} */ unit, /** @type {number} */ i) => {
      if (Number.isNaN(unit)) return;
      const gap = i === 0 || Number.isNaN(strand.units[i - 1]);
      if (gap) ctx.moveTo(xOf(i) - 5, yOf(unit));
      ctx.lineTo(xOf(i), yOf(unit));
      if (Number.isNaN(strand.units[i + 1] ?? NaN)) ctx.lineTo(xOf(i) + 5, yOf(unit));
    });
    ctx.stroke();
  };
  ctx.lineWidth = 1;
  if (kept.length < all.length) {
    ctx.strokeStyle = ink["line-2"];
    ctx.globalAlpha = all.length > 500 ? 0.12 : 0.3;
    const visible = new Set(kept);
    for (const strand of all) if (!visible.has(strand)) path(strand);
  }
  const marked = new Set(chosen);
  const dense = kept.length > 400 ? 0.35 : kept.length > 60 ? 0.65 : 0.9;
  for (const strand of kept) {
    ctx.globalAlpha = marked.size && !marked.has(strand.trial) ? 0.18 : dense;
    ctx.lineWidth = strand.share < 0.1 ? 1.8 : 1.2;
    ctx.strokeStyle = rampColour(strand.share, dark);
    if (strand !== scene.hover && !marked.has(strand.trial)) path(strand);
  }
  ctx.globalAlpha = 1;
  for (const strand of kept) {
    if (strand !== scene.hover && !marked.has(strand.trial)) continue;
    ctx.lineWidth = 2.8;
    ctx.strokeStyle = trialColour(strand.trial, dark);
    path(strand);
  }
  columns.forEach((/** @type {any} */ column, /** @type {number} */ i) => drawAxis(ctx, column, i, scene, ink));
}

/** @param {CanvasRenderingContext2D} ctx @param {any} column @param {number} i @param {any} scene @param {Record<string, string>} ink */
function drawAxis(ctx, column, i, { xOf, yOf, brushes, drag, columns }, ink) {
  const x = Math.round(drag?.moving && drag.axis === i ? drag.x : xOf(i)) + 0.5;
  ctx.strokeStyle = ink["ink-2"];
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(x, yOf(1));
  ctx.lineTo(x, yOf(0));
  ctx.stroke();
  const brush = drag && !drag.moving && drag.axis === i ? [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)] : brushes.get(column.name);
  if (brush) {
    ctx.fillStyle = ink.accent;
    ctx.globalAlpha = 0.28;
    ctx.fillRect(x - 7, yOf(brush[1]), 14, yOf(brush[0]) - yOf(brush[1]));
    ctx.globalAlpha = 1;
    ctx.strokeStyle = ink.accent;
    ctx.strokeRect(x - 7, yOf(brush[1]), 14, yOf(brush[0]) - yOf(brush[1]));
  }
  const last = i === columns.length - 1;
  ctx.textBaseline = "middle";
  ctx.textAlign = last ? "left" : "right";
  for (const tick of column.axis.ticks) {
    if (!(tick.at >= -0.001 && tick.at <= 1.001)) continue;
    const text = fitText(ctx, tick.text, 52);
    const wide = ctx.measureText(text).width;
    // A little ground behind the words, so that lines do not strike them out.
    ctx.fillStyle = ink.panel;
    ctx.globalAlpha = 0.78;
    ctx.fillRect(last ? x + 7 : x - 9 - wide, yOf(tick.at) - 7, wide + 3, 14);
    ctx.globalAlpha = 1;
    ctx.fillStyle = ink["ink-2"];
    ctx.fillText(text, last ? x + 8 : x - 7, yOf(tick.at));
  }
  ctx.fillStyle = ink.ink;
  ctx.textAlign = "center";
  ctx.font = `600 ${ctx.font.replace(/^600 /, "")}`;
  const room = columns.length > 1 ? xOf(1) - xOf(0) - 8 : 200;
  ctx.fillText(fitText(ctx, column.title, Math.max(70, room)), x, (i % 2 && room < 70 ? 8 : 20));
  ctx.font = ctx.font.replace(/^600 /, "").replace(/^bold /, "");
}
