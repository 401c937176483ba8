// What the study suggests next: each finding with its move as a button.
import { html } from "../lib.js";
import { useApp } from "../data/hooks.js";
import { oneLine, prose } from "../logic/format.js";
import { sentence } from "../logic/wording.js";
import { copyText } from "./marks.js";
import { askMove } from "./ordering.js";

/** What can be typed as it stands, beside sentences: a range such as lr=log(1e-4, 1). */
const TYPED = /^[^\s=]+=\S/;
/** An option or a call within a sentence, never broken over two lines. */
const SPELLED = /(--\w[\w-]*|\bstudy\.\w+\([^()]*\))/;

/** @param {{findings: any[], study: any}} props */
export function Findings({ findings, study }) {
  return html`<section class="sheet"><header><h2>What to do next</h2></header><div class="inside">
    ${!findings.length && html`<p class="muted">Nothing asks for you. Advice appears here as soon as the results back it.</p>`}
    <ul class="findings">${findings.map((one) => html`<li key=${`${one.rule}/${one.text}`} class=${one.level}>
      <p class="wrap-any">${prose(one.text, 500)}</p><${Action} finding=${one} study=${study} /></li>`)}</ul></div></section>`;
}

/** @param {{finding: any, study: any}} props */
function Action({ finding, study }) {
  const app = useApp();
  const { move } = finding;
  const sendable = move && !app.readOnly && (["enqueue", "target", "edit"].includes(move.verb) || (move.trial && study.verbs?.includes(move.verb)));
  const said = finding.action && !TYPED.test(finding.action) && !move?.text.includes(finding.action);
  const advice = said && html`<p class="note wrap-any">${spelled(sentence(finding.action, 400))}</p>`;
  if (sendable) return html`${advice}<p class="actions"><button type="button" class=${finding.level === "info" ? "" : "primary"} onClick=${() => askMove(app, move, finding.text)}>${sentence(move.text || move.verb)}</button></p>`;
  const typed = move?.command || (said ? "" : finding.action);
  if (!typed) return advice || null;
  const copy = () => copyText(typed).then((done) => app.say(done ? "copied" : "the browser does not let this page copy"));
  return html`${advice}<p class="command"><code class="wrap-any">${oneLine(typed, 400)}</code><button type="button" class="quiet" onClick=${copy}>Copy</button></p>`;
}

/** @param {string} text */
const spelled = (text) => text.split(SPELLED).map((part, i) => (i % 2 ? html`<code class="still">${part}</code>` : part));
