// Small marks: a state as a shape with its colour, a trial as its number with its colour, a number with its whole value.
import { html } from "../lib.js";
import { useApp } from "../data/hooks.js";
import { ago, clock, exact, moment, number } from "../logic/format.js";
import { formatRoute } from "../logic/route.js";
import { shapeOf, trialColour } from "../logic/palette.js";
import { STATES } from "../logic/wording.js";

/** @param {{state: string}} props */
export function Shape({ state }) {
  const { path, fill } = shapeOf(state);
  return html`<svg class=${`shape is-${state} ${fill ? "full" : "hollow"}`} viewBox="0 0 12 12" aria-hidden="true"><path d=${path} /></svg>`;
}

/** @param {{state: string, short?: boolean}} props */
export function State({ state, short = false }) {
  return stateMark(state, short);
}

/** The same without a component, for where there are thousands. @param {string} state */
export function stateMark(state, short = false) {
  return html`<span class="state" title=${STATES[state] ?? ""}>${Shape({ state })}${short ? html`<span class="unseen">${state}</span>` : state}</span>`;
}

/** A trial's number, in its colour, leading to its page. @param {{trial: number, view?: string}} props */
export function TrialLink({ trial, view = "trial" }) {
  const { route, dark } = useApp();
  return trialLink(route.study, trial, dark, view);
}

/** The same without a component. @param {string} study @param {number} trial @param {boolean} dark */
export function trialLink(study, trial, dark, view = "trial") {
  const href = formatRoute({ study, view, arg: String(trial), query: {} });
  return html`<a class="trial-link" href=${href}><i class="dot" style=${{ background: trialColour(trial, dark) }} />${trial}</a>`;
}

/** A number with its meaningful digits; a click copies all of them. @param {{value: any, unit?: string, digits?: number}} props */
export function Figure({ value, unit = "", digits = 4 }) {
  const { say } = useApp();
  const whole = exact(value);
  const copy = () => copyText(whole).then((done) => say(done ? `copied ${whole}` : "the browser does not let this page copy"));
  if (value == null) return html`<span class="figure none">–</span>`;
  return html`<button type="button" class="figure" title=${`${whole} — click copies`} onClick=${copy}>${number(value, digits)}${unit && html`<small>${unit}</small>`}</button>`;
}

/** @param {string} text @returns {Promise<boolean>} */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** A moment with its age. @param {{at: number|null|undefined, now: number}} props */
export function When({ at, now }) {
  if (at == null) return html`<span class="none">–</span>`;
  return html`<time title=${moment(at)}>${now - at < 3600 * 12 ? ago(at, now) : clock(at, now)}</time>`;
}

/** @param {{keys: string}} props */
export function Key({ keys }) {
  return html`<kbd>${keys}</kbd>`;
}
