// All studies of this place: which run, which are done, and the best of each.
import { html, useEffect, useState } from "../lib.js";
import { useApp, useNow, useQuery } from "../data/hooks.js";
import { Loading, Message } from "../parts/states.js";
import { Figure, Shape, When } from "../parts/marks.js";
import { nameText, number, oneLine, plural } from "../logic/format.js";
import { formatRoute } from "../logic/route.js";

const AGAIN = 5000;

export function Studies() {
  const { place, studies, source } = /** @type {any} */ (useApp());
  useEffect(() => {
    if (source.mode !== "live") return undefined;
    const timer = setInterval(() => document.hidden || studies(), AGAIN);
    return () => clearInterval(timer);
  }, [source]);
  if (!place) return html`<${Loading} what="list of studies" />`;
  if (!place.studies) {
    return html`<${Message} kind="error" title="The studies cannot be listed"><p>${place.error?.message}</p>
      <p><button type="button" onClick=${studies}>Try again</button></p><//>`;
  }
  return html`<${List} place=${place} />`;
}

/** @param {{place: any}} props */
function List({ place }) {
  const [query, set] = useQuery();
  const [chosen, choose] = useState(/** @type {string[]} */ ([]));
  const { go } = useApp();
  const now = useNow(5000);
  const words = (query.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const found = place.studies.filter((/** @type {any} */ one) => words.every((word) => `${one.name} ${one.metric}`.toLowerCase().includes(word)));
  const shown = [...found].sort((a, b) => Number(b.running > 0) - Number(a.running > 0) || (b.updated ?? 0) - (a.updated ?? 0));
  if (!place.studies.length) {
    return html`<${Message} title="No study here yet"><p>${place.place && html`In <code>${place.place}</code>. `}A study appears here as soon as one begins:</p><p><code>osetra tune data.csv</code></p><//>`;
  }
  const toggle = (/** @type {string} */ id) => choose(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  return html`<div class="stack">
    <div class="actions studies-tools">
      <label><span class="unseen">Search studies</span><input type="search" placeholder="Search" value=${query.q ?? ""} onInput=${(/** @type {any} */ e) => set({ q: e.target.value })} /></label>
      <span class="muted">${plural(shown.length, "stud").replace(/studs?$/, shown.length === 1 ? "study" : "studies")}${place.place ? ` in ${oneLine(place.place, 120)}` : ""}</span>
      <button type="button" disabled=${chosen.length < 2} onClick=${() => go({ study: "", view: "compare", query: { studies: chosen.join(",") } })}>Compare ${chosen.length > 1 ? chosen.length : "studies"}</button>
    </div>
    ${!shown.length && html`<${Message} title="No study of that name"><p><button type="button" onClick=${() => set({ q: null })}>Show all</button></p><//>`}
    <ul class="studies">${shown.map((one) => html`<${Line} key=${one.id} study=${one} now=${now} chosen=${chosen.includes(one.id)} toggle=${toggle} />`)}</ul>
  </div>`;
}

/** @param {{study: any, now: number, chosen: boolean, toggle: (id: string) => void}} props */
function Line({ study, now, chosen, toggle }) {
  const share = study.target ? Math.min(1, study.ended / study.target) : null;
  if (study.problem) {
    return html`<li class="study-line unread"><span /><div><strong class="wrap-any">${oneLine(study.name, 200)}</strong><p class="note wrap-any">${oneLine(study.problem)}</p></div></li>`;
  }
  const shape = /** @type {Record<string, string>} */ ({ running: "running", finished: "finished", empty: "queued", waiting: "paused" })[study.state] ?? "queued";
  return html`<li class="study-line">
    <input type="checkbox" aria-label=${`Compare ${oneLine(study.name, 80)}`} checked=${chosen} onChange=${() => toggle(study.id)} />
    <div class="study-main"><a class="wrap-any" href=${formatRoute({ study: study.id, view: "cockpit" })}>${oneLine(study.name, 200)}</a>
      <span class="state"><${Shape} state=${shape} />${study.state}${study.running ? `, ${study.running} at work` : ""}</span></div>
    <div class="study-best"><small>${study.direction === "maximize" ? "highest" : "lowest"} ${nameText(study.metric, 40)}</small><${Figure} value=${study.best} /></div>
    <div class="study-progress"><small>${study.target ? `${number(study.ended)} of ${number(study.target)} trials` : plural(study.trials, "trial")}</small>
      ${share !== null ? html`<progress max="1" value=${share} aria-label="Trials of the target" />` : ""}</div>
    <div class="study-when"><small>last sign</small><${When} at=${study.updated} now=${now} /></div>
  </li>`;
}
