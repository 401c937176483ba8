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
import { FrontPanel } from "../parts/front.js";
import { FidelityPanel } from "../parts/fidelity.js";
import { HistoryPanel } from "../parts/history.js";

const PARTS = [["parallel", "Parallel coordinates"], ["importance", "Importance"], ["slices", "Slices"], ["contour", "Contour"], ["history", "History"], ["fidelity", "Fidelity"], ["boxes", "Coarse to fine"]];
/** What is looked at first where a study has several objectives. */
const FRONT = ["front", "Front"];
const PANELS = /** @type {Record<string, any>} */ ({ front: FrontPanel, parallel: ParallelPanel, importance: ImportancePanel, slices: SlicesPanel, history: HistoryPanel, fidelity: FidelityPanel, boxes: BoxesPanel });

export function Search() {
  const [query, set] = useQuery();
  const { route } = useApp();
  const study = useDocument("study").value;
  const parts = study?.objectives?.length > 1 ? [FRONT, ...PARTS] : PARTS;
  const usual = parts[0][0];
  const part = parts.some(([id]) => id === query.part) ? query.part : usual;
  const nav = useTabInSight([part]);
  return html`<div class="stack"><nav class="parts" ref=${nav} aria-label="Ways to look at the search">${parts.map(([id, label]) => html`<button key=${id} type="button" aria-current=${id === part ? "page" : undefined} onClick=${() => set({ part: id === usual ? null : id })}>${label}</button>`)}</nav>
    ${study && (part === "contour" ? html`<${ContourPanel} study=${study} />` : html`<${Part} key=${`${route.study}/${part}`} part=${part} study=${study} />`)}</div>`;
}

/** @param {{part: string, study: any}} props */
function Part({ part, study }) {
  const doc = useDocument(part);
  const label = ([FRONT, ...PARTS].find(([id]) => id === part) ?? ["", part])[1].toLowerCase();
  return html`<${Ready} doc=${doc} name=${part} what=${label}>${(/** @type {any} */ value) => html`<${PANELS[part]} doc=${value} study=${study} />`}<//>`;
}
