// The curves of one trial: every metric that was reported, with its orders and what it went on from.
import { html } from "../lib.js";
import { useQuery } from "../data/hooks.js";
import { nameText, oneLine, setting } from "../logic/format.js";
import { Curves } from "./curves.js";
import { Segments } from "./segments.js";

/** @param {{trial: any, study: any, height?: number, plain?: boolean}} props */
export function TrialCurves({ trial, study, height = 300, plain = false }) {
  const [query, set] = useQuery();
  const metrics = Object.keys(trial.curves ?? {});
  const metric = metrics.includes(query.m) ? query.m : metrics.includes(study.metric) ? study.metric : metrics[0];
  if (!metric) return html`<section class="sheet"><header><h2>Curve</h2></header><div class="inside muted">It has reported nothing${trial.state === "running" ? " yet: its process is starting, or its first step takes long" : ""}.</div></section>`;
  const doc = curvesOfTrial(trial, metric);
  const how = { by: /** @type {any} */ ("step"), log: query.log ?? "auto", smoothing: Number(query.ema ?? 0), chosen: [trial.trial], top: 99 };
  const marks = changesOf(trial);
  const inside = html`<${Curves} doc=${doc} trials=${null} how=${how} height=${height} />
    ${marks.length > 0 && html`<ul class="changes" aria-label="Changes while it trained">${marks.map((mark) => html`<li key=${mark.text}><span class="muted">after step ${mark.x}</span> ${mark.text}</li>`)}</ul>`}`;
  if (plain) return inside;
  return html`<section class="sheet"><header><h2>Curve${doc.partner && html`<small><span class="dash inline" aria-hidden="true" /> ${nameText(doc.partner, 40)}</small>`}</h2>
      ${metrics.length > 1 && html`<label><span class="unseen">Metric</span><select value=${metric} onChange=${(/** @type {any} */ e) => set({ m: e.target.value === study.metric ? null : e.target.value })}>${metrics.map((name) => html`<option key=${name} value=${name}>${nameText(name, 40)}</option>`)}</select></label>`}
      <${Segments} label="Up" value=${query.log ?? "auto"} options=${[["auto", "Auto"], ["0", "Linear"], ["1", "Log"]]} onChoose=${(/** @type {string} */ v) => set({ log: v === "auto" ? null : v })} /></header>
    <div class="inside">${inside}</div></section>`;
}

/** One metric of a trial as a document of curves; folds are lines of their own. @param {any} trial @param {string} metric */
export function curvesOfTrial(trial, metric) {
  const folds = Object.values(trial.curves[metric] ?? {});
  const partner = partnerName(metric, Object.keys(trial.curves));
  const beside = partner ? Object.values(trial.curves[partner])[0] : null;
  const curves = folds.map((both, fold) => {
    const [steps, values] = /** @type {any} */ (both);
    const mine = fold === 0 && beside ? /** @type {any} */ (beside) : null;
    return { trial: trial.trial, name: folds.length > 1 ? `fold ${fold + 1}` : undefined, steps, values, partner: mine?.[1] ?? null, partner_steps: mine?.[0] ?? null, times: null, state: fold === 0 ? trial.state : "finished", end: fold === 0 ? trial.end : null };
  });
  return { metric, partner, curves, band: null, rungs: [], sign: 1 };
}

/** The training metric of a validation metric: val_loss → train_loss. @param {string} metric @param {string[]} names */
function partnerName(metric, names) {
  const wanted = [metric.replace(/^val(id|idation)?[_/.-]?/, "train_"), metric.replace(/^val/, "train"), `train_${metric}`];
  return wanted.find((name) => name !== metric && names.includes(name)) ?? null;
}

/** Where values changed while it trained. @param {any} trial @returns {{x: number, text: string}[]} */
function changesOf(trial) {
  return (trial.lineage ?? []).slice(1).map((/** @type {any} */ piece) => ({
    x: piece.after, text: Object.entries(piece.values).map(([name, value]) => `${nameText(name)} = ${oneLine(setting(value), 60)}`).join(", "),
  }));
}
