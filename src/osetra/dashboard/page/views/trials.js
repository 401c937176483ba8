// Trials table: ten thousand rows, of which only those in sight exist; filtered, sorted and selected by the address.
import { html, useEffect, useMemo, useRef, useState } from "../lib.js";
import { useApp, useDocument, useQuery } from "../data/hooks.js";
import { number, plural } from "../logic/format.js";
import { formatRoute, parseNumbers } from "../logic/route.js";
import { filterRows, sortRows, tableColumns, toCsv } from "../logic/table.js";
import { Message, Ready } from "../parts/states.js";
import { useViewKeys } from "../parts/keys.js";
import { ColumnChooser, shownColumns } from "../parts/columns.js";
import { FilterBox } from "../parts/filter-box.js";
import { Rows } from "../parts/rows.js";

export function Trials() {
  const doc = useDocument("trials");
  const study = useDocument("study").value;
  return html`<${Ready} doc=${doc} name="trials" what="trials">${(/** @type {any} */ trials) => study && html`<${Table} trials=${trials} study=${study} />`}<//>`;
}

/** @param {{trials: any, study: any}} props */
function Table({ trials, study }) {
  const { go, route, say, readOnly } = useApp();
  const [query, set] = useQuery();
  const [choosing, setChoosing] = useState(false);
  const filter = useRef(/** @type {HTMLInputElement|null} */ (null));
  const columns = useMemo(() => tableColumns(trials, study), [trials, study]);
  const shown = shownColumns(columns, query.cols, study);
  const { rows, mistake } = useMemo(() => filterRows(query.f ?? "", trials, columns, study.metric), [trials, columns, query.f]);
  const [by, down] = sorting(query.sort);
  const sorted = useMemo(() => {
    const column = columns.find((one) => one.id === by);
    return column ? sortRows(rows, column, down) : rows;
  }, [rows, columns, by, down]);
  const chosen = parseNumbers(query.sel);
  const [at, setAt] = useState(0);
  const cursor = Math.min(at, sorted.length - 1);
  const toggle = (/** @type {number} */ trial) => set({ sel: (chosen.includes(trial) ? chosen.filter((one) => one !== trial) : [...chosen, trial]).join(",") });
  const open = (/** @type {number} */ trial) => go({ study: route.study, view: "trial", arg: String(trial) });
  useViewKeys((key) => {
    const trial = trials.numbers[sorted[cursor]];
    if (key === "/") filter.current?.focus();
    else if (key === "j" || key === "ArrowDown") setAt(Math.min(sorted.length - 1, cursor + 1));
    else if (key === "k" || key === "ArrowUp") setAt(Math.max(0, cursor - 1));
    else if (key === "x" && trial) toggle(trial);
    else if (key === "Enter" && trial && !document.activeElement?.closest("a, button, summary")) open(trial);
    else return false;
    return true;
  });
  const sort = (/** @type {string} */ id) => set({ sort: by !== id ? id : down ? null : `-${id}` });
  if (!trials.numbers.length) return html`<${Message} title="No trial yet"><p>Trials appear here as soon as they are suggested or queued.</p><//>`;
  return html`<div class="stack trials-view">
    <div class="table-tools">
      <${FilterBox} input=${filter} value=${query.f ?? ""} mistake=${mistake} columns=${columns} metric=${study.metric} onChange=${(/** @type {string} */ f) => set({ f })} />
      <span class="muted tally" role="status">${rows.length === trials.numbers.length ? plural(rows.length, "trial") : `${number(rows.length)} of ${plural(trials.numbers.length, "trial")}`}</span>
      <span class="actions">
        <button type="button" aria-expanded=${choosing ? "true" : "false"} onClick=${() => setChoosing(!choosing)}>Columns</button>
        <button type="button" onClick=${() => download(`${study.name}.csv`, toCsv(sorted, columns), say)}>CSV</button>
        ${!readOnly && html`<a class="button" href=${formatRoute({ study: route.study, view: "new" })}>Queue a trial</a>`}
      </span></div>
    ${choosing && html`<${ColumnChooser} columns=${columns} shown=${shown} onChange=${(/** @type {string[]} */ ids) => set({ cols: ids.join(",") })} onReset=${() => set({ cols: null })} />`}
    ${sorted.length
      ? html`<${Rows} trials=${trials} rows=${sorted} columns=${shown} chosen=${chosen} cursor=${cursor} by=${by} down=${down} study=${study}
          onSort=${sort} onToggle=${toggle} onOpen=${open} onCursor=${setAt} onAll=${() => set({ sel: chosen.length ? null : sorted.slice(0, 50).map((row) => trials.numbers[row]).join(",") })} />`
      : html`<${Message} title="No trial passes the filter"><p><button type="button" onClick=${() => set({ f: null })}>Show all ${number(trials.numbers.length)}</button></p><//>`}
  </div>`;
}

/** "-lr" → ["lr", true]; without a wish the latest first. @param {string|undefined} text @returns {[string, boolean]} */
function sorting(text) {
  if (!text) return ["trial", true];
  return text.startsWith("-") ? [text.slice(1), true] : [text, false];
}

/** @param {string} name @param {string} text @param {(text: string) => void} say */
function download(name, text, say) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name.replace(/[^\w.-]+/g, "_").slice(0, 80);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  say("saved as CSV, with full precision");
}

/** Keep an element's height at what is left of the window. @param {any} ref @param {number} least */
export function useRest(ref, least) {
  const [height, set] = useState(600);
  useEffect(() => {
    const measure = () => ref.current && set(Math.max(least, innerHeight - ref.current.getBoundingClientRect().top - 56));
    measure();
    addEventListener("resize", measure);
    return () => removeEventListener("resize", measure);
  }, []);
  return height;
}
