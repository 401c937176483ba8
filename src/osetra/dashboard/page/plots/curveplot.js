// Cost curves: uPlot's axes, cursor and zoom, with lines of our own, since each has steps of its own.
import uPlot from "../vendor/uplot.mjs";
import { number } from "../logic/format.js";
import { inks } from "../parts/canvas.js";
import { range, ticks, timeTicks } from "../logic/scales.js";
import { nearestLine } from "./lines.js";
import { drawBand, drawCuts, drawLine, drawNames, drawRungs, namesRoom } from "./strokes.js";
import { trialColour } from "../logic/palette.js";

const FONT = '11.5px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const HEADS = 24;
/** Ticks of a time axis, about. */
const TIMES = 7;
/** Between ticks of steps, which are whole. */
const WHOLE = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((m) => m * 10 ** power)).flat();

/** @typedef {{plan: import("./lines.js").Plan, metric: string, by: string, dark: boolean, chosen: number[], partner: boolean, marks?: {x: number, text: string}[]}} Scene */

/** Round places of a log axis, and no more than people read. @param {any} _u @param {number} _i @param {number} low @param {number} high */
function logSplits(_u, _i, low, high) {
  return ticks(range("log", low, high), 6);
}

/** @param {any} _u @param {number} _i @param {number} low @param {number} high */
function secondSplits(_u, _i, low, high) {
  return timeTicks(low, high, TIMES).map((tick) => tick.at);
}

export class CurvePlot {
  /** @param {HTMLElement} place @param {{height: number, hover: (found: any, x: number, y: number) => void, pick: (trial: number, more: boolean) => void}} options */
  constructor(place, options) {
    this.place = place;
    this.options = options;
    /** @type {Scene|null} */
    this.scene = null;
    this.plot = /** @type {any} */ (null);
    this.key = "";
    /** @type {[number, number]|null} */
    this.zoom = null;
    this.hovered = 0;
    this.queued = 0;
    this.heads = document.createElement("div");
    this.heads.className = "heads";
    this.watcher = new ResizeObserver(() => this.plot && this.plot.setSize({ width: this.place.clientWidth, height: this.options.height }));
    this.watcher.observe(place);
  }

  destroy() {
    this.watcher.disconnect();
    cancelAnimationFrame(this.queued);
    this.plot?.destroy();
  }

  /** @param {Scene} scene */
  show(scene) {
    this.scene = scene;
    const key = `${scene.plan.log}/${scene.by}/${scene.metric}/${scene.dark}/${scene.plan.rungs.length > 0}/${namesRoom(scene.plan.lines)}`;
    if (key !== this.key) {
      if (this.key && !this.key.includes(`/${scene.by}/`)) this.zoom = null;
      this.key = key;
      this.plot?.destroy();
      this.plot = new /** @type {any} */ (uPlot)(this.settings(scene), [scene.plan.x, [null, null]], this.place);
      this.plot.over.appendChild(this.heads);
      this.listen(this.plot.over);
    } else this.redraw();
  }

  /** Once before the next frame, however much is new. */
  redraw() {
    if (this.queued) return;
    this.queued = requestAnimationFrame(() => {
      this.queued = 0;
      if (this.plot && this.scene) this.plot.setData([this.scene.plan.x, [null, null]], true);
    });
  }

  /** @param {Scene} scene */
  settings(scene) {
    const ink = inks();
    const axis = { font: FONT, labelFont: FONT, stroke: ink["ink-2"], grid: { stroke: ink.line, width: 1 }, ticks: { show: false } };
    const xs = (/** @type {any} */ u, /** @type {number[]} */ places) => (scene.by === "time" ? timeTicks(u.scales.x.min, u.scales.x.max, TIMES).map((tick) => tick.text) : places.map((x) => number(x)));
    const ys = (/** @type {any} */ _u, /** @type {(number|null)[]} */ places) => places.map((y) => (y == null ? "" : number(y)));
    const label = { step: "step", time: "wall time since its beginning", cost: "cost in full trainings" }[scene.by];
    return {
      width: Math.max(50, this.place.clientWidth), height: this.options.height, legend: { show: false }, padding: [scene.plan.rungs.length ? 20 : 10, namesRoom(scene.plan.lines), 0, 0],
      scales: {
        x: { time: false, range: () => this.zoom ?? this.scene?.plan.x ?? [0, 1] },
        y: { distr: scene.plan.log ? 3 : 1, range: () => this.scene?.plan.y ?? [0, 1] },
      },
      series: [{}, { show: true, stroke: "transparent", points: { show: false } }],
      axes: [{ ...axis, label, labelSize: 18, size: 30, values: xs, incrs: scene.by === "step" ? WHOLE : undefined, splits: scene.by === "time" ? secondSplits : undefined, space: 56 }, { ...axis, size: 58, values: ys, splits: scene.plan.log ? logSplits : undefined, space: 34 }],
      cursor: { points: { show: false }, y: false, drag: { x: true, y: false, setScale: false }, focus: { prox: -1 } },
      hooks: { draw: [() => this.draw()], setSelect: [(/** @type {any} */ u) => this.select(u)] },
    };
  }

  /** @param {any} u */
  select(u) {
    if (u.select.width < 6) return;
    this.zoom = [u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")];
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.redraw();
    this.place.dispatchEvent(new CustomEvent("zoomed"));
  }

  unzoom() {
    this.zoom = null;
    this.redraw();
  }

  /** @param {HTMLElement} over */
  listen(over) {
    over.addEventListener("dblclick", (event) => {
      event.stopPropagation();
      this.unzoom();
    });
    over.addEventListener("pointermove", (event) => this.point(event));
    over.addEventListener("pointerleave", () => this.leave());
    let from = [0, 0];
    over.addEventListener("pointerdown", (event) => (from = [event.clientX, event.clientY]));
    over.addEventListener("click", (event) => {
      const still = Math.hypot(event.clientX - from[0], event.clientY - from[1]) < 5;
      const found = still && this.find(event);
      if (found) this.options.pick(found.line.trial, event.shiftKey);
    });
  }

  /** @param {MouseEvent} event */
  find(event) {
    if (!this.scene || !this.plot) return null;
    const box = this.plot.over.getBoundingClientRect();
    const u = this.plot;
    return nearestLine(this.scene.plan, (x) => u.valToPos(x, "x"), (y) => u.valToPos(y, "y"), event.clientX - box.left, event.clientY - box.top, (x) => u.posToVal(x, "x"));
  }

  /** @param {MouseEvent} event */
  point(event) {
    const found = this.find(event);
    const trial = found?.line.trial ?? 0;
    if (trial !== this.hovered) {
      this.hovered = trial;
      this.redraw();
    }
    this.options.hover(found, event.clientX, event.clientY);
  }

  leave() {
    this.hovered = 0;
    this.options.hover(null, 0, 0);
    this.redraw();
  }

  /** @returns {import("./strokes.js").Frame} */
  frame() {
    const u = this.plot;
    const { left, top, width, height } = u.bbox;
    const [x, y] = [u.scales.x, u.scales.y];
    const log = y.distr === 3;
    const to = log ? Math.log : (/** @type {number} */ v) => v;
    const [y0, y1] = [to(y.min), to(y.max)];
    const floor = log ? y.min / 1e6 : 0;
    // Values beyond the axis stay near its edge, so that huge ones do no harm to the canvas.
    const clip = (/** @type {number} */ unit) => Math.min(1.5, Math.max(-0.5, unit));
    const py = (/** @type {number} */ v) => {
      const unit = Number.isFinite(y1 - y0) ? (to(log ? Math.max(v, floor) : v) - y0) / (y1 - y0) : (v / 2 - y0 / 2) / (y1 / 2 - y0 / 2);
      return top + height * (1 - clip(unit));
    };
    return {
      ctx: u.ctx, px: (v) => left + width * ((v - x.min) / (x.max - x.min)), py,
      left, top, width, height, ratio: window.devicePixelRatio || 1, ink: inks(), dark: this.scene?.dark ?? false,
    };
  }

  draw() {
    const scene = this.scene;
    if (!scene || this.plot?.scales?.y?.min == null) return;
    const frame = this.frame();
    const { ctx, left, top, width, height } = frame;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    ctx.lineJoin = ctx.lineCap = "round";
    drawBand(frame, scene.plan);
    drawRungs(frame, scene.plan);
    const order = { faded: 0, top: 1, running: 2, chosen: 3 };
    const lines = [...scene.plan.lines].sort((a, b) => order[a.weight] - order[b.weight]);
    const lit = this.hovered || 0;
    for (const line of lines.filter((one) => one.trial !== lit)) this.line(frame, line, lit);
    for (const line of lines.filter((one) => one.trial === lit)) this.line(frame, line, lit);
    ctx.restore();
    drawCuts(frame, scene.plan, (y) => number(y, 3));
    drawNames(frame, lines.filter((line) => line.weight !== "faded").reverse());
    this.showHeads(scene, frame);
  }

  /** @param {any} frame @param {import("./lines.js").Line} line @param {number} lit */
  line(frame, line, lit) {
    const chosen = this.scene?.chosen ?? [];
    const hovered = line.trial === lit;
    const partner = Boolean(this.scene?.partner) && (hovered || (!lit && (line.weight === "chosen" || (line.weight === "running" && (!chosen.length || chosen.includes(line.trial))))));
    drawLine(frame, line, { hovered, dimmed: Boolean(lit ? !hovered : chosen.length && line.weight !== "chosen" && line.weight !== "running"), partner });
  }

  /** The heads of running lines: elements, whose ring shows what has just been reported. @param {Scene} scene @param {import("./strokes.js").Frame} frame */
  showHeads(scene, frame) {
    const { px, py, left, top, width, height, ratio } = frame;
    const running = scene.plan.lines.filter((line) => line.weight === "running").slice(0, HEADS);
    while (this.heads.childNodes.length > running.length) this.heads.lastChild?.remove();
    running.forEach((line, i) => {
      const head = /** @type {HTMLElement} */ (this.heads.childNodes[i] ?? this.heads.appendChild(document.createElement("i")));
      let at = line.y.length - 1;
      while (at >= 0 && !Number.isFinite(line.y[at])) at -= 1;
      // The canvas's own map: asking the page for places would lay it out once for each head.
      const [x, y] = at < 0 ? [-99, -99] : [(px(line.x[at]) - left) / ratio, (py(line.y[at]) - top) / ratio];
      const inside = x >= 0 && y >= 0 && x <= width / ratio && y <= height / ratio;
      const end = `${line.trial}/${line.x.length}`;
      head.className = head.dataset.end?.startsWith(`${line.trial}/`) && head.dataset.end !== end ? "fresh" : "";
      head.dataset.end = end;
      head.style.display = inside ? "block" : "none";
      head.style.transform = `translate(${x}px, ${y}px)`;
      head.style.color = trialColour(line.trial, scene.dark);
    });
  }
}
