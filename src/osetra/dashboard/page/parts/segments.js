// A few choices side by side, of which one holds.
import { html } from "../lib.js";

/** @param {{label: string, value: string, options: [string, string, string?][], onChoose: (value: string) => void}} props */
export function Segments({ label, value, options, onChoose }) {
  return html`<span class="segments" role="group" aria-label=${label}>${options.map(([key, text, title]) => html`<button
    key=${key} type="button" title=${title} aria-pressed=${value === key ? "true" : "false"} onClick=${() => onChoose(key)}>${text}</button>`)}</span>`;
}
