// Points on a canvas with the nearest one under the pointer: slices and histories are made of them.
import { html, useRef, useState } from "../lib.js";
import { useApp } from "../data/hooks.js";
import { Canvas } from "./canvas.js";
import { drawFrame } from "../plots/axes.js";
import { Tip } from "./tip.js";

/** @typedef {{x: number, y: number, trial: number, text: string, colour?: string, hollow?: boolean, size?: number}} Point */

/**
 * @param {{height: number, x: any, y: any, points: Point[], label: string, chosen: number[], under?: (paper: any, frame: any) => void, over?: (paper: any, frame: any) => void, room?: any, size?: number}} props
 */
export function Scatter({ height, x, y, points, label, chosen, under, over, room, size = 3 }) {
  const { go, route } = useApp();
  const [hover, setHover] = useState(/** @type {any} */ (null));
  const frame = useRef(/** @type {any} */ (null));
  const near = (/** @type {number} */ mx, /** @type {number} */ my) => {
    let [found, least] = [/** @type {Point|null} */ (null), 14];
    for (const point of points) {
      if (!frame.current || !Number.isFinite(point.x) || !Number.isFinite(point.y)) continue;
      const far = Math.hypot(frame.current.px(point.x) - mx, frame.current.py(clamp(point.y)) - my);
      if (far < least) [found, least] = [point, far];
    }
    return found;
  };
  const on = {
    move: (/** @type {number} */ mx, /** @type {number} */ my, /** @type {any} */ e) => { const point = near(mx, my); setHover(point && { point, x: e.clientX, y: e.clientY }); },
    leave: () => setHover(null),
    click: (/** @type {number} */ mx, /** @type {number} */ my) => { const point = near(mx, my); if (point) go({ study: route.study, view: "trial", arg: String(point.trial) }); },
  };
  const marked = new Set(chosen);
  const draw = (/** @type {any} */ paper) => {
    const made = (frame.current = drawFrame(paper, x, y, room));
    const { ctx, ink } = paper;
    under?.(paper, made);
    for (const point of points) {
      if (!Number.isFinite(point.x) || !Number.isFinite(point.y)) continue;
      const lit = marked.has(point.trial) || hover?.point === point;
      ctx.globalAlpha = marked.size && !lit ? 0.25 : points.length > 400 ? 0.5 : 0.85;
      ctx.beginPath();
      ctx.arc(made.px(point.x), made.py(clamp(point.y)), (point.size ?? size) + (lit ? 1.5 : 0), 0, 7);
      ctx.fillStyle = ctx.strokeStyle = point.colour ?? ink.accent;
      if (point.hollow) {
        ctx.lineWidth = 1.3;
        ctx.stroke();
      } else ctx.fill();
    }
    ctx.globalAlpha = 1;
    over?.(paper, made);
  };
  return html`<${Canvas} height=${height} draw=${draw} on=${on} label=${label} cursor=${hover ? "pointer" : "default"} />
    ${hover && html`<${Tip} x=${hover.x} y=${hover.y}><div><strong>Trial ${hover.point.trial}</strong></div><div>${hover.point.text}</div><//>`}`;
}

/** What lies beyond an end stands on it. @param {number} unit */
function clamp(unit) {
  return Math.min(1.02, Math.max(-0.02, unit));
}
