// A configuration: what differs from the default, from the best trial, and what is in force instead.
import { html } from "../lib.js";
import { useApp } from "../data/hooks.js";
import { exact, nameText, oneLine, setting } from "../logic/format.js";
import { beliefText, inForce, rangeText } from "../logic/params.js";
import { copyText, TrialLink } from "./marks.js";

/** @param {{trial: any, study: any}} props */
export function ConfigTable({ trial, study }) {
  const { say } = useApp();
  const changed = new Set(trial.changed);
  const best = new Map((trial.diff_best ?? []).map((/** @type {any} */ one) => [one.name, one.best]));
  const force = inForce(trial);
  const own = trial.best_trial === trial.trial || trial.best_trial == null;
  const copy = () => copyText(JSON.stringify(trial.config, null, 1)).then((done) => say(done ? "copied as JSON" : "the browser does not let this page copy"));
  const about = (/** @type {string} */ name) => (study.params ?? []).find((/** @type {any} */ p) => p.name === name);
  return html`<section class="sheet"><header><h2>Configuration<small>${changed.size} of ${Object.keys(trial.config).length} changed from the default</small></h2><button type="button" class="quiet" onClick=${copy}>Copy</button></header>
    <div class="inside scroll-x" tabIndex="0" role="region" aria-label="Configuration"><table class="plain config"><thead><tr><th>Name</th><th>Value</th>${!own && html`<th>Best, <${TrialLink} trial=${trial.best_trial} /></th>`}</tr></thead>
      <tbody>${Object.entries(trial.config).map(([name, value]) => {
        const param = about(name);
        const now = name in force && exact(force[name]) !== exact(value) ? force[name] : undefined;
        return html`<tr key=${name} class=${changed.has(name) ? "changed" : ""}>
          <td class="wrap-any" title=${oneLine(`${name}${param ? `: ${rangeText(param)}; default ${setting(param.default)}` : ""}`, 1500)}>${nameText(name, 40)}${param?.belief && html`<small class="belief">${beliefText(param)}</small>`}</td>
          <td title=${exact(value)}>${changed.has(name) ? html`<b>${oneLine(setting(value), 40)}</b>` : oneLine(setting(value), 40)}${now !== undefined ? html` <span class="tag changed">now ${oneLine(setting(now), 40)}</span>` : ""}</td>
          ${!own && html`<td class="muted wrap-any" title=${exact(best.get(name))}>${best.has(name) ? oneLine(setting(best.get(name)), 40) : "the same"}</td>`}</tr>`;
      })}</tbody></table></div></section>`;
}
