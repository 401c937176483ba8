// What can be ordered of a trial: buttons for what takes no values, forms for what does.
import { html, useState } from "../lib.js";
import { useApp } from "../data/hooks.js";
import { formatRoute } from "../logic/route.js";
import { VERBS, verbsFor } from "../logic/wording.js";
import { useViewKeys } from "./keys.js";
import { askOrder } from "./ordering.js";
import { OrderForm } from "./order-form.js";

const PLAIN = ["pause", "resume", "promote", "stop"];
const FORMS = ["set", "scale", "rollback", "branch", "extend", "note"];

/** @param {{trial: any, study: any}} props */
export function OrderBar({ trial, study }) {
  const app = useApp();
  const [form, setForm] = useState("");
  const allowed = app.readOnly ? [] : verbsFor(trial.state, study.verbs ?? [], { until: trial.until, scheduler: study.scheduler });
  const act = (/** @type {string} */ verb) => (FORMS.includes(verb) ? setForm(verb) : askOrder(app, trial.trial, verb));
  useViewKeys((key) => {
    const verb = /** @type {Record<string, string>} */ ({ s: "stop", p: trial.state === "paused" ? "resume" : "pause", b: "rollback", f: "branch" })[key];
    if (key === "w") app.go({ study: app.route.study, view: "panda", arg: String(trial.trial) });
    else if (verb && allowed.includes(verb)) (verb === "rollback" ? askOrder(app, trial.trial, "rollback") : act(verb));
    else return false;
    return true;
  });
  const watch = formatRoute({ study: app.route.study, view: "panda", arg: String(trial.trial) });
  const clone = formatRoute({ study: app.route.study, view: "new", query: { from: String(trial.trial) } });
  return html`<div class="order-bar actions">
    ${[...PLAIN, ...FORMS].filter((verb) => allowed.includes(verb)).map((verb) => html`<button key=${verb} type="button" title=${VERBS[verb].does} class=${VERBS[verb].heavy && verb === "stop" ? "danger" : ""} onClick=${() => act(verb)}>${VERBS[verb].label}${FORMS.includes(verb) ? "…" : ""}</button>`)}
    ${!app.readOnly && html`<a class="button" href=${clone} title="queue this configuration with changes">Clone…</a>`}
    <a class="button" href=${watch} title="this training alone, with the keys of osetra babysit">Watch alone</a>
    ${form && html`<${OrderForm} verb=${form} trial=${trial} study=${study} onClose=${() => setForm("")} />`}
  </div>`;
}
