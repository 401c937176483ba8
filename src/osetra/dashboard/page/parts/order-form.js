// The form of an order that takes values: which, from where, until when; what it does is said below while it is typed.
import { html, useState } from "../lib.js";
import { useApp } from "../data/hooks.js";
import { nameText, number, oneLine, setting } from "../logic/format.js";
import { inForce, isActive, isNumeric, readValue } from "../logic/params.js";
import { sentence, stake, VERBS } from "../logic/wording.js";
import { Dialog } from "./dialog.js";
import { ParamField } from "./param-field.js";
import { atStake, newKey, sendOrder } from "./ordering.js";

/** @param {{verb: string, trial: any, study: any, onClose: () => void}} props */
export function OrderForm({ verb, trial, study, onClose }) {
  const app = useApp();
  const [values, setValues] = useState(/** @type {Record<string, any>} */ ({}));
  const [words, setWords] = useState(/** @type {Record<string, any>} */ ({}));
  const [why, setWhy] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const [key] = useState(newKey());
  const params = (study.params ?? []).filter((/** @type {any} */ p) => p.name in trial.config && isActive(p, trial.config) && p.kind !== "constant");
  const wrong = mistake(verb, values, words, params);
  const args = { ...words, ...values };
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (wrong) return setProblem(wrong);
    setBusy(true);
    try {
      await sendOrder(app, trial.trial, verb, args, why, key);
      onClose();
    } catch (error) {
      setProblem(/** @type {Error} */ (error).message);
      setBusy(false);
    }
    return undefined;
  };
  const word = (/** @type {string} */ name) => (/** @type {any} */ e) => {
    setProblem("");
    const text = e.target.value;
    const next = { ...words };
    if (text === "") delete next[name];
    else next[name] = name === "text" ? text : Number(text);
    setWords(next);
  };
  return html`<${Dialog} title=${`${VERBS[verb].label} — trial ${trial.trial}`} onClose=${onClose}><form onSubmit=${send}>
    <p class="note">${sentence(VERBS[verb].does)}.</p>
    ${(verb === "rollback" || verb === "branch") && html`<${StepField} trial=${trial} verb=${verb} value=${words.step} onInput=${word("step")} />`}
    ${verb === "extend" && html`<label class="field"><span>Until step${trial.step ? `, beyond ${number(trial.step)}` : ""}</span><input type="number" step="1" min=${(trial.step ?? 0) + 1} max=${study.steps ?? undefined} autofocus value=${words.until ?? ""} onInput=${word("until")} /></label>`}
    ${verb === "note" && html`<label class="field"><span>Note</span><textarea rows="3" maxlength="1000" autofocus value=${words.text ?? ""} onInput=${word("text")} /></label>`}
    ${["set", "scale", "branch", "rollback"].includes(verb) && html`<${Changes} verb=${verb} params=${params} trial=${trial} values=${values} onChange=${(/** @type {any} */ v) => { setProblem(""); setValues(v); }} />`}
    ${verb !== "note" && html`<label class="field"><span>Why (kept with the order)</span><input value=${why} maxlength="400" onInput=${(/** @type {any} */ e) => setWhy(e.target.value)} /></label>`}
    ${!wrong && html`<p class="stake">This ${stake({ verb, args }, atStake(app, trial.trial))}.</p>`}
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <p class="actions"><button type="submit" class="primary" disabled=${busy}>${busy ? "Sending…" : `${VERBS[verb].button} ${trial.trial}`}</button><button type="button" class="quiet" onClick=${onClose}>Leave it</button></p>
  </form><//>`;
}

/** @param {string} verb @param {Record<string, any>} values @param {Record<string, any>} words @param {any[]} params */
function mistake(verb, values, words, params) {
  const names = Object.keys(values);
  if ((verb === "set" || verb === "scale" || verb === "branch") && !names.length) return "change at least one value";
  if (verb === "note" && !String(words.text ?? "").trim()) return "there is nothing to note";
  if (verb === "extend" && !(words.until > 0)) return "say until which step";
  for (const name of names) {
    if (verb === "scale") {
      if (!(Number(values[name]) > 0)) return `${nameText(name)}: a factor above 0 is needed`;
      continue;
    }
    const param = params.find((one) => one.name === name);
    const read = param && readValue(param, values[name]);
    if (read?.problem && !(verb === "set" && read.outside)) return `${nameText(name)}: ${read.problem}`;
  }
  return "";
}

/** @param {{trial: any, verb: string, value: any, onInput: (event: any) => void}} props */
function StepField({ trial, verb, value, onInput }) {
  const steps = [...new Set((trial.checkpoints ?? []).map((/** @type {any} */ one) => one.step))].sort((/** @type {any} */ a, /** @type {any} */ b) => b - a);
  return html`<label class="field"><span>${verb === "branch" ? "From" : "To"} the checkpoint of step</span><select value=${value ?? ""} onChange=${onInput}>
    <option value="">${verb === "branch" ? "the latest, where the change allows it" : "the best one"}</option>
    ${verb === "branch" && html`<option value="0">the beginning</option>`}
    ${steps.map((step) => html`<option key=${step} value=${step}>${step}</option>`)}</select>
    ${!steps.length && html`<span>This training has kept no checkpoint yet.</span>`}</label>`;
}

/** @param {{verb: string, params: any[], trial: any, values: Record<string, any>, onChange: (values: Record<string, any>) => void}} props */
function Changes({ verb, params, trial, values, onChange }) {
  const force = inForce(trial);
  const can = verb === "scale" ? params.filter(isNumeric) : params;
  const rest = can.filter((param) => !(param.name in values));
  const drop = (/** @type {string} */ name) => onChange(Object.fromEntries(Object.entries(values).filter(([one]) => one !== name)));
  const add = (/** @type {any} */ e) => e.target.value && onChange({ ...values, [e.target.value]: verb === "scale" ? 0.3 : force[e.target.value] });
  return html`<div class="stack">${Object.keys(values).map((name) => {
    const param = can.find((one) => one.name === name);
    const set = (/** @type {any} */ value) => onChange({ ...values, [name]: value });
    const remove = html`<button type="button" class="quiet small" aria-label=${`Leave ${nameText(name)} as it is`} onClick=${() => drop(name)}>✕</button>`;
    if (verb === "scale") return html`<div key=${name} class="factor"><label class="field"><span>${nameText(name, 40)}, now ${setting(force[name])}, times</span><input type="number" step="any" min="0" value=${values[name]} onInput=${(/** @type {any} */ e) => set(e.target.value === "" ? "" : Number(e.target.value))} /></label>${remove}</div>`;
    return html`<div key=${name} class="factor"><${ParamField} param=${param} value=${values[name]} beyond=${verb === "set"} onChange=${set} />${remove}</div>`;
  })}
  ${rest.length > 0 && html`<label class="field"><span>Change</span><select value="" onChange=${add}><option value="">choose a hyperparameter</option>${rest.map((param) => html`<option key=${param.name} value=${param.name}>${nameText(param.name, 40)} (${oneLine(setting(force[param.name]), 30)})</option>`)}</select></label>`}</div>`;
}
