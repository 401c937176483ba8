// The rows in sight of a long table: the others are only height. A row that leaves at one end comes back at the other with
// another trial, and columns keep their widths, so that scrolling changes texts and little else.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib.js";
import { useApp } from "../data/hooks.js";
import { useRest } from "../views/trials.js";
import { clock, duration, exact, moment, nameText, number, oneLine, setting } from "../logic/format.js";
import { stateMark, trialLink } from "./marks.js";
import { sparkline } from "./spark.js";

/** @typedef {import("../logic/table.js").Column} Column */

const HIGH = 32;
const BEYOND = 6;
/** Rows by which the widths of columns are chosen, evenly spread over all. */
const SAMPLE = 200;
/** Pixels of the columns with the marks and the curves. */
const [MARK, SPARK] = [34, 104];
/** Pixels of a character, of what is around a text, and of the widest column. */
const [CHARACTER, AROUND, WIDEST] = [7.4, 24, 360];

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
  const { dark, route } = useApp();
  const drawn = useRef(/** @type {Map<number, {mark: string, element: any}>} */ (new Map()));
  const made = useRef(/** @type {any[]} */ ([]));
  const ids = columns.map((one) => one.id).join();
  const now = [trials, rows, ids, count, dark, route.study];
  if (now.some((value, i) => value !== made.current[i]) || drawn.current.size > 400) drawn.current.clear();
  made.current = now;
  const widths = useMemo(() => columns.map((column) => widthOf(column, rows)), [ids, rows]);
  const frame = useRef(0);
  const scrolled = (/** @type {any} */ event) => {
    const to = event.currentTarget.scrollTop;
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => setTop(to));
  };
  const whole = Math.min(height, rows.length * HIGH + head + 16);
  return html`<div class="rows" ref=${box} tabIndex="0" role="region" aria-label="Trials" onScroll=${scrolled} style=${{ height: `${whole}px` }}>
    <table aria-rowcount=${rows.length + 1} style=${{ width: `${widths.reduce((sum, one) => sum + one, MARK + SPARK)}px` }}>
    <colgroup><col style=${{ width: `${MARK}px` }} />${columns.flatMap((column, i) => [html`<col key=${column.id} style=${{ width: `${widths[i]}px` }} />`, ...(i === sparkAt(columns) ? [html`<col key="spark" style=${{ width: `${SPARK}px` }} />`] : [])])}</colgroup>
    <thead><tr>
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
        const element = html`<tr key=${at % count} aria-rowindex=${at + 2} aria-selected=${marked.has(trial) ? "true" : undefined} class=${at === cursor ? "here" : ""} onClick=${() => onCursor(at)} onDblClick=${() => onOpen(trial)}>
          <td class="mark"><input type="checkbox" aria-label=${`Select trial ${trial}`} checked=${marked.has(trial)} onChange=${() => onToggle(trial)} /></td>
          ${columns.flatMap((column, c) => [html`<td key=${column.id} class=${kindOf(column, row, widths[c])}>${cell(column, row, route.study, dark)}</td>`,
            ...(c === sparkAt(columns) ? [html`<td key="spark" class="spark-cell">${sparkline(trials.spark?.[row], trial, dark)}</td>`] : [])])}</tr>`;
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
    <button type="button" title=${column.label} onClick=${() => onSort(column.id)}>${nameText(column.label, 28)}${mine && html`<span aria-hidden="true"> ${down ? "↓" : "↑"}</span>`}</button></th>`;
}

/** How wide a column is: for its name, and for the longest of some of its texts. @param {Column} column @param {number[]} rows */
function widthOf(column, rows) {
  const every = Math.max(1, rows.length / SAMPLE);
  let longest = nameText(column.label, 28).length + 1.5;
  for (let i = 0; i < rows.length; i += every) longest = Math.max(longest, textOf(column, column.get(rows[Math.floor(i)])).length);
  return Math.round(Math.min(WIDEST, AROUND + CHARACTER * longest + (["trial", "state", "parent"].includes(column.id) ? 18 : 0)));
}

/** The text of a cell. @param {Column} column @param {any} value @returns {string} */
function textOf(column, value) {
  if (value == null || value === "") return column.group === "configuration" ? "·" : "–";
  switch (column.id) {
    case "trial": case "state": case "rank": return String(value);
    case "seconds": return duration(value);
    case "started": case "ended": return clock(value);
    case "parent": return oneLine(value, 40);
    case "reason": return oneLine(value, 140);
    default: if (column.group === "attributes" && !column.number) return oneLine(value, 60);
      return column.number && column.group !== "configuration" ? number(value) : oneLine(setting(value), 60);
  }
}

/** Only what is too long is cut: each cell that may cut costs the browser as much as drawing it. @param {Column} column @param {number} row @param {number} width */
function kindOf(column, row, width) {
  if (column.number) return "num";
  return AROUND + CHARACTER * textOf(column, column.get(row)).length > width ? "text long" : "text";
}

/** The whole of what a cell cuts short. @param {Column} column @param {any} value */
function titleOf(column, value) {
  if (value == null || ["rank", "seconds", "parent"].includes(column.id)) return undefined;
  return column.id === "started" || column.id === "ended" ? moment(value) : column.id === "reason" ? oneLine(value, 1000) : exact(value);
}

/** @param {Column} column @param {number} row @param {string} study @param {boolean} dark */
function cell(column, row, study, dark) {
  const value = column.get(row);
  if (column.id === "trial" || (column.id === "parent" && typeof value === "number")) return trialLink(study, value, dark);
  if (column.id === "state" && value) return stateMark(value);
  const kind = value == null || value === "" ? "none" : column.id === "rank" && value === 1 ? "first" : undefined;
  return html`<span class=${kind} title=${titleOf(column, value)}>${textOf(column, value)}</span>`;
}
