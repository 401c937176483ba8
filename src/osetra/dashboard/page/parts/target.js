// The total of trials: seen and changed in one place.
import { html, useState } from "../lib.js";
import { useApp } from "../data/hooks.js";
import { Dialog } from "./dialog.js";

/** @param {{study: any}} props */
export function TargetButton({ study }) {
  const { readOnly } = useApp();
  const [open, set] = useState(false);
  if (readOnly) return null;
  return html`<button type="button" class="quiet small" onClick=${() => set(true)}>${study.target ? "Change the total" : "Set a total"}</button>
    ${open && html`<${TargetDialog} study=${study} onClose=${() => set(false)} />`}`;
}

/** @param {{study: any, onClose: () => void}} props */
function TargetDialog({ study, onClose }) {
  const { data, say } = useApp();
  const [text, setText] = useState(String(study.target ?? ""));
  const [problem, setProblem] = useState("");
  const total = Number(text);
  const least = study.target ?? 1;
  const good = Number.isInteger(total) && total >= least && text.trim() !== "";
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!good) return setProblem(least > 1 ? `a whole number from ${least} on is needed: a total that was promised only grows` : "a whole number above 0 is needed");
    try {
      await data?.send("target", { trials: total });
      await data?.load("study");
      say(`the study now ends after ${total} trials`);
      onClose();
    } catch (error) {
      setProblem(/** @type {Error} */ (error).message);
    }
    return undefined;
  };
  return html`<${Dialog} title="The total of trials" onClose=${onClose}><form onSubmit=${send}>
    <label class="field"><span>Trials in all${study.target ? `, now ${study.target}` : ""}</span>
      <input type="number" min=${study.target ?? 1} step="1" autofocus value=${text} onInput=${(/** @type {any} */ e) => { setText(e.target.value); setProblem(""); }} aria-invalid=${problem ? "true" : undefined} /></label>
    <p class="note">A program that runs the study sees the new total at its next look; trainings at work go on to their end.</p>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <p class="actions"><button type="submit" class="primary">${good ? `End after ${total}` : "Change it"}</button><button type="button" class="quiet" onClick=${onClose}>Leave it</button></p>
  </form><//>`;
}
