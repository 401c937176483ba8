// Dialogs: the browser's own, which keep the focus and close with Escape.
import { html, useLayoutEffect, useRef, useState } from "../lib.js";

/** @param {{title: string, onClose: () => void, children: any, wide?: boolean}} props */
export function Dialog({ title, onClose, children, wide = false }) {
  const ref = useRef(/** @type {HTMLDialogElement|null} */ (null));
  // Open as soon as it is drawn: keys may come faster than effects, and Escape would be lost.
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  const outside = (/** @type {any} */ event) => {
    if (event.target === ref.current) onClose();
  };
  return html`<dialog ref=${ref} class=${wide ? "wide" : ""} aria-label=${title} onCancel=${(/** @type {Event} */ e) => { e.preventDefault(); onClose(); }} onClick=${outside}>
    <div class="dialog-body">
      <header><h2>${title}</h2><button type="button" class="quiet" aria-label="Close" onClick=${onClose}>✕</button></header>
      ${children}
    </div>
  </dialog>`;
}

/**
 * A question that names what is at stake; the answer waits for the server.
 * @param {{question: {title: string, text: string, yes: string, heavy?: boolean, act: (why: string) => Promise<any>, why?: boolean},
 *   onClose: () => void}} props
 */
export function Confirm({ question, onClose }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const [why, setWhy] = useState("");
  const yes = async () => {
    if (busy) return;
    setBusy(true);
    try {
      await question.act(why);
      onClose();
    } catch (error) {
      setProblem(/** @type {Error} */ (error).message);
      setBusy(false);
    }
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    yes();
  };
  return html`<${Dialog} title=${question.title} onClose=${onClose}>
    <form onSubmit=${submit}>
      <p class="stake">This ${question.text}.</p>
      ${question.why !== false && html`<label class="field"><span>Why (kept with the order)</span>
        <input value=${why} maxlength="400" onInput=${(/** @type {any} */ e) => setWhy(e.target.value)} /></label>`}
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      <p class="actions">
        <button type="submit" autofocus class=${question.heavy ? "primary heavy" : "primary"} disabled=${busy}>${busy ? "Sending…" : question.yes}</button>
        <button type="button" class="quiet" onClick=${onClose}>Leave it</button>
      </p>
    </form>
  <//>`;
}
