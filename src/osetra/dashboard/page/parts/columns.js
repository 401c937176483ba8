// Which columns of the trials table are shown, and choosing them.
import { html } from "../lib.js";
import { nameText } from "../logic/format.js";

/** @typedef {import("../logic/table.js").Column} Column */

const USUAL = ["rank", "trial", "state", "value", "steps", "seconds", "reason"];
const MOST = 12;
/** Of what is remembered, so much is shown unasked. */
const MOST_REMEMBERED = 3;
/** Pixels up to which a window is a phone's, as in style.css. */
const NARROW = 700;

/** @param {Column[]} columns @param {string|undefined} wanted ids in the address @param {any} study @returns {Column[]} */
export function shownColumns(columns, wanted, study) {
  if (wanted) {
    const ids = wanted.split(",");
    const found = ids.map((id) => columns.find((column) => column.id === id)).filter((column) => column !== undefined);
    if (found.length) return found;
  }
  const searched = new Set((study.params ?? []).filter((/** @type {any} */ p) => p.kind !== "constant").map((/** @type {any} */ p) => p.name));
  const config = columns.filter((column) => column.group === "configuration" && searched.has(column.label)).slice(0, MOST);
  // On a phone the value is to be seen before the rank that follows from it.
  const usual = USUAL.filter((id) => id !== "reason" && !(id === "rank" && innerWidth <= NARROW)).map((id) => columns.find((column) => column.id === id));
  const reason = columns.find((column) => column.id === "reason");
  const remembered = columns.filter((column) => column.group === "attributes").slice(0, MOST_REMEMBERED);
  return /** @type {Column[]} */ ([...usual, ...config, ...remembered, reason].filter(Boolean));
}

/** @param {{columns: Column[], shown: Column[], onChange: (ids: string[]) => void, onReset: () => void}} props */
export function ColumnChooser({ columns, shown, onChange, onReset }) {
  const ids = shown.map((column) => column.id);
  const groups = [["trial", "Trial"], ["configuration", "Configuration"], ["attributes", "Remembered"], ["metrics", "Metrics"]]
    .filter(([group]) => columns.some((column) => column.group === group));
  const toggle = (/** @type {string} */ id) => {
    const next = ids.includes(id) ? ids.filter((one) => one !== id) : columns.map((c) => c.id).filter((one) => one === id || ids.includes(one));
    if (next.length) onChange(next);
  };
  return html`<div class="chooser sheet"><div class="inside">${groups.map(([group, title]) => html`<fieldset key=${group}><legend>${title}</legend>
      ${columns.filter((column) => column.group === group).map((column) => html`<label key=${column.id} class="check"><input type="checkbox" checked=${ids.includes(column.id)} onChange=${() => toggle(column.id)} /> ${nameText(column.label, 40)}</label>`)}</fieldset>`)}
    <button type="button" class="quiet" onClick=${onReset}>As usual</button></div></div>`;
}
