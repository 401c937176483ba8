// Search: what matters, where the good trials lie, and how the search closed in on them.
import { html } from "../lib.js";
import { useApp, useDocument, useQuery } from "../data/hooks.js";
import { Ready } from "../parts/states.js";
import { useTabInSight } from "../parts/tabs.js";
import { ParallelPanel } from "../parts/parallel.js";
import { SlicesPanel } from "../parts/slices.js";
import { ContourPanel } from "../parts/contour.js";
import { ImportancePanel } from "../parts/importance.js";
import { BoxesPanel } from "../parts/boxes.js";
import { FidelityPanel } from "../parts/fidelity.js";
import { HistoryPanel } from "../parts/history.js";

const PARTS = [["parallel", "Parallel coordinates"], ["importance", "Importance"], ["slices", "Slices"], ["contour", "Contour"], ["history", "History"], ["fidelity", "Fidelity"], ["boxes", "Coarse to fine"]];
const PANELS = /** @type {Record<string, any>} */ ({ parallel: ParallelPanel, importance: ImportancePanel, slices: SlicesPanel, history: HistoryPanel, fidelity: FidelityPanel, boxes: BoxesPanel });

export function Search() {
  const [query, set] = useQuery();
  const { route } = useApp();
  const part = PARTS.some(([id]) => id === query.part) ? query.part : "parallel";
  const study = useDocument("study").value;
  const nav = useTabInSight([part]);
  return html`<div class="stack"><nav class="parts" ref=${nav} aria-label="Ways to look at the search">${PARTS.map(([id, label]) => html`<button key=${id} type="button" aria-current=${id === part ? "page" : undefined} onClick=${() => set({ part: id === "parallel" ? null : id })}>${label}</button>`)}</nav>
    ${study && (part === "contour" ? html`<${ContourPanel} study=${study} />` : html`<${Part} key=${`${route.study}/${part}`} part=${part} study=${study} />`)}</div>`;
}

/** @param {{part: string, study: any}} props */
function Part({ part, study }) {
  const doc = useDocument(part);
  const label = (PARTS.find(([id]) => id === part) ?? ["", part])[1].toLowerCase();
  return html`<${Ready} doc=${doc} name=${part} what=${label}>${(/** @type {any} */ value) => html`<${PANELS[part]} doc=${value} study=${study} />`}<//>`;
}
