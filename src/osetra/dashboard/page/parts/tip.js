// A hint beside the pointer, kept inside the window.
import { html, useLayoutEffect, useRef } from "../lib.js";

/** @param {{x: number, y: number, children: any}} props */
export function Tip({ x, y, children }) {
  const ref = useRef(/** @type {HTMLElement|null} */ (null));
  useLayoutEffect(() => {
    const tip = ref.current;
    if (!tip) return;
    const { offsetWidth: width, offsetHeight: height } = tip;
    const left = x + 16 + width > innerWidth - 8 ? x - width - 12 : x + 16;
    const top = y + 16 + height > innerHeight - 8 ? y - height - 12 : y + 16;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, top)}px`;
  });
  return html`<div class="tip" role="tooltip" ref=${ref}>${children}</div>`;
}
