// Strokes of cost curves on a canvas: lines, the band of the rest, rungs with their cuts, and how each line ended.
import { trialColour } from "../logic/palette.js";

/** @typedef {{ctx: CanvasRenderingContext2D, px: (x: number) => number, py: (y: number) => number, left: number, top: number,
 *   width: number, height: number, ratio: number, ink: Record<string, string>, dark: boolean}} Frame */

/** @param {Frame} frame @param {number[]} xs @param {number[]} ys */
export function trace({ ctx, px, py }, xs, ys) {
  ctx.beginPath();
  let down = false;
  for (let i = 0; i < xs.length; i += 1) {
    if (!Number.isFinite(ys[i])) {
      down = false;
      continue;
    }
    const [x, y] = [px(xs[i]), py(ys[i])];
    if (down) ctx.lineTo(x, y);
    else ctx.moveTo(x, y);
    if (!down && !(i + 1 < xs.length && Number.isFinite(ys[i + 1]))) ctx.lineTo(x + 0.01, y);
    down = true;
  }
}

/** @param {Frame} frame @param {import("./lines.js").Plan} plan */
export function drawBand(frame, plan) {
  const { ctx, px, py, ink } = frame;
  if (!plan.band) return;
  const { x, low, high } = plan.band;
  ctx.beginPath();
  x.forEach((step, i) => ctx.lineTo(px(step), py(high[i])));
  for (let i = x.length - 1; i >= 0; i -= 1) ctx.lineTo(px(x[i]), py(low[i]));
  ctx.closePath();
  ctx.globalAlpha = frame.dark ? 0.35 : 0.3;
  ctx.fillStyle = ink["line-2"];
  ctx.fill();
  ctx.globalAlpha = 1;
}

/** Where trainings were compared, and where the line was drawn. @param {Frame} frame @param {import("./lines.js").Plan} plan */
export function drawRungs(frame, plan) {
  const { ctx, px, py, ink, top, height, ratio } = frame;
  ctx.save();
  for (const rung of plan.rungs) {
    const x = Math.round(px(rung.step)) + 0.5;
    ctx.strokeStyle = ink["line-2"];
    ctx.lineWidth = ratio;
    ctx.setLineDash([3 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
    ctx.setLineDash([]);
    if (rung.cut == null || !Number.isFinite(Number(rung.cut))) continue;
    const y = py(Number(rung.cut));
    ctx.strokeStyle = ink.stopped;
    ctx.lineWidth = 2 * ratio;
    ctx.beginPath();
    ctx.moveTo(x - 7 * ratio, y);
    ctx.lineTo(x + 7 * ratio, y);
    ctx.stroke();
  }
  ctx.restore();
}

/** The cuts as numbers, above the frame. @param {Frame} frame @param {import("./lines.js").Plan} plan @param {(x: number) => string} show */
export function drawCuts(frame, plan, show) {
  const { ctx, px, ink, top, left, width, ratio } = frame;
  ctx.save();
  ctx.font = `${10.5 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  ctx.fillStyle = ink["ink-2"];
  let free = -Infinity;
  for (const rung of plan.rungs) {
    const x = px(rung.step);
    if (rung.cut == null || !Number.isFinite(Number(rung.cut)) || x < Math.max(free, left - 1) || x > left + width) continue;
    const text = `cut ${show(Number(rung.cut))}`;
    free = x + ctx.measureText(text).width + 8 * ratio;
    ctx.fillText(text, x - 2 * ratio, top - 4 * ratio);
  }
  ctx.restore();
}

/** @param {Frame} frame @param {import("./lines.js").Line} line @param {{hovered: boolean, dimmed: boolean, partner: boolean}} how */
export function drawLine(frame, line, how) {
  const { ctx, ratio, dark } = frame;
  const bold = { running: 2.1, chosen: 2.4, top: 1.5, faded: 1.1 }[line.weight];
  const alpha = { running: 1, chosen: 1, top: 0.85, faded: 0.4 }[line.weight];
  ctx.strokeStyle = trialColour(line.trial, dark);
  ctx.globalAlpha = how.hovered ? 1 : how.dimmed ? alpha * 0.28 : alpha;
  if (line.partner && how.partner) {
    ctx.lineWidth = ratio * 1.2;
    ctx.setLineDash([4 * ratio, 3 * ratio]);
    trace(frame, line.partner.x, line.partner.y);
    ctx.stroke();
    ctx.setLineDash([]);
  }
  if (line.x.length === 1 && Number.isFinite(line.y[0]) && line.weight !== "faded") {
    ctx.beginPath();
    ctx.arc(frame.px(line.x[0]), frame.py(line.y[0]), 3 * ratio, 0, 7);
    ctx.fillStyle = ctx.strokeStyle;
    ctx.fill();
  }
  ctx.lineWidth = ratio * (how.hovered ? bold + 0.9 : bold);
  trace(frame, line.x, line.y);
  ctx.stroke();
  drawEnd(frame, line);
  ctx.globalAlpha = 1;
}

/** Where a line that blew up leaves the frame, or ends within it. @param {Frame} frame @param {import("./lines.js").Line} line @param {number} last */
function leaving({ px, py, top }, line, last) {
  const out = line.y.findIndex((y, i) => i <= last && Number.isFinite(y) && py(y) < top);
  if (out < 1 || !Number.isFinite(line.y[out - 1])) return px(line.x[out < 0 ? last : out]);
  const [before, after] = [py(line.y[out - 1]), py(line.y[out])];
  const share = (before - top) / Math.max(1e-9, before - after);
  return px(line.x[out - 1]) + share * (px(line.x[out]) - px(line.x[out - 1]));
}

/** How a line ended: a cross where it was cut, bars where it waits, a triangle at the edge where it blew up. @param {Frame} frame @param {import("./lines.js").Line} line */
function drawEnd(frame, line) {
  const { ctx, px, py, ratio, ink, top } = frame;
  let at = line.y.length - 1;
  while (at >= 0 && !Number.isFinite(line.y[at])) at -= 1;
  if (at < 0 && line.state !== "diverged") return;
  const x = line.state === "diverged" && at > 0 ? leaving(frame, line, at) : px(line.x[Math.max(at, 0)]);
  const y = at >= 0 ? Math.max(top + 5 * ratio, py(line.y[at])) : top + 5 * ratio;
  const r = 3.6 * ratio;
  ctx.lineWidth = 1.7 * ratio;
  ctx.strokeStyle = ctx.fillStyle = /** @type {string} */ (ctx.strokeStyle);
  ctx.beginPath();
  if (line.state === "stopped" || line.state === "failed") {
    ctx.moveTo(x - r, y - r);
    ctx.lineTo(x + r, y + r);
    ctx.moveTo(x + r, y - r);
    ctx.lineTo(x - r, y + r);
    ctx.stroke();
  } else if (line.state === "paused") {
    ctx.moveTo(x + r, y - r);
    ctx.lineTo(x + r, y + r);
    ctx.moveTo(x + 2.2 * r, y - r);
    ctx.lineTo(x + 2.2 * r, y + r);
    ctx.stroke();
  } else if (line.state === "diverged") {
    ctx.moveTo(x, y - r * 1.2);
    ctx.lineTo(x + r * 1.2, y + r);
    ctx.lineTo(x - r * 1.2, y + r);
    ctx.closePath();
    ctx.fillStyle = ink.panel;
    ctx.fill();
    ctx.stroke();
  } else if (line.state === "finished" && line.weight !== "faded") {
    ctx.arc(x, y, 2.4 * ratio, 0, 7);
    ctx.fill();
  }
}

/** Pixels beside the frame for the names of lines that reach its end; of few sizes, since another one makes the plot anew. @param {import("./lines.js").Line[]} lines */
export function namesRoom(lines) {
  const longest = lines.reduce((most, line) => Math.max(most, line.weight === "faded" ? 0 : line.name.length), 0);
  return longest <= 3 ? 32 : longest <= 5 ? 46 : 60;
}

/** Numbers at the ends of bright lines, where they do not cover each other. @param {Frame} frame @param {import("./lines.js").Line[]} lines */
export function drawNames(frame, lines) {
  const { ctx, px, py, ratio, left, width, top, height, dark } = frame;
  ctx.save();
  ctx.font = `600 ${10.5 * ratio}px system-ui, sans-serif`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  /** @type {[number, number][]} */
  const taken = [];
  const room = namesRoom(lines) * ratio;
  for (const line of lines) {
    let at = line.y.length - 1;
    while (at >= 0 && !Number.isFinite(line.y[at])) at -= 1;
    if (at < 0) continue;
    const text = line.name;
    const wide = ctx.measureText(text).width;
    const end = line.state === "diverged" && at > 0 ? leaving(frame, line, at) : px(line.x[at]);
    if (end < left || end > left + width + ratio) continue;
    const x = Math.min(end + 8 * ratio, left + width + room - wide);
    const y = Math.min(top + height - 6 * ratio, Math.max(top + 6 * ratio, py(line.y[at])));
    if (taken.some(([tx, ty]) => Math.abs(tx - x) < wide + 4 * ratio && Math.abs(ty - y) < 11 * ratio)) continue;
    taken.push([x, y]);
    ctx.fillStyle = trialColour(line.trial, dark);
    ctx.fillText(text, x, y);
  }
  ctx.restore();
}
