// Trial page: what was tried and why, what came of it, how it ended, and how to try it again.
import { html } from "../lib.js";
import { useApp, useDocument, useNow } from "../data/hooks.js";
import { duration, nameText, number, oneLine, plural } from "../logic/format.js";
import { formatRoute } from "../logic/route.js";
import { STATES } from "../logic/wording.js";
import { Ready } from "../parts/states.js";
import { Figure, State, TrialLink } from "../parts/marks.js";
import { OrderBar } from "../parts/order-bar.js";
import { Orders } from "../parts/orders.js";
import { Attempts, Checkpoints, Folds, Log, Reproduce } from "../parts/trial-parts.js";
import { ConfigTable } from "../parts/config-table.js";
import { Remembered } from "../parts/remembered.js";
import { TrialCurves } from "../parts/trial-curves.js";

export function TrialPage() {
  const { route } = useApp();
  const name = `trials/${encodeURIComponent(route.arg)}`;
  const doc = useDocument(name);
  const study = useDocument("study").value;
  return html`<${Ready} doc=${doc} name=${name} what=${`trial ${oneLine(route.arg, 20)}`}>${(/** @type {any} */ trial) => study && html`<${Sheet} trial=${trial} study=${study} />`}<//>`;
}

/** @param {{trial: any, study: any}} props */
function Sheet({ trial, study }) {
  const now = useNow(1000);
  return html`<div class="trial-page">
    <${Head} trial=${trial} study=${study} now=${now} />
    <div class="stack trial-main">
      <${TrialCurves} trial=${trial} study=${study} />
      ${trial.orders.length > 0 && html`<${Orders} trial=${trial} now=${now} />`}
      <${Attempts} trial=${trial} now=${now} />
      <${Folds} trial=${trial} study=${study} />
      <${Log} trial=${trial} />
    </div>
    <div class="stack trial-side">
      <${Reasons} trial=${trial} study=${study} />
      <${ConfigTable} trial=${trial} study=${study} />
      <${Remembered} attrs=${trial.attrs} />
      <${Checkpoints} trial=${trial} />
      <${Reproduce} text=${trial.reproduce} />
    </div></div>`;
}

/** @param {{trial: any, study: any, now: number}} props */
function Head({ trial, study, now }) {
  const { route } = useApp();
  const trials = useDocument("trials").value;
  const numbers = trials?.numbers ?? [];
  const row = numbers.indexOf(trial.trial);
  const to = (/** @type {number} */ n) => formatRoute({ study: route.study, view: "trial", arg: String(n) });
  const steps = trial.of ? `${number(trial.step)} of ${number(trial.of)} steps` : plural(trial.step ?? 0, "step");
  const rank = trials?.rank?.[row];
  // Of one that is not over: what it reported last, and how long it has been trained.
  const own = /** @type {any} */ (Object.values(trial.curves?.[study.metric] ?? {}).pop());
  const last = own?.[1][own[1].length - 1];
  const trained = trial.attempts.length ? trial.attempts.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + (one.ended ?? now) - one.started, 0) : null;
  return html`<header class="trial-head">
    <div class="trial-title"><h2><small>Trial</small> <${TrialLink} trial=${trial.trial} /></h2><${State} state=${trial.state} />
      ${trial.steered && html`<span class="tag changed" title="its values were changed while it trained: its configuration alone does not say what was trained">✎ steered</span>`}
      <span class="neighbours">${row > 0 && html`<a href=${to(numbers[row - 1])} title="the trial before">‹ ${numbers[row - 1]}</a>`}${row >= 0 && row < numbers.length - 1 && html`<a href=${to(numbers[row + 1])} title="the next trial">${numbers[row + 1]} ›</a>`}</span></div>
    <dl class="trial-figures">
      <div><dt title=${study.metric}>${nameText(study.metric)}${trial.value == null && last != null ? ", last" : ""}</dt><dd><${Figure} value=${trial.value ?? last} /></dd></div>
      <div><dt>Rank</dt><dd>${rank ? number(rank) : "–"}</dd></div>
      <div><dt>Trained</dt><dd>${steps}</dd></div>
      <div><dt>Time</dt><dd>${duration(trial.seconds ?? trained)}</dd></div>
    </dl>
    <${OrderBar} trial=${trial} study=${study} />
  </header>`;
}

/** Why it was suggested and why it ended. @param {{trial: any, study: any}} props */
function Reasons({ trial, study }) {
  const origin = { searcher: `suggested by ${trial.by || study.searcher}`, person: `asked for by ${trial.by && trial.by !== "person" ? trial.by : "a person"}` }[/** @type {string} */ (trial.origin)] ?? `${trial.origin}${trial.by ? `, ${trial.by}` : ""}`;
  const expected = trial.explanation;
  const why = trial.why === "asked for by a person" ? "" : trial.why;
  return html`<section class="sheet"><header><h2>Why</h2></header><div class="inside"><dl class="pairs">
    <dt>Tried</dt><dd>${oneLine(origin, 120)}${why ? html`: <span class="wrap-any">${oneLine(why, 400)}</span>` : ""}</dd>
    ${expected && html`<dt>Expected</dt><dd><${Expected} expected=${expected} study=${study} /></dd>`}
    ${trial.parent && html`<dt>Began from</dt><dd>trial <${TrialLink} trial=${trial.parent.trial} /> at step ${number(trial.parent.step)}</dd>`}
    ${trial.repeats && html`<dt>Repeats</dt><dd>trial <${TrialLink} trial=${trial.repeats} /> with a fresh seed</dd>`}
    <dt>${["running", "queued", "paused"].includes(trial.state) ? "Now" : "Ended"}</dt><dd class="wrap-any">${trial.reason ? oneLine(trial.reason, 600) : STATES[trial.state]}</dd>
    ${trial.failure && html`<dt>Error</dt><dd><details open><summary>What the training said</summary><pre class="log" tabIndex="0">${trial.failure}</pre></details></dd>`}
  </dl></div></section>`;
}

/** What the model expected of it when it was suggested. @param {{expected: any, study: any}} props */
function Expected({ expected, study }) {
  if (typeof expected === "string") return html`<span class="wrap-any">${oneLine(expected, 400)}</span>`;
  const mean = expected.mean ?? expected.value ?? expected.expected;
  const sd = expected.sd ?? expected.deviation ?? expected.std;
  const rest = Object.entries(expected).filter(([name, value]) => typeof value === "string" && name !== "trial").map(([, value]) => value);
  return html`${mean != null && html`${nameText(study.metric, 40)} ${number(mean)}${sd != null ? ` ± ${number(sd, 2)}` : ""}`} <span class="wrap-any">${oneLine(rest.join(" "), 400)}</span>`;
}
