// A canvas as wide as its place, sharp on every screen, drawn once a frame at most.
import { html, useEffect, useLayoutEffect, useRef } from "../lib.js";
import { useApp } from "../data/hooks.js";

/** @typedef {{ctx: CanvasRenderingContext2D, width: number, height: number, ink: Record<string, string>, dark: boolean}} Paper */

/** Tones by theme: asking for them lets the browser work out every style. @type {Map<string|undefined, Record<string, string>>} */
const known = new Map();

/** The theme's tones as canvases need them. @returns {Record<string, string>} */
export function inks() {
  const theme = document.documentElement.dataset.theme;
  const found = known.get(theme) ?? read();
  if (found.ink) known.set(theme, found);
  return found;
}

/** @returns {Record<string, string>} */
function read() {
  const style = getComputedStyle(document.documentElement);
  const names = ["ink", "ink-2", "ink-3", "line", "line-2", "ground", "panel", "accent", "running", "finished", "stopped", "paused", "diverged", "failed", "queued", "lost", "interrupted", "rewound"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/** Pixels of a canvas at most. */
const WIDEST = 32_000;

export const FONT = '11.5px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

/**
 * @param {{height: number, draw: (paper: Paper) => void, label: string, on?: Record<string, (x: number, y: number, event: any) => void>,
 *   cursor?: string, tabIndex?: number, onKeyDown?: (event: any) => void}} props
 */
export function Canvas({ height, draw, label, on = {}, cursor = "default", tabIndex, onKeyDown }) {
  const { dark } = useApp();
  const ref = useRef(/** @type {HTMLCanvasElement|null} */ (null));
  const latest = useRef({ draw, dark });
  latest.current = { draw, dark };
  const queued = useRef(0);
  const paint = () => {
    if (queued.current) return;
    queued.current = requestAnimationFrame(() => {
      queued.current = 0;
      if (ref.current) paintOn(ref.current, height, latest.current);
    });
  };
  useLayoutEffect(() => {
    const canvas = ref.current;
    if (!canvas?.parentElement) return undefined;
    const watcher = new ResizeObserver(paint);
    watcher.observe(canvas.parentElement);
    return () => {
      watcher.disconnect();
      cancelAnimationFrame(queued.current);
      queued.current = 0;
    };
  }, []);
  useEffect(paint);
  const at = (/** @type {string} */ name) => (/** @type {any} */ event) => {
    const box = event.currentTarget.getBoundingClientRect();
    on[name]?.(event.clientX - box.left, event.clientY - box.top, event);
  };
  return html`<canvas ref=${ref} class="paper" role="img" aria-label=${label} tabIndex=${tabIndex} onKeyDown=${onKeyDown}
    style=${{ cursor, height: `${height}px` }} onPointerDown=${at("down")} onPointerMove=${at("move")} onPointerUp=${at("up")}
    onPointerLeave=${at("leave")} onClick=${at("click")} onDblClick=${at("double")} />`;
}

/** @param {HTMLCanvasElement} canvas @param {number} height @param {{draw: (paper: Paper) => void, dark: boolean}} how */
function paintOn(canvas, height, how) {
  const width = canvas.clientWidth;
  if (!width) return;
  // Browsers leave wider canvases empty, such as that of 200 axes on a sharp screen.
  const ratio = Math.min(window.devicePixelRatio || 1, WIDEST / width);
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  ctx.font = FONT;
  ctx.lineJoin = "round";
  how.draw({ ctx, width, height, ink: inks(), dark: how.dark });
}

/** @param {string} text @param {number} letters that stay @returns {string} */
function cutTo(text, letters) {
  const tail = letters >> 1;
  return `${text.slice(0, letters - tail)}…${tail ? text.slice(-tail) : ""}`;
}

/** Text cut to a width, in its middle: it is the ends that tell names and options apart. @param {CanvasRenderingContext2D} ctx @param {string} text @param {number} width */
export function fitText(ctx, text, width) {
  if (ctx.measureText(text).width <= width) return text;
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (ctx.measureText(cutTo(text, middle)).width <= width) low = middle;
    else high = middle - 1;
  }
  return low ? cutTo(text, low) : "";
}
