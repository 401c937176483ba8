// Compare trials: only what differs, and their curves side by side.
import { html } from "../lib.js";
import { useApp, useDocument, useQuery } from "../data/hooks.js";
import { duration, exact, nameText, number, oneLine, setting } from "../logic/format.js";
import { differences } from "../logic/params.js";
import { parseNumbers } from "../logic/route.js";
import { Message, Ready } from "../parts/states.js";
import { Figure, State, TrialLink } from "../parts/marks.js";
import { Controls, curvesPath } from "../parts/curves-panel.js";
import { Curves } from "../parts/curves.js";

export function Compare() {
  const [query, set] = useQuery();
  const study = useDocument("study").value;
  const trials = useDocument("trials").value;
  const best = useDocument("cockpit").value?.best;
  const chosen = parseNumbers(query.sel);
  if (!study || !trials) return null;
  const known = chosen.filter((trial) => trials.numbers.includes(trial)).slice(0, 20);
  if (known.length < 2) {
    const order = trials.numbers.filter((/** @type {any} */ _, /** @type {number} */ i) => trials.rank?.[i] != null).sort((/** @type {number} */ a, /** @type {number} */ b) => trials.rank[trials.numbers.indexOf(a)] - trials.rank[trials.numbers.indexOf(b)]);
    return html`<${Message} title="Choose what to compare"><p>Select two trials or more in the table, on a curve or in the search; they stay selected wherever you go.</p>
      ${order.length > 1 && html`<p><button type="button" class="primary" onClick=${() => set({ sel: order.slice(0, 3).join(",") })}>Compare the best ${Math.min(3, order.length)}</button></p>`}<//>`;
  }
  return html`<${Side} study=${study} trials=${trials} chosen=${known} best=${best} query=${query} set=${set} />`;
}

/** @param {{study: any, trials: any, chosen: number[], best: any, query: any, set: any}} props */
function Side({ study, trials, chosen, best, query, set }) {
  const { dark } = useApp();
  const metric = query.m ?? study.metric;
  const name = curvesPath(metric, chosen.join(","));
  const doc = useDocument(name);
  const how = { by: /** @type {any} */ (query.x ?? "step"), log: query.log ?? "auto", smoothing: Number(query.ema ?? 0), chosen, top: 99, train: query.train !== "0" };
  return html`<div class="stack"><${Differences} study=${study} trials=${trials} chosen=${chosen} best=${best} query=${query} set=${set} key=${dark ? "dark" : "light"} />
    <section class="sheet curves-sheet"><header><h2>Curves</h2><${Controls} study=${study} query=${query} set=${set} partner=${doc.value?.partner} /></header>
      <div class="inside"><${Ready} doc=${doc} name=${name} what="curves">${(/** @type {any} */ value) => html`<${Curves} doc=${value} trials=${trials} how=${how} height=${380} />`}<//></div></section></div>`;
}

/** @param {{study: any, trials: any, chosen: number[], best: any, query: any, set: any}} props */
function Differences({ study, trials, chosen, best, query, set }) {
  const rows = chosen.map((trial) => trials.numbers.indexOf(trial));
  const configs = rows.map((row) => Object.fromEntries(Object.keys(trials.config).filter((name) => trials.config[name][row] != null).map((name) => [name, trials.config[name][row]])));
  const all = query.all === "1";
  const differ = differences(configs);
  const names = all ? Object.keys(trials.config) : differ;
  const good = rows.map((row) => trials.value[row]).filter(Number.isFinite);
  const top = study.direction === "maximize" ? Math.max(...good) : Math.min(...good);
  const without = (/** @type {number} */ trial) => set({ sel: chosen.filter((one) => one !== trial).join(",") });
  const figures = [
    ["State", (/** @type {number} */ row) => html`<${State} state=${trials.state[row]} />`],
    [study.metric, (/** @type {number} */ row) => html`<span class=${trials.value[row] === top ? "first" : ""}><${Figure} value=${trials.value[row]} /></span>`],
    ["Steps", (/** @type {number} */ row) => number(trials.steps?.[row])],
    ["Time", (/** @type {number} */ row) => duration(trials.seconds?.[row])],
    ["Why it ended", (/** @type {number} */ row) => html`<span class="wrap-any">${oneLine(trials.reason?.[row] || "–", 160)}</span>`],
  ];
  return html`<section class="sheet"><header><h2>What differs<small>${differ.length} of ${Object.keys(trials.config).length} hyperparameters</small></h2>
      <label class="check"><input type="checkbox" checked=${all} onChange=${(/** @type {any} */ e) => set({ all: e.target.checked ? "1" : null })} /> all of them</label></header>
    <div class="inside scroll-x" tabIndex="0" role="region" aria-label="What differs"><table class="plain compare"><thead><tr><th />${chosen.map((trial) => html`<th key=${trial}><${TrialLink} trial=${trial} />${trial === best?.trial ? html` <span class="tag changed">best</span>` : ""}
        <button type="button" class="quiet small" aria-label=${`Leave trial ${trial} out`} onClick=${() => without(trial)}>✕</button></th>`)}</tr></thead>
      <tbody>${figures.map(([label, show]) => html`<tr key=${label}><th scope="row">${nameText(label, 40)}</th>${rows.map((row) => html`<td key=${row}>${/** @type {any} */ (show)(row)}</td>`)}</tr>`)}
        ${names.map((name) => html`<tr key=${name} class=${differ.includes(name) ? "changed" : ""}><th scope="row" title=${name}>${nameText(name)}</th>${configs.map((config, i) => html`<td key=${i} title=${exact(config[name])}>${config[name] === undefined ? html`<span class="none">–</span>` : oneLine(setting(config[name]), 60)}</td>`)}</tr>`)}</tbody></table></div></section>`;
}
