// What surrounds every view: the study's name, the views, the connection, the keys.
import { html, useEffect, useRef, useState } from "../lib.js";
import { useApp, useDocument, useNow } from "../data/hooks.js";
import { ago, oneLine } from "../logic/format.js";
import { formatRoute, parseNumbers } from "../logic/route.js";
import { goalText } from "../logic/wording.js";
import { Dialog } from "./dialog.js";
import { TrialLink } from "./marks.js";
import { Message } from "./states.js";
import { KEYS, useKeys } from "./keys.js";
import { useTabInSight } from "./tabs.js";
import { Studies } from "../views/studies.js";
import { CompareStudies } from "../views/studies-compare.js";
import { Cockpit } from "../views/cockpit.js";
import { Trials } from "../views/trials.js";
import { TrialPage } from "../views/trial.js";
import { Timeline } from "../views/timeline.js";
import { Search } from "../views/search.js";
import { Compare } from "../views/compare.js";
import { Panda } from "../views/panda.js";
import { NewTrial } from "../views/enqueue.js";

const PAGES = /** @type {Record<string, any>} */ ({
  cockpit: Cockpit, trials: Trials, trial: TrialPage, timeline: Timeline, search: Search, compare: Compare, panda: Panda, new: NewTrial,
});
const TABS = [["cockpit", "Cockpit"], ["trials", "Trials"], ["timeline", "Timeline"], ["search", "Search"], ["compare", "Compare"]];

export function Shell() {
  const { route, data } = useApp();
  const [help, setHelp] = useState(false);
  useKeys({ help: () => setHelp((shown) => !shown) });
  const main = useRef(/** @type {HTMLElement|null} */ (null));
  useEffect(() => {
    const title = [route.arg && `${route.view} ${route.arg}`, data?.entry("study").value?.name, "osetra"];
    document.title = title.filter(Boolean).join(" · ");
  });
  const full = route.view === "panda";
  const Page = PAGES[route.view];
  const outside = route.view === "compare" ? html`<${CompareStudies} />` : html`<${Studies} />`;
  return html`<a class="skip" href="#main" onClick=${(/** @type {Event} */ e) => { e.preventDefault(); main.current?.focus(); }}>Skip to the view</a>
    <header class="bar"><${Brand} />${data ? html`<${StudyName} key=${data.id} />` : html`<div class="study-name"><h1>Studies</h1></div>`}
      <${Tools} onHelp=${() => setHelp(true)} /></header>
    ${data && !full && html`<${Tabs} key=${data.id} />`}
    ${data && html`<${Connection} key=${`${data.id}!`} />`}
    <main id="main" ref=${main} tabIndex="-1">${data ? html`<${Opened} key=${data.id}><${Page} key=${`${route.view}/${route.arg}`} /><//>` : outside}</main>
    ${data && !full && !["trial", "compare"].includes(route.view) && html`<${Selection} />`}
    ${help && html`<${KeyCard} onClose=${() => setHelp(false)} />`}`;
}

function Brand() {
  return html`<a class="brand" href="#/" title="All studies">
    <svg viewBox="0 0 24 24" aria-hidden="true"><path class="faint" d="M2 9c6 1 12 1 20-1" /><path d="M2 4c3 9 8 13 20 14" /><path class="faint" d="M2 6c4 5 9 7 20 7" /></svg>
    <span>osetra</span></a>`;
}

function StudyName() {
  const { value } = useDocument("study");
  if (!value) return html`<div class="study-name" />`;
  const goal = goalText(value);
  const how = [value.searcher, value.scheduler].filter(Boolean).join(" + ");
  return html`<div class="study-name"><h1 title=${value.name}>${oneLine(value.name, 120)}</h1><span class="goal">${goal}${how ? ` · ${how}` : ""}</span></div>`;
}

function Tabs() {
  const { route } = useApp();
  const trials = useDocument("trials").value;
  const keep = Object.fromEntries(["sel", "f"].filter((name) => route.query[name]).map((name) => [name, route.query[name]]));
  const here = route.view === "trial" || route.view === "new" ? "trials" : route.view;
  const nav = useTabInSight([here]);
  return html`<nav class="views" aria-label="Views" ref=${nav}>
    ${TABS.map(([view, label]) => html`<a key=${view} href=${formatRoute({ study: route.study, view, query: keep })} aria-current=${here === view ? "page" : undefined}>
      ${label}${view === "trials" && trials ? html`<span class="count">${trials.numbers.length}</span>` : ""}</a>`)}
  </nav>`;
}

/** @param {{onHelp: () => void}} props */
function Tools({ onHelp }) {
  const { data, theme, choose } = /** @type {any} */ (useApp());
  const next = /** @type {Record<string, string>} */ ({ system: "light", light: "dark", dark: "system" })[theme];
  const icon = /** @type {Record<string, string>} */ ({
    light: "M10 6a4 4 0 1 0 .01 0M10 1v2M10 17v2M1 10h2M17 10h2M3.6 3.6 5 5M15 15l1.4 1.4M3.6 16.4 5 15M15 5l1.4-1.4",
    dark: "M16 12.5A7 7 0 0 1 7.5 4a7 7 0 1 0 8.500 8.500z",
    system: "M10 3a7 7 0 1 0 .01 0zM10 3v14M12 5v10M14 7v6",
  })[theme];
  return html`<div class="tools">
    ${data && html`<${LinkState} key=${data.id} />`}
    <button type="button" class="quiet icon" aria-label=${`Theme: ${theme}; switch to ${next}`} title=${`Theme: ${theme}`} onClick=${() => choose(next)}>
      <svg viewBox="0 0 20 20" aria-hidden="true"><path d=${icon} /></svg></button>
    <button type="button" class="quiet icon" aria-label="Keys" title="Keys (?)" onClick=${onHelp}>?</button>
  </div>`;
}

function LinkState() {
  const { data } = useApp();
  useDocument("@connection");
  const state = data?.connection ?? "opening";
  const text = /** @type {Record<string, string>} */ ({ open: "live", lost: "connection lost", opening: "connecting", file: "a file" })[state] ?? state;
  return html`<span class=${`link-state ${state}`} role="status" title=${text}><i /><span>${text}</span></span>`;
}

/** What is wrong with the connection, over the view: what is shown below stays as it was. */
function Connection() {
  const { data } = useApp();
  useDocument("@connection");
  const now = useNow(1000);
  if (data?.connection === "lost") {
    return html`<div class="banner" role="alert"><strong>Connection lost</strong> ${ago(data.lostAt / 1000, now)}. What stands here is as it was then;
      the study itself goes on. The page looks for the server by itself; if it was ended, start <code>osetra dashboard</code> again.</div>`;
  }
  if (data?.gone) return html`<div class="banner" role="alert"><strong>The store is away:</strong> ${oneLine(data.gone)}. What stands here is the last that was read; it goes on when the store is back.</div>`;
  return null;
}

/** A view, once it is known what study it is of. @param {{children: any}} props */
function Opened({ children }) {
  const { value, error } = useDocument("study");
  const { data } = useApp();
  if (value || !error) return children;
  // 503: it is being made, or its store is away; the stream tells when it can be read.
  const soon = error.status === 503;
  return html`<${Message} kind=${soon ? "empty" : "error"} title=${soon ? "This study cannot be read yet" : "This study cannot be shown"}>
    <p>${oneLine(error.message, 600)}</p>${soon && html`<p>The page shows it by itself as soon as it can be read.</p>`}<p class="actions"><button type="button" onClick=${() => data?.load("study")}>Try again</button><a href="#/">All studies</a></p><//>`;
}

/** The trials that were selected anywhere, wherever one goes. */
function Selection() {
  const { route, go } = useApp();
  const chosen = parseNumbers(route.query.sel);
  if (!chosen.length) return null;
  const query = { ...route.query };
  delete query.sel;
  return html`<aside class="selection" aria-label="Selected trials">
    <span class="muted">Selected</span>
    <span class="chosen">${chosen.slice(0, 12).map((trial) => html`<${TrialLink} key=${trial} trial=${trial} />`)}${chosen.length > 12 ? ` and ${chosen.length - 12} more` : ""}</span>
    <span class="actions">
      <button type="button" class="primary" onClick=${() => go({ ...route, view: "compare", arg: "" })}>Compare</button>
      <button type="button" onClick=${() => go({ ...route, query, replace: true })}>Clear</button>
    </span></aside>`;
}

/** @param {{onClose: () => void}} props */
function KeyCard({ onClose }) {
  return html`<${Dialog} title="Keys" wide=${true} onClose=${onClose}><div class="key-card">
    ${KEYS.map(([title, keys]) => html`<section key=${title}><h3 class="muted">${title}</h3>
      <dl class="keys">${/** @type {[string, string][]} */ (keys).map(([key, does]) => html`<dt key=${key}>${key.split(" ").map((one) => html`<kbd>${one}</kbd> `)}</dt><dd>${does}</dd>`)}</dl></section>`)}</div>
  <//>`;
}
