// A trial of one's own: every hyperparameter with its range, from the default, the best, or another trial.
import { html, useEffect, useState } from "../lib.js";
import { useApp, useDocument } from "../data/hooks.js";
import { exact, nameText, oneLine, setting } from "../logic/format.js";
import { initialValues, isActive, readValue } from "../logic/params.js";
import { formatRoute, parseNumbers } from "../logic/route.js";
import { Message, Ready } from "../parts/states.js";
import { ParamField } from "../parts/param-field.js";
import { askQueue } from "../parts/ordering.js";

export function NewTrial() {
  const { route, readOnly } = useApp();
  const from = parseNumbers(route.query.from)[0];
  const doc = useDocument("study");
  const parent = useDocument(from ? `trials/${from}` : "");
  if (readOnly) return html`<${Message} title="Nothing can be queued here"><p>This page only shows the study. <code>osetra enqueue</code> queues a configuration.</p><//>`;
  if (from && parent.loading && !parent.value) return null;
  return html`<${Ready} doc=${doc} name="study" what="study">${(/** @type {any} */ study) => html`<${Form} study=${study} parent=${parent.value} />`}<//>`;
}

/** @param {{study: any, parent: any}} props */
function Form({ study, parent }) {
  const app = useApp();
  const params = study.params ?? [];
  const best = useDocument("cockpit").value?.best;
  const [values, setValues] = useState(() => initialValues(params, parent?.config ?? null));
  const [problem, setProblem] = useState("");
  useEffect(() => setProblem(""), [values]);
  const active = params.filter((/** @type {any} */ param) => isActive(param, values));
  const wrong = active.map((/** @type {any} */ param) => ({ param, ...readValue(param, values[param.name]) })).find((/** @type {any} */ one) => one.problem);
  const base = parent?.config ?? null;
  const changed = active.filter((/** @type {any} */ p) => exact(values[p.name]) !== exact(base ? base[p.name] : p.default));
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (wrong) return setProblem(`${nameText(wrong.param.name)}: ${wrong.problem}`);
    const config = Object.fromEntries(active.filter((/** @type {any} */ p) => p.kind !== "constant").map((/** @type {any} */ p) => [p.name, readValue(p, values[p.name]).value]));
    const words = changed.slice(0, 12).map((/** @type {any} */ p) => `${nameText(p.name)} = ${oneLine(setting(values[p.name]), 40)}`).join(", ");
    const like = parent ? `like trial ${parent.trial}` : "with the defaults";
    askQueue(app, config, `queues a new trial ${like}${words ? `, but ${words}${changed.length > 12 ? ` and ${changed.length - 12} more` : ""}` : ""}; it is tried before everything that the searcher suggests`);
    return undefined;
  };
  const start = (/** @type {Record<string, any>|null} */ config) => setValues(initialValues(params, config));
  return html`<form class="new-trial" onSubmit=${send}>
    <header class="stack"><h2>${parent ? `A trial like ${parent.trial}, with changes` : "A trial of your own"}</h2>
      <p class="actions"><span class="muted">Begin with</span><button type="button" onClick=${() => start(null)}>the defaults</button>
        ${best && html`<button type="button" onClick=${() => start(best.config)}>the best, trial ${best.trial}</button>`}
        ${parent && html`<button type="button" onClick=${() => start(parent.config)}>trial ${parent.trial}</button>`}</p></header>
    <div class="params">${params.map((/** @type {any} */ param, /** @type {number} */ i) => isActive(param, values) && html`<div key=${i} class="param"><${ParamField} param=${param} value=${values[param.name]}
      mark=${changed.includes(param) ? `${base ? "was" : "default"} ${oneLine(setting(base ? base[param.name] : param.default), 40)}` : ""} onChange=${(/** @type {any} */ v) => setValues({ ...values, [param.name]: v })} /></div>`)}</div>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <p class="actions"><button type="submit" class="primary">Queue it…</button><a href=${formatRoute({ study: app.route.study, view: "trials" })}>Back to the trials</a>
      <span class="muted">${changed.length ? `${changed.length} changed` : "nothing is changed yet"}</span></p>
  </form>`;
}
