// Colours: one for a trial wherever it is drawn, and a colour with a shape for every state.

/** Okabe and Ito's colours, which the colour-blind tell apart, in tones for paper and for a dark ground. */
const LIGHT = ["#0072b2", "#d55e00", "#00845f", "#b0528a", "#a97000", "#2a8fc7", "#7a5cc0", "#5f6b00"];
const DARK = ["#4aa8e0", "#ff8a4a", "#2fc79b", "#e39ac4", "#f0b93a", "#8fd0f5", "#b9a2f2", "#c6cf5a"];

/** @param {number} trial @param {boolean} dark */
export function trialColour(trial, dark) {
  const colours = dark ? DARK : LIGHT;
  return colours[(trial - 1) % colours.length];
}

export const COLOURS = LIGHT.length;

/** The shape of every state, drawn in a square of 12. */
export const SHAPES = /** @type {Record<string, {path: string, fill: boolean}>} */ ({
  queued: { path: "M6 1.5a4.5 4.5 0 1 0 .01 0z", fill: false },
  running: { path: "M3 1.5 10.5 6 3 10.5z", fill: true },
  paused: { path: "M2.5 1.5h2.5v9h-2.5zM7 1.5h2.5v9h-2.5z", fill: true },
  finished: { path: "M6 1.5a4.5 4.5 0 1 0 .01 0z", fill: true },
  stopped: { path: "M2 2h8v8h-8z", fill: true },
  diverged: { path: "M6 1.5 11 10.5H1z", fill: false },
  failed: { path: "M2 2 10 10M10 2 2 10", fill: false },
});

/** @param {string} state */
export function shapeOf(state) {
  return SHAPES[state] ?? SHAPES.queued;
}

/** A colour between two ends for a share, for rankings and models. @param {number} share 0 … 1 @param {boolean} dark */
export function rampColour(share, dark) {
  // Viridis without its yellowest and darkest ends, so that both themes keep contrast.
  const stops = dark
    ? [[253, 216, 72], [94, 201, 120], [44, 160, 150], [66, 116, 170], [98, 84, 160]]
    : [[62, 42, 110], [52, 94, 141], [33, 144, 140], [90, 182, 90], [196, 190, 50]];
  const x = Math.min(0.9999, Math.max(0, Number.isFinite(share) ? share : 1)) * (stops.length - 1);
  const [a, b] = [stops[Math.floor(x)], stops[Math.floor(x) + 1]];
  const mix = a.map((v, i) => Math.round(v + (b[i] - v) * (x % 1)));
  return `rgb(${mix.join(",")})`;
}
