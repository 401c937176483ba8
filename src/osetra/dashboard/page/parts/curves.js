// Cost curves with their controls, a hint for the line under the pointer, and a list that says the same in words.
import { html, useEffect, useMemo, useRef, useState } from "../lib.js";
import { useApp } from "../data/hooks.js";
import { duration, nameText, number, oneLine, plural, setting } from "../logic/format.js";
import { CurvePlot } from "../plots/curveplot.js";
import { planCurves } from "../plots/lines.js";
import { Shape } from "./marks.js";
import { Tip } from "./tip.js";
import { trialColour } from "../logic/palette.js";

/**
 * @param {{doc: any, trials: any, how: any, height?: number, pick?: (trial: number, more: boolean) => void, changed?: string[]}} props
 */
export function Curves({ doc, trials, how, height = 420, pick = () => {}, changed = [] }) {
  const { dark } = useApp();
  const place = useRef(/** @type {HTMLElement|null} */ (null));
  const plot = useRef(/** @type {CurvePlot|null} */ (null));
  const [hover, setHover] = useState(/** @type {any} */ (null));
  const [zoomed, setZoomed] = useState(false);
  const latest = useRef(pick);
  latest.current = pick;
  const plan = useMemo(() => planCurves(doc, trials, how), [doc, trials, doc.curves.reduce((/** @type {number} */ n, /** @type {any} */ c) => n + c.steps.length, 0), ...Object.values(how).map(String)]);
  useEffect(() => {
    if (!place.current) return undefined;
    const hovering = (/** @type {any} */ found, /** @type {number} */ x, /** @type {number} */ y) => setHover(found && { ...found, x, y });
    const made = new CurvePlot(place.current, { height, hover: hovering, pick: (trial, more) => latest.current(trial, more) });
    plot.current = made;
    const zoom = () => setZoomed(true);
    place.current.addEventListener("zoomed", zoom);
    place.current.addEventListener("dblclick", () => setZoomed(false), true);
    return () => made.destroy();
  }, [height]);
  useEffect(() => {
    plot.current?.show({ plan, metric: doc.metric, by: how.by, dark, chosen: how.chosen, partner: how.train !== false });
  }, [plan, dark, height]);
  return html`<div class="curves">
    <div class="curves-plot" ref=${place} role="img" aria-label=${describe(plan, doc.metric)} />
    ${zoomed && html`<button type="button" class="unzoom" onClick=${() => { plot.current?.unzoom(); setZoomed(false); }}>Whole range</button>`}
    ${plan.clipped > 0 && html`<p class="clipped muted">${plural(plan.clipped, "value")} beyond the axis</p>`}
    ${!plan.lines.length && html`<p class="curves-none muted">No report yet: a line begins with a training's first report.</p>`}
    ${hover && html`<${Tip} x=${hover.x} y=${hover.y}><${LineHint} hover=${hover} doc=${doc} trials=${trials} by=${how.by} changed=${changed} /><//>`}
  </div>`;
}

/** @param {import("../plots/lines.js").Plan} plan @param {string} metric */
function describe(plan, metric) {
  const running = plan.lines.filter((line) => line.state === "running").length;
  const band = plan.band ? `, and a band of ${plan.band.n} others` : "";
  return `Curves of ${metric} of ${plan.lines.length} trials, ${running} of them running${band}; the list below says the same in words`;
}

/** @param {{hover: any, doc: any, trials: any, by: string, changed: string[]}} props */
function LineHint({ hover, doc, trials, by, changed }) {
  const { dark } = useApp();
  const { line, at } = hover;
  const row = trials?.numbers.indexOf(line.trial) ?? -1;
  const names = Object.keys(trials?.config ?? {}).filter((name) => row >= 0 && trials.config[name][row] != null);
  const first = [...names.filter((name) => changed.includes(name)), ...names.filter((name) => !changed.includes(name))].slice(0, 8);
  const x = by === "time" ? duration(line.x[at]) : `${by} ${number(line.x[at])}`;
  return html`<div class="tip-head"><i class="dot" style=${{ background: trialColour(line.trial, dark) }} /><strong>Trial ${line.trial}${line.name === String(line.trial) ? "" : `, ${line.name}`}</strong>
      <span class="state"><${Shape} state=${line.state} />${line.state}</span>${line.rank ? html`<span class="muted">rank ${line.rank}</span>` : ""}</div>
    <div>${nameText(doc.metric, 40)} <strong>${number(line.y[at])}</strong> at ${x}${line.partner && Number.isFinite(line.partner.y[at]) ? html`, ${nameText(doc.partner, 40)} ${number(line.partner.y[at])}` : ""}</div>
    ${line.end?.text && html`<div class="tip-end">${oneLine(line.end.text, 200)}</div>`}
    ${first.length > 0 && html`<div class="muted">${first.map((name) => `${nameText(name, 28)} ${oneLine(setting(trials.config[name][row]), 40)}`).join(" · ")}</div>`}`;
}
