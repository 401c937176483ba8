// The rows in sight of a long table: the others are only height.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../lib.js";
import { useRest } from "../views/trials.js";
import { clock, duration, exact, moment, number, oneLine, setting } from "../logic/format.js";
import { State, TrialLink } from "./marks.js";
import { Spark } from "./spark.js";

/** @typedef {import("../logic/table.js").Column} Column */

const HIGH = 32;
const BEYOND = 8;

/**
 * @param {{trials: any, rows: number[], columns: Column[], chosen: number[], cursor: number, by: string, down: boolean, study: any,
 *   onSort: (id: string) => void, onToggle: (trial: number) => void, onOpen: (trial: number) => void, onCursor: (at: number) => void, onAll: () => void}} props
 */
export function Rows({ trials, rows, columns, chosen, cursor, by, down, onSort, onToggle, onOpen, onCursor, onAll }) {
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const [top, setTop] = useState(0);
  const height = useRest(box, 320);
  const head = HIGH + 4;
  const last = useRef(cursor);
  useEffect(() => {
    if (!box.current || last.current === cursor) return;
    last.current = cursor;
    const place = cursor * HIGH;
    const view = box.current.clientHeight - head;
    if (place < box.current.scrollTop) box.current.scrollTop = place;
    else if (place + HIGH > box.current.scrollTop + view) box.current.scrollTop = place + HIGH - view;
  }, [cursor]);
  useLayoutEffect(() => {
    if (box.current && box.current.scrollTop > rows.length * HIGH) box.current.scrollTop = 0;
  }, [rows.length]);
  const first = Math.max(0, Math.floor(top / HIGH) - BEYOND);
  const count = Math.ceil(height / HIGH) + 2 * BEYOND;
  const seen = rows.slice(first, first + count);
  const marked = new Set(chosen);
  const drawn = useRef(/** @type {Map<number, {mark: string, element: any}>} */ (new Map()));
  const made = useRef(/** @type {any[]} */ ([]));
  if (made.current[0] !== trials || made.current[1] !== rows || made.current[2] !== columns.map((one) => one.id).join()) drawn.current.clear();
  made.current = [trials, rows, columns.map((one) => one.id).join()];
  if (drawn.current.size > 400) drawn.current.clear();
  const frame = useRef(0);
  const scrolled = (/** @type {any} */ event) => {
    const now = event.currentTarget.scrollTop;
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => setTop(now));
  };
  const whole = Math.min(height, rows.length * HIGH + head + 16);
  return html`<div class="rows" ref=${box} tabIndex="0" role="region" aria-label="Trials" onScroll=${scrolled} style=${{ height: `${whole}px` }}>
    <table aria-rowcount=${rows.length + 1}><thead><tr>
      <th class="mark"><input type="checkbox" aria-label=${chosen.length ? "Clear the selection" : "Select the first fifty"} checked=${chosen.length > 0} onChange=${onAll} /></th>
      ${columns.flatMap((column, i) => [headCell(column, by, down, onSort), ...(i === sparkAt(columns) ? [html`<th key="spark" class="spark-cell">Curve</th>`] : [])])}
    </tr></thead><tbody>
      <tr class="gap" aria-hidden="true" style=${{ height: `${first * HIGH}px` }}><td colspan=${columns.length + 2} /></tr>
      ${seen.map((row, i) => {
        const trial = trials.numbers[row];
        const at = first + i;
        // The same element again is not compared again: scrolling draws only what comes into sight.
        const mark = `${row}/${at}/${at === cursor}/${marked.has(trial)}`;
        const known = drawn.current.get(trial);
        if (known?.mark === mark) return known.element;
        const element = html`<tr key=${trial} aria-rowindex=${at + 2} aria-selected=${marked.has(trial) ? "true" : undefined} class=${at === cursor ? "here" : ""} onClick=${() => onCursor(at)} onDblClick=${() => onOpen(trial)}>
          <td class="mark"><input type="checkbox" aria-label=${`Select trial ${trial}`} checked=${marked.has(trial)} onChange=${() => onToggle(trial)} /></td>
          ${columns.flatMap((column, c) => [html`<td key=${column.id} class=${column.number ? "num" : "text"}>${cell(column, row)}</td>`,
            ...(c === sparkAt(columns) ? [html`<td key="spark" class="spark-cell"><${Spark} values=${trials.spark?.[row]} trial=${trial} /></td>`] : [])])}</tr>`;
        drawn.current.set(trial, { mark, element });
        return element;
      })}
      <tr class="gap" aria-hidden="true" style=${{ height: `${Math.max(0, rows.length - first - seen.length) * HIGH}px` }}><td colspan=${columns.length + 2} /></tr>
    </tbody></table></div>`;
}

/** The small curve stands behind the value. @param {Column[]} columns */
function sparkAt(columns) {
  const value = columns.findIndex((column) => column.id === "value");
  return value >= 0 ? value : columns.length - 1;
}

/** @param {Column} column @param {string} by @param {boolean} down @param {(id: string) => void} onSort */
function headCell(column, by, down, onSort) {
  const mine = by === column.id;
  return html`<th key=${column.id} class=${column.number ? "num" : "text"} aria-sort=${mine ? (down ? "descending" : "ascending") : undefined}>
    <button type="button" title=${column.label} onClick=${() => onSort(column.id)}>${oneLine(column.label, 28)}${mine && html`<span aria-hidden="true">${down ? "↓" : "↑"}</span>`}</button></th>`;
}

/** @param {Column} column  @param {number} row */
function cell(column, row) {
  const value = column.get(row);
  if (column.id === "trial") return html`<${TrialLink} trial=${value} />`;
  if (value == null || value === "") return html`<span class="none">${column.group === "configuration" ? "·" : "–"}</span>`;
  switch (column.id) {
    case "state": return html`<${State} state=${value} />`;
    case "seconds": return duration(value);
    case "started": case "ended": return html`<span title=${moment(value)}>${clock(value)}</span>`;
    case "parent": return typeof value === "number" ? html`<${TrialLink} trial=${value} />` : oneLine(value, 40);
    case "reason": return html`<span title=${oneLine(value, 1000)}>${oneLine(value, 140)}</span>`;
    case "rank": return html`<span class=${value === 1 ? "first" : ""}>${value}</span>`;
    default: return html`<span title=${exact(value)}>${column.number ? number(value) : oneLine(setting(value), 60)}</span>`;
  }
}
