// Axes of our own canvases: a parameter as a scale, its ticks, and a frame with grid and labels.
import { exact, nameText, number, numeric, setting } from "../logic/format.js";
import { kindOf, range, ticks, timeTicks, toUnit } from "../logic/scales.js";
import { fitText } from "../parts/canvas.js";

/** @typedef {{unit: (value: any) => number, ticks: {at: number, text: string}[], label: string, levels: number}} Axis */

/** @param {any} param @param {number} count ticks @returns {Axis} */
export function paramAxis(param, count = 5) {
  const label = nameText(param.label ?? param.name);
  if (param.values?.length) {
    const keys = param.values.map(exact);
    const place = (/** @type {number} */ i) => (keys.length > 1 ? i / (keys.length - 1) : 0.5);
    // Half a step of room at both ends, so that options do not stand on the frame.
    const inner = (/** @type {number} */ u) => (keys.length > 1 ? 0.06 + 0.88 * u : u);
    const every = Math.max(1, Math.ceil(keys.length / 24));
    return {
      unit: (value) => { const i = keys.indexOf(exact(value)); return i < 0 ? NaN : inner(place(i)); },
      ticks: param.values.map((/** @type {any} */ v, /** @type {number} */ i) => ({ at: inner(place(i)), text: setting(v) })).filter((/** @type {any} */ _, /** @type {number} */ i) => i % every === 0),
      label, levels: keys.length,
    };
  }
  const scale = range(kindOf(param.scale), Number(param.low ?? 0), Number(param.high ?? 1));
  return {
    unit: (value) => toUnit(scale, numeric(value)),
    ticks: ticks(scale, count).map((x) => ({ at: toUnit(scale, x), text: setting(x) })),
    label, levels: 0,
  };
}

/** An axis for plain numbers. @param {number[]} values @param {{log?: boolean, label: string, time?: boolean, count?: number, zero?: boolean}} how @returns {Axis} */
export function numberAxis(values, { log = false, label, time = false, count = 5, zero = false }) {
  const some = values.filter((v) => Number.isFinite(v) && (!log || v > 0));
  let low = zero ? 0 : Math.min(...some.slice(0, 1));
  let high = some.length ? some[0] : 1;
  for (const v of some) [low, high] = [Math.min(low, v), Math.max(high, v)];
  if (!some.length) [low, high] = [log ? 0.1 : 0, 1];
  const scale = range(log ? "log" : "linear", low, high);
  return {
    unit: (value) => toUnit(scale, Number(value)),
    ticks: time
      ? timeTicks(scale.low, scale.high, count).map(({ at, text }) => ({ at: toUnit(scale, at), text }))
      : ticks(scale, count).map((x) => ({ at: toUnit(scale, x), text: number(x) })),
    label, levels: 0,
  };
}

/**
 * Draw a frame's grid, ticks and labels; returns where it is.
 * @param {import("../parts/canvas.js").Paper} paper @param {Axis} x @param {Axis} y
 * @param {{left?: number, right?: number, top?: number, bottom?: number, titles?: boolean}} room
 */
export function drawFrame({ ctx, width, height, ink }, x, y, { left = 54, right = 12, top = 10, bottom = 36, titles = true } = {}) {
  // A number that is cut says something else: what is written beside the frame gets its room.
  const beside = y.levels ? 0 : Math.max(0, ...y.ticks.map((tick) => ctx.measureText(tick.text).width));
  left = Math.min(Math.max(left, Math.ceil(beside) + 12), width / 3);
  const box = { left, top, width: Math.max(10, width - left - right), height: Math.max(10, height - top - bottom) };
  const px = (/** @type {number} */ u) => box.left + u * box.width;
  const py = (/** @type {number} */ u) => box.top + (1 - u) * box.height;
  ctx.lineWidth = 1;
  ctx.strokeStyle = ink.line;
  ctx.fillStyle = ink["ink-2"];
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  let free = -Infinity;
  for (const tick of x.ticks) {
    if (!(tick.at >= -0.001 && tick.at <= 1.001)) continue;
    line(ctx, px(tick.at), box.top, px(tick.at), box.top + box.height);
    const text = fitText(ctx, tick.text, x.levels ? Math.max(60, box.width / x.levels - 4) : 80);
    const half = ctx.measureText(text).width / 2;
    if (px(tick.at) - half < free) continue;
    free = px(tick.at) + half + 6;
    ctx.fillText(text, Math.min(px(tick.at), width - half - 1), box.top + box.height + 5);
  }
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (const tick of y.ticks) {
    if (!(tick.at >= -0.001 && tick.at <= 1.001)) continue;
    line(ctx, box.left, py(tick.at), box.left + box.width, py(tick.at));
    ctx.fillText(fitText(ctx, tick.text, left - 8), box.left - 6, py(tick.at));
  }
  if (titles) {
    ctx.textAlign = "center";
    ctx.textBaseline = "bottom";
    ctx.fillText(fitText(ctx, x.label, box.width), box.left + box.width / 2, height - 1);
  }
  return { px, py, box };
}

/** @param {CanvasRenderingContext2D} ctx @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 */
export function line(ctx, x0, y0, x1, y1) {
  ctx.beginPath();
  ctx.moveTo(Math.round(x0) + 0.5, Math.round(y0) + 0.5);
  ctx.lineTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5);
  ctx.stroke();
}
