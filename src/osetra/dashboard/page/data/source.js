// Where the page's documents come from: a server, or the page itself.
import { embeddedSource } from "./embedded.js";
import { liveSource } from "./live.js";

/**
 * @typedef {{
 *   event: (kind: string, data: any, id: string) => void,
 *   connection: (state: string) => void,
 *   resumed: () => void,
 *   missed: () => void,
 * }} Handlers
 * @typedef {{
 *   mode: "live"|"embedded",
 *   start: string,
 *   get: (path: string) => Promise<any>,
 *   post: (path: string, body: any) => Promise<any>,
 *   listen: (path: string, after: () => string, handlers: Handlers) => () => void,
 * }} Source
 */

/** @returns {Source} */
export function openSource() {
  const inside = document.getElementById("documents");
  if (inside) return embeddedSource(JSON.parse(inside.textContent ?? "{}"));
  return liveSource(new URL(".", location.href.split("#")[0].split("?")[0]).pathname);
}
