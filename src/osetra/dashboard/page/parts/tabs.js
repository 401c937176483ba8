// Tabs that are wider than the screen.
import { useEffect, useRef } from "../lib.js";

/** Bring the current one of several tabs into sight where they are wider than the screen. @param {any[]} inputs */
export function useTabInSight(inputs) {
  const ref = useRef(/** @type {HTMLElement|null} */ (null));
  useEffect(() => ref.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" }), inputs);
  return ref;
}
