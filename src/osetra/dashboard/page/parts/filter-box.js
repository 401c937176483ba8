// The filter of the trials table: its expression, where a mistake is, and what names there are.
import { html, useEffect, useState } from "../lib.js";
import { nameText, oneLine } from "../logic/format.js";

const SIGNS = "and or not in ( ) = != < > ~";

/** @param {{input: any, value: string, mistake: any, columns: any[], metric: string, onChange: (text: string) => void}} props */
export function FilterBox({ input, value, mistake, columns, onChange }) {
  const [text, setText] = useState(value);
  const [focused, setFocused] = useState(false);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onChange(text), 120);
    return () => clearTimeout(timer);
  }, [text]);
  const example = exampleOf(columns);
  const escape = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape") return undefined;
    const field = /** @type {HTMLInputElement} */ (event.target);
    // What stands in the field now counts: the next key may come before it is drawn anew.
    if (!field.value) return field.blur();
    field.value = "";
    setText("");
    return event.preventDefault();
  };
  return html`<div class="filter">
    <label><span class="unseen">Filter</span><input type="search" spellcheck="false" autocomplete="off" ref=${input} value=${text} placeholder=${`Filter, such as ${example}`}
      aria-invalid=${mistake ? "true" : undefined} aria-describedby="filter-help" onKeyDown=${escape}
      onInput=${(/** @type {any} */ e) => setText(e.target.value)} onFocus=${() => setFocused(true)} onBlur=${() => setFocused(false)} /></label>
    <div id="filter-help" role="status">${mistake ? html`<${Mistake} text=${value} mistake=${mistake} />` : focused && html`<p class="muted">Names are those of the columns; <code>${SIGNS}</code>, where ~ means contains.</p>`}</div>
  </div>`;
}

/** @param {{text: string, mistake: {at: number, length: number, message: string}}} props */
function Mistake({ text, mistake }) {
  const { at, length, message } = mistake;
  return html`<p class="mistake"><code>${text.slice(0, at)}<mark>${text.slice(at, at + length) || " "}</mark>${text.slice(at + length)}</code>
    <span class="problem">${oneLine(message, 200)}</span> <span class="muted">(column ${at + 1})</span></p>`;
}

/** @param {any[]} columns */
function exampleOf(columns) {
  const first = columns.find((column) => column.group === "configuration" && column.number);
  return first ? `${nameText(first.label, 24)} < 1e-2 and state = finished` : "state = finished";
}
