// Designed states of a view: loading, empty, broken. Never an endless spinner.
import { html, useEffect, useState } from "../lib.js";
import { useStudy } from "../data/hooks.js";

/** @param {{title: string, children?: any, kind?: string}} props */
export function Message({ title, children, kind = "empty" }) {
  return html`<section class=${`message ${kind}`} role=${kind === "error" ? "alert" : "status"}>
    <h2>${title}</h2>
    <div class="message-text">${children}</div>
  </section>`;
}

/** Shown only where it takes long enough to be noticed. @param {{what: string}} props */
export function Loading({ what }) {
  const [late, set] = useState(0);
  useEffect(() => {
    const timers = [setTimeout(() => set(1), 250), setTimeout(() => set(2), 8000)];
    return () => timers.forEach(clearTimeout);
  }, []);
  if (!late) return html`<div class="loading" aria-busy="true" />`;
  return html`<div class="loading shown" role="status" aria-busy="true">
    <span class="loading-bar" />
    <p>Reading ${what}…</p>
    ${late > 1 && html`<p class="muted">This takes long. The study is read beside its trainings and does not slow them.</p>`}
  </div>`;
}

/**
 * A document, or what stands in for it. @param {{doc: any, name: string, what: string, children: any}} props
 */
export function Ready({ doc, name, what, children }) {
  const study = useStudy();
  if (doc.value) return children(doc.value);
  if (doc.error) {
    return html`<${Message} kind="error" title=${what.startsWith("trial ") ? `Trial ${what.slice(6)} cannot be shown` : `The ${what} cannot be shown`}>
      <p>${doc.error.message}</p>
      <p><button type="button" onClick=${() => study.load(name)}>Try again</button></p>
    <//>`;
  }
  return html`<${Loading} what=${what.startsWith("trial ") ? what : `the ${what}`} />`;
}
