// One training, full screen, with the keys of osetra babysit.
import { html, useState } from "../lib.js";
import { useApp, useDocument, useNow } from "../data/hooks.js";
import { duration, nameText, number, numeric, oneLine, setting } from "../logic/format.js";
import { formatRoute } from "../logic/route.js";
import { inForce, readValue } from "../logic/params.js";
import { VERBS } from "../logic/wording.js";
import { useViewKeys } from "../parts/keys.js";
import { Key, State, TrialLink } from "../parts/marks.js";
import { askOrder, sendOrder } from "../parts/ordering.js";
import { Orders } from "../parts/orders.js";
import { Ready } from "../parts/states.js";
import { TrialCurves } from "../parts/trial-curves.js";

const STEP = 1.5;
const ENDED = ["finished", "stopped", "diverged", "failed"];
const RATES = ["lr", "learning_rate", "lr0", "eta"];

export function Panda() {
  const { route } = useApp();
  const name = `trials/${encodeURIComponent(route.arg)}`;
  const doc = useDocument(name);
  const study = useDocument("study").value;
  return html`<${Ready} doc=${doc} name=${name} what="training">${(/** @type {any} */ trial) => study && html`<${Screen} trial=${trial} study=${study} />`}<//>`;
}

/** @param {{trial: any, study: any}} props */
function Screen({ trial, study }) {
  const app = useApp();
  const now = useNow(1000);
  const [prompt, setPrompt] = useState("");
  const cockpit = useDocument("cockpit").value;
  const running = cockpit?.running.find((/** @type {any} */ one) => one.trial === trial.trial);
  const advice = cockpit?.findings.find((/** @type {any} */ one) => one.move?.trial === trial.trial && study.verbs?.includes(one.move.verb));
  const force = inForce(trial);
  const rate = rateName(force);
  const give = (/** @type {string} */ verb, /** @type {any} */ args = {}, why = "") => sendOrder(app, trial.trial, verb, args, why).catch((/** @type {Error} */ error) => app.say(error.message, "error"));
  const scale = (/** @type {number} */ factor) => (rate ? give("scale", { [rate]: factor }) : app.say(`this training has no learning rate among ${oneLine(Object.keys(force).map((one) => nameText(one, 28)).join(", "), 200)}`));
  const leave = () => app.go({ study: app.route.study, view: "trial", arg: String(trial.trial) });
  const press = (/** @type {string} */ key) => {
    if (key === "q" || key === "Escape") leave();
    else if (app.readOnly) return false;
    else if (key === "+" || key === "=") scale(STEP);
    else if (key === "-" || key === "_") scale(1 / STEP);
    else if (key === "p") give(trial.state === "paused" ? "resume" : "pause");
    else if (key === "b") give("rollback");
    else if (key === "s") askOrder(app, trial.trial, "stop");
    else if (key === "f" || key === "n") setPrompt(key);
    else if (key === "a") (advice ? give(advice.move.verb, advice.move.args ?? {}, advice.text) : app.say("there is no advice to follow now"));
    else return false;
    return true;
  };
  useViewKeys((key) => !prompt && press(key));
  return html`<div class="panda">
    <${PandaHead} trial=${trial} running=${running} />
    <${Values} trial=${trial} study=${study} force=${force} rate=${rate} />
    <${TrialCurves} trial=${trial} study=${study} height=${Math.max(240, innerHeight - 430)} plain=${true} />
    ${advice && html`<p class="panda-advice"><span aria-hidden="true">→</span> ${oneLine(advice.text, 300)} ${!app.readOnly && html`<button type="button" class="primary" onClick=${() => press("a")}><${Key} keys="a" /> ${oneLine(advice.move.text, 80)}</button>`}</p>`}
    ${prompt && html`<${Prompt} kind=${prompt} trial=${trial} study=${study} give=${give} onClose=${() => setPrompt("")} />`}
    ${trial.orders.length > 0 && html`<${Orders} trial=${trial} now=${now} most=${4} />`}
    <${KeyLine} trial=${trial} press=${press} readOnly=${app.readOnly} />
  </div>`;
}

/** @param {{trial: any, running: any}} props */
function PandaHead({ trial, running }) {
  const [step, of] = [running?.step ?? trial.step ?? 0, running?.of ?? trial.of];
  const pace = running?.interval_seconds;
  const left = pace && of && step < of ? `about ${duration(pace * (of - step))} left` : "";
  return html`<header class="panda-head"><h2><small>Trial</small> <${TrialLink} trial=${trial.trial} /></h2><${State} state=${trial.state} />
    <span>step <b>${number(step)}</b>${of ? ` of ${number(of)}` : ""}</span>${of ? html`<progress max="1" value=${Math.min(1, step / of)} aria-label="Share of its steps" />` : ""}<span class="muted">${left}</span></header>`;
}

/** @param {{trial: any, study: any, force: any, rate: string|null}} props */
function Values({ trial, study, force, rate }) {
  // Of several folds the one that is trained now, or was last.
  const curveOf = (/** @type {string} */ metric) => /** @type {any} */ (Object.values(trial.curves?.[metric] ?? {}).pop());
  const last = (/** @type {string} */ metric) => { const curve = curveOf(metric); return curve?.[1][curve[1].length - 1]; };
  const own = curveOf(study.metric);
  const folds = Object.keys(trial.curves?.[study.metric] ?? {}).length;
  const fold = folds > 1 ? `, fold ${folds}` : "";
  const sign = study.direction === "maximize" ? -1 : 1;
  let best = -1;
  own?.[1].forEach((/** @type {any} */ v, /** @type {number} */ i) => { if (Number.isFinite(v) && (best < 0 || sign * v < sign * own[1][best])) best = i; });
  const changed = Object.keys(force).filter((name) => name === rate || force[name] !== trial.config[name]);
  return html`<dl class="trial-figures panda-values">
    ${folds > 1 && trial.value != null && html`<div><dt>mean of ${folds} folds</dt><dd>${number(trial.value)}</dd></div>`}
    <div><dt>${nameText(study.metric, 40)}${fold}</dt><dd>${number(last(study.metric))}</dd></div>
    ${best >= 0 && html`<div><dt>best${fold}, step ${number(own[0][best])}</dt><dd>${number(own[1][best])}</dd></div>`}
    ${Object.keys(trial.curves ?? {}).filter((name) => name !== study.metric).slice(0, 3).map((name) => html`<div key=${name}><dt>${nameText(name, 40)}</dt><dd>${number(last(name))}</dd></div>`)}
    ${changed.map((name) => html`<div key=${name}><dt>${nameText(name, 40)}</dt><dd>${oneLine(setting(force[name]), 40)} <small class="muted">${sinceStart(trial.config[name], force[name])}</small></dd></div>`)}</dl>`;
}

/** @param {any} began @param {any} now */
function sinceStart(began, now) {
  if (began === now) return "as it began";
  const [a, b] = [numeric(began), numeric(now)];
  return a && Number.isFinite(b / a) ? `${number(b / a, 3)} × the ${setting(began)} it began with` : `began with ${setting(began)}`;
}

/** @param {{kind: string, trial: any, study: any, give: any, onClose: () => void}} props */
function Prompt({ kind, trial, study, give, onClose }) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!text.trim()) return onClose();
    if (kind === "n") {
      give("note", { text: text.trim() });
      return onClose();
    }
    const { args, wrong } = readPairs(text, study, trial);
    if (wrong) return setProblem(wrong);
    give("branch", args);
    return onClose();
  };
  return html`<form class="prompt" onSubmit=${send}><label>${kind === "n" ? "note:" : "branch with NAME=VALUE:"} <input autofocus ref=${(/** @type {any} */ el) => el?.focus()} value=${text} onInput=${(/** @type {any} */ e) => { setText(e.target.value); setProblem(""); }} onKeyDown=${(/** @type {any} */ e) => e.key === "Escape" && onClose()} /></label>
    ${problem && html`<span class="problem" role="alert">${problem}</span>`}</form>`;
}

/** "lr=0.01 units=64" as an order's arguments. @param {string} text @param {any} study @param {any} trial */
function readPairs(text, study, trial) {
  /** @type {Record<string, any>} */
  const args = {};
  for (const word of text.trim().split(/\s+/)) {
    const [name, value] = [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)];
    if (!word.includes("=") || !(name in trial.config)) return { args, wrong: `${nameText(word)}: write NAME=VALUE with one of ${oneLine(Object.keys(trial.config).map((one) => nameText(one, 28)).join(", "), 300)}` };
    const param = study.params.find((/** @type {any} */ one) => one.name === name);
    const read = param ? readValue(param, value) : { value, problem: "" };
    if (read.problem) return { args, wrong: `${nameText(name)}: ${read.problem}` };
    args[name] = read.value;
  }
  return { args, wrong: "" };
}

/** @param {{trial: any, press: (key: string) => any, readOnly: boolean}} props */
function KeyLine({ trial, press, readOnly }) {
  const { route } = useApp();
  const back = formatRoute({ study: route.study, view: "trial", arg: String(trial.trial) });
  const over = ENDED.includes(trial.state);
  const keys = readOnly ? [] : [["+", "lr × 1.5", "scale"], ["-", "lr ÷ 1.5", "scale"], ["p", trial.state === "paused" ? "go on" : "pause", "pause"], ["b", "back to best", "rollback"], ["f", "branch", "branch"], ["s", "stop", "stop"], ["n", "note", "note"]];
  return html`<footer class="key-line">${keys.map(([key, does, verb]) => html`<button key=${key} type="button" class="quiet" disabled=${over && verb !== "branch" && verb !== "note"} title=${VERBS[verb].does} onClick=${() => press(key)}><${Key} keys=${key === "-" ? "−" : key} /> ${does}</button>`)}
    <a href=${back}><${Key} keys="q" /> leave</a><span class="muted">${readOnly ? "this page only shows it" : "orders are obeyed at the training's next report"}</span></footer>`;
}

/** The name of the learning rate among values. @param {Record<string, any>} values */
function rateName(values) {
  return RATES.find((name) => typeof values[name] === "number") ?? Object.keys(values).find((name) => /(^|[._])(lr|learning_rate)$/.test(name) && typeof values[name] === "number") ?? null;
}
