// Compare studies: the best so far of each, at equal cost.
import { html, useEffect, useState } from "../lib.js";
import { useApp, useQuery } from "../data/hooks.js";
import { number, numeric, oneLine } from "../logic/format.js";
import { formatRoute } from "../logic/route.js";
import { sentence } from "../logic/wording.js";
import { trialColour } from "../logic/palette.js";
import { drawFrame, numberAxis } from "../plots/axes.js";
import { Canvas } from "../parts/canvas.js";
import { historyX, stairs } from "../parts/history.js";
import { Segments } from "../parts/segments.js";
import { Loading, Message } from "../parts/states.js";

export function CompareStudies() {
  const { source, dark } = useApp();
  const [query, set] = useQuery();
  const [answer, setAnswer] = useState(/** @type {any} */ (null));
  useEffect(() => {
    setAnswer(null);
    source.get(`/api/compare?${new URLSearchParams({ studies: query.studies ?? "" })}`).then(
      (/** @type {any} */ doc) => setAnswer({ doc }), (/** @type {Error} */ error) => setAnswer({ error }));
  }, [query.studies]);
  if (!answer) return html`<${Loading} what="studies" />`;
  if (answer.error || !answer.doc.studies.length) return html`<${Message} kind="error" title="These studies cannot be compared"><p>${answer.error?.message ?? "none of them is here any more"}</p><p><a href="#/">All studies</a></p><//>`;
  const { doc } = answer;
  const by = query.hx ?? "cost";
  const lines = doc.studies.map((/** @type {any} */ one, /** @type {number} */ i) => ({ ...one, x: historyX(one.history, by), colour: trialColour(i + 1, dark) }));
  const best = lines.flatMap((/** @type {any} */ one) => one.history.best.filter((/** @type {any} */ v) => v != null).map(numeric));
  const [least, most] = best.reduce((/** @type {[number, number]} */ [a, b], /** @type {number} */ v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  const log = least > 0 && most / least > 5;
  const x = numberAxis(lines.flatMap((/** @type {any} */ one) => one.x), { label: { cost: "cost in full trainings", time: "wall time", trials: "ended trials" }[by] ?? by, time: by === "time", count: 8, zero: true });
  const y = numberAxis(best, { log, label: "best so far" });
  const draw = (/** @type {any} */ paper) => {
    const frame = drawFrame(paper, x, y);
    for (const one of lines) stairs(paper, frame, one.x.map((/** @type {number} */ v) => x.unit(v)), one.history.best.map((/** @type {any} */ v) => (v == null ? NaN : y.unit(numeric(v)))), one.colour);
  };
  return html`<section class="sheet"><header><h2>Best so far, side by side</h2><${Segments} label="Across" value=${by} options=${[["cost", "Cost"], ["time", "Time"], ["trials", "Trials"]]} onChoose=${(/** @type {string} */ v) => set({ hx: v === "cost" ? null : v })} /></header>
    <div class="inside stack">${doc.note && html`<p class="note">${sentence(doc.note, 300)}</p>`}
      <${Canvas} height=${400} draw=${draw} label=${`The best so far of ${lines.length} studies`} />
      <ul class="legend plain-legend">${lines.map((/** @type {any} */ one) => html`<li key=${one.id}><i class="dot" style=${{ background: one.colour }} /> <a href=${formatRoute({ study: one.id, view: "cockpit" })}>${oneLine(one.name, 80)}</a> <span class="muted">${number(one.history.best[one.history.best.length - 1])} after ${one.history.trials.length} trials</span></li>`)}</ul></div></section>`;
}
