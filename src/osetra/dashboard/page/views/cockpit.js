// Cockpit: is it going well? The best so far with its honest interval, what is spent, what runs, what happened and why.
import { html, useEffect, useState } from "../lib.js";
import { useApp, useDocument, useNow } from "../data/hooks.js";
import { duration, exact, nameText, number, oneLine, percent, prose, setting } from "../logic/format.js";
import { formatRoute } from "../logic/route.js";
import { sentence } from "../logic/wording.js";
import { Message, Ready } from "../parts/states.js";
import { Figure, Shape, State, TrialLink, When } from "../parts/marks.js";
import { Spark } from "../parts/spark.js";
import { CurvesPanel, curvesPath } from "../parts/curves-panel.js";
import { FrontHeadline } from "../parts/front.js";
import { Findings } from "../parts/findings.js";
import { Remembered } from "../parts/remembered.js";
import { TargetButton } from "../parts/target.js";

/** Trainings at work that are listed at first. */
const FEW = 12;
const ORDER = ["running", "queued", "paused", "finished", "stopped", "diverged", "failed"];

export function Cockpit() {
  const doc = useDocument("cockpit");
  const study = useDocument("study").value;
  const { data, route } = useApp();
  const curves = study ? curvesPath(route.query.m ?? study.metric, "auto") : "";
  // The curves are asked for beside the cockpit, and not once it is there.
  useEffect(() => (curves && data ? data.watch(curves, () => {}) : undefined), [data, curves]);
  return html`<${Ready} doc=${doc} name="cockpit" what="cockpit">${(/** @type {any} */ cockpit) => html`<${Board} cockpit=${cockpit} />`}<//>`;
}

/** @param {{cockpit: any}} props */
function Board({ cockpit }) {
  const study = useDocument("study").value;
  const total = Object.values(cockpit.counts).reduce((/** @type {number} */ a, /** @type {any} */ b) => a + b, 0);
  if (!study) return null;
  if (!total) return html`<${EmptyStudy} study=${study} />`;
  return html`<div class="cockpit">
    <section class="headline" aria-label="The study in figures">
      ${study.objectives?.length > 1 ? html`<${FrontHeadline} study=${study} />` : html`<${Best} best=${cockpit.best} study=${study} counts=${cockpit.counts} />`}
      <${Progress} cockpit=${cockpit} study=${study} />
      <${Counts} counts=${cockpit.counts} />
    </section>
    ${cockpit.experience && html`<p class="note learnt wrap-any">${sentence(cockpit.experience, 600)}</p>`}
    <div class="cockpit-main"><${CurvesPanel} study=${study} changed=${cockpit.best?.changed ?? []} />
      <${Running} running=${cockpit.running} study=${study} now=${cockpit.now} /></div>
    <div class="cockpit-side"><${Findings} findings=${cockpit.findings} study=${study} /><${Recent} recent=${cockpit.recent} now=${cockpit.now} /><${Remembered} attrs=${study.attrs} /></div>
  </div>`;
}

/** @param {{study: any}} props */
function EmptyStudy({ study }) {
  const { route, readOnly } = useApp();
  return html`<${Message} title="No trial yet">
    <p>${oneLine(study.name, 120)} has been opened and waits for its first trial. The page shows it by itself as soon as it begins.</p>
    ${!readOnly && html`<p><a href=${formatRoute({ study: route.study, view: "new" })}>Queue a configuration</a> to begin with one of your own.</p>`}<//>`;
}

/** @param {{best: any, study: any, counts: Record<string, number>}} props */
function Best({ best, study, counts }) {
  const word = study.direction === "maximize" ? "Highest" : "Lowest";
  if (!best) {
    const ended = ["finished", "stopped", "diverged", "failed"].reduce((sum, state) => sum + (counts[state] ?? 0), 0);
    const bad = (counts.failed ?? 0) + (counts.diverged ?? 0);
    const why = ended && bad === ended ? `All ${ended} trials that ended failed or diverged; the list of what happened says why.` : "No trial has finished yet.";
    return html`<div class="best"><h2 title=${study.metric}>${word} ${nameText(study.metric)}</h2><p class="best-value none">–</p><p class="note">${why}</p></div>`;
  }
  const interval = best.low == null
    ? "One run: how far seeds lie apart is not known yet."
    : html`95 % interval <strong>${number(best.low)}</strong> to <strong>${number(best.high)}</strong>, ${best.seeds ? `from ${best.seeds} fresh seed${best.seeds === 1 ? "" : "s"}` : "from how far seeds of other trials lie apart"}`;
  return html`<div class="best"><h2 title=${study.metric}>${word} ${nameText(study.metric)}</h2>
    <p class="best-value"><${Figure} value=${best.value} digits=${4} /><span class="best-trial">trial <${TrialLink} trial=${best.trial} /></span></p>
    <p class="note">${interval}</p>
    ${best.changed.length > 0 && html`<p class="best-config">${best.changed.slice(0, 6).map((/** @type {string} */ name) => html`<span class="pair" key=${name} title=${`${name} = ${exact(best.config[name])}`}><span>${nameText(name, 28)}</span> ${oneLine(setting(best.config[name]), 28)}</span>`)}</p>`}
  </div>`;
}

/** @param {{cockpit: any, study: any}} props */
function Progress({ cockpit, study }) {
  const { progress } = cockpit;
  const spent = progress.spent ?? {};
  const share = progress.share == null ? null : Math.min(1, progress.share);
  return html`<div class="budget"><h2>Budget</h2>
    <p class="budget-value">${number(spent.trials)}${progress.target ?? study.target ? html`<small> of ${number(progress.target ?? study.target)} trials</small>` : html`<small> trials ended</small>`}</p>
    ${share !== null && html`<progress max="1" value=${share} aria-label="Share of the budget that is spent" />`}
    <p class="note">${[
      share !== null && `${percent(share)} spent`,
      spent.trainings > 0 && `${number(spent.trainings, 3)} full trainings`,
      spent.seconds != null && `${duration(spent.seconds)} of work`,
    ].filter(Boolean).join(" · ")}</p>
    <p class="note">${progress.eta_seconds != null ? html`about <strong>${duration(progress.eta_seconds)}</strong> left` : cockpit.running.length ? "" : "nothing runs now"} <${TargetButton} study=${study} /></p>
  </div>`;
}

/** @param {{counts: Record<string, number>}} props */
function Counts({ counts }) {
  const { route } = useApp();
  return html`<div class="counts"><h2>Trials</h2><ul>${ORDER.map((state) => html`<li key=${state} class=${counts[state] ? "" : "zero"}>
    <a href=${formatRoute({ study: route.study, view: "trials", query: { f: `state=${state}` } })}><${Shape} state=${state} /><span>${state}</span><b>${number(counts[state] ?? 0)}</b></a></li>`)}</ul></div>`;
}

/** @param {{running: any[], study: any, now: number}} props */
function Running({ running, study, now }) {
  const trials = useDocument("trials").value;
  const clock = useNow(1000);
  const later = Math.max(0, clock - now);
  const [all, setAll] = useState(false);
  if (!running.length) return html`<section class="sheet"><header><h2>At work</h2></header><div class="inside muted">No worker trains now.</div></section>`;
  const shown = all ? running : running.slice(0, FEW);
  const spark = (/** @type {number} */ trial) => trials?.spark?.[trials.numbers.indexOf(trial)];
  return html`<section class="sheet"><header><h2>At work<small>${running.length}</small></h2></header><div class="inside scroll-x" tabIndex="0" role="region" aria-label="Trainings at work"><table class="plain running">
    <thead><tr><th>Trial</th><th>Curve</th><th class="num">${nameText(study.metric, 40)}</th><th>Step</th><th>Last sign</th><th>Worker</th></tr></thead>
    <tbody>${shown.map((one) => html`<tr key=${one.trial}>
      <td><${TrialLink} trial=${one.trial} /></td>
      <td><${Spark} values=${spark(one.trial)} trial=${one.trial} /></td>
      <td class="num"><${Figure} value=${one.value} /></td>
      <td class="step-cell"><span>${number(one.step)}${one.of ? html`<span class="muted"> of ${number(one.of)}</span>` : ""}</span>${one.of ? html`<progress max="1" value=${Math.min(1, one.step / one.of)} aria-label=${`Trial ${one.trial}: share of its steps`} />` : ""}</td>
      <td><${Age} seconds=${one.age_seconds + later} every=${one.interval_seconds} /></td>
      <td class="muted">${oneLine(one.worker, 60)}</td></tr>`)}</tbody></table>
    ${running.length > FEW && html`<button type="button" class="quiet" onClick=${() => setAll(!all)}>${all ? `Only ${FEW}` : `All ${running.length}`}</button>`}</div></section>`;
}

/** How long a training has been silent, and whether that is unusual. @param {{seconds: number, every: number|null}} props */
function Age({ seconds, every }) {
  const late = every != null && seconds > Math.max(10, 5 * every);
  return html`<span class=${late ? "problem" : ""} title=${every != null ? `it reports about every ${duration(every)}` : "its pace is not known yet"}>${duration(Math.max(0, Math.round(seconds)))}${late ? ", unusually long" : ""}</span>`;
}

/** @param {{recent: any[], now: number}} props */
function Recent({ recent, now }) {
  const clock = useNow(5000);
  return html`<section class="sheet"><header><h2>What just happened</h2></header><div class="inside">
    ${!recent.length && html`<p class="muted">Nothing yet.</p>`}
    <ol class="recent" tabIndex="0" aria-label="What just happened, newest first">${recent.slice(0, 30).map((one) => html`<li key=${one.key ?? `${one.time}/${one.text}`} class=${one.level}>
      <${EventShape} kind=${one.kind} />
      <${Told} event=${one} />
      <${When} at=${one.time} now=${Math.max(clock, now)} /></li>`)}</ol></div></section>`;
}

/** What happened first, and the configuration it happened to behind it. @param {{event: any}} props */
function Told({ event }) {
  const parts = String(event.text).split("  ");
  const config = parts.length > 1 && parts[parts.length - 1].includes("=") ? parts.pop() : "";
  return html`<div>${event.trial ? html`<${TrialLink} trial=${event.trial} /> ` : ""}<span class="wrap-any">${prose(parts.join(" · "), 300)}</span>
    ${config && html`<p class="recent-config" title=${oneLine(config, 600)}>${oneLine(config, 300)}</p>`}</div>`;
}

/** @param {{kind: string}} props */
function EventShape({ kind }) {
  if (kind === "best") return html`<svg class="shape full is-finished" viewBox="0 0 12 12" role="img" aria-label="a new best"><path d="m6 .8 1.6 3.4 3.7.5-2.700 2.600.7 3.700L6 9.200 2.700 11l.7-3.700L.7 4.700l3.700-.5z" /></svg>`;
  if (kind === "ordered" || kind === "note") return html`<svg class="shape hollow is-running" viewBox="0 0 12 12" role="img" aria-label=${kind}><path d="m2 10 .6-2.600L8.800 1.200l2 2L4.600 9.400z" /></svg>`;
  const state = /** @type {Record<string, string>} */ ({ lost: "failed", interrupted: "paused", rewound: "paused" })[kind] ?? kind;
  return html`<span class="event-state"><${State} state=${state} short=${true} /></span>`;
}
