// What people want remembered of a trial or of the study: names with texts, the long ones folded.
import { html } from "../lib.js";
import { nameText, oneLine, plural, size } from "../logic/format.js";

/** Letters of what stands on its line. */
const SHORT = 160;
/** Names that are listed at first. */
const MOST = 30;

/** @param {{attrs: Record<string, string>|undefined}} props */
export function Remembered({ attrs }) {
  const names = Object.keys(attrs ?? {});
  if (!attrs || !names.length) return null;
  const rest = names.slice(MOST);
  return html`<section class="sheet remembered"><header><h2>Remembered<small>${names.length > 1 ? names.length : ""}</small></h2></header><div class="inside">
    <${Pairs} names=${names.slice(0, MOST)} attrs=${attrs} />
    ${rest.length > 0 && html`<details><summary>${plural(rest.length, "more name")}</summary><${Pairs} names=${rest} attrs=${attrs} /></details>`}</div></section>`;
}

/** @param {{names: string[], attrs: Record<string, string>}} props */
function Pairs({ names, attrs }) {
  return html`<dl class="pairs">${names.map((name) => html`<dt key=${`${name}/name`} class="wrap-any" title=${oneLine(name, 200)}>${nameText(name, 40)}</dt>
    <dd key=${name} class="wrap-any"><${Text} text=${attrs[name]} /></dd>`)}</dl>`;
}

/** @param {{text: string}} props */
function Text({ text }) {
  if (text === "") return html`<span class="muted">empty</span>`;
  if (text.length <= SHORT && !text.includes("\n")) return html`${oneLine(text, SHORT)}`;
  return html`<details><summary>${oneLine(text.trimStart(), 40)} <span class="muted">${size(new Blob([text]).size)}</span></summary>
    <pre class="log" tabIndex="0">${unturned(text)}</pre></details>`;
}

/** A text of several lines without what turns its writing around or is no letter. @param {string} text */
function unturned(text) {
  return text.split("\n").map((line) => oneLine(line, Infinity)).join("\n");
}
