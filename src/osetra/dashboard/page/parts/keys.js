// The keyboard: every view by two keys, and the list of them all.
import { useEffect, useRef } from "../lib.js";
import { useApp } from "../data/hooks.js";

/** @type {[string, [string, string][]][]} */
export const KEYS = [
  ["Anywhere", [
    ["?", "this card"], ["g c", "cockpit"], ["g t", "trials"], ["g l", "timeline"], ["g s", "search"], ["g m", "compare"],
    ["g a", "all studies"], ["n", "queue a new trial"], ["d", "switch the theme"], ["Esc", "close, or clear the selection"],
  ]],
  ["Trials", [["/", "filter"], ["j k", "down, up"], ["x", "select a row"], ["Enter", "open it"]]],
  ["Trial", [["s", "stop it"], ["p", "pause it, or let it go on"], ["b", "back to its best checkpoint"], ["f", "branch"], ["w", "watch it alone"]]],
  ["Watching one training", [
    ["+ -", "learning rate × 1.5, ÷ 1.5"], ["p", "pause, and go on"], ["b", "back to the best checkpoint"], ["f", "branch"],
    ["s", "stop, keep the result so far"], ["n", "a note"], ["a", "follow the advice"], ["q", "leave"],
  ]],
];
const PLACES = /** @type {Record<string, string>} */ ({ c: "cockpit", t: "trials", l: "timeline", s: "search", m: "compare" });

/** Whether a key is meant for a field. @param {any} event */
export function isTyping(event) {
  const target = event.target;
  if (document.querySelector("dialog[open]")) return true;
  return event.ctrlKey || event.metaKey || event.altKey || Boolean(target?.closest?.("input, textarea, select, dialog, [contenteditable]"));
}

/** @param {{help: () => void}} actions */
export function useKeys({ help }) {
  const app = /** @type {any} */ (useApp());
  const latest = useRef(app);
  latest.current = app;
  useEffect(() => {
    let leading = 0;
    const press = (/** @type {KeyboardEvent} */ event) => {
      if (isTyping(event) || event.defaultPrevented) return;
      const { route, go, readOnly, choose } = latest.current;
      const led = Date.now() - leading < 1200;
      leading = event.key === "g" ? Date.now() : 0;
      const query = Object.fromEntries(["sel", "f"].filter((name) => route.query[name]).map((name) => [name, route.query[name]]));
      if (led && event.key === "a") go({ study: "", view: "studies" });
      else if (led && PLACES[event.key] && route.study) go({ study: route.study, view: PLACES[event.key], query });
      else if (event.key === "?") help();
      else if (event.key === "d" && route.view !== "panda") choose(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
      else if (event.key === "n" && route.study && !readOnly && route.view !== "panda") go({ study: route.study, view: "new" });
      else if (event.key === "Escape" && route.query.sel) go({ ...route, query: { ...route.query, sel: "" }, replace: true });
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

/** Keys of one view. @param {(key: string, event: KeyboardEvent) => boolean|void} act returns true where it used the key */
export function useViewKeys(act) {
  // As it was drawn last: keys may come faster than effects.
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const press = (/** @type {KeyboardEvent} */ event) => {
      if (!isTyping(event) && !event.defaultPrevented && latest.current(event.key, event)) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
    };
    addEventListener("keydown", press, true);
    return () => removeEventListener("keydown", press, true);
  }, []);
}
