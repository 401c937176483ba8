// The address: #/STUDY/view/ARGUMENT?key=value. Whatever a person sees or selects is in it.

/** @typedef {{study: string, view: string, arg: string, query: Record<string, string>}} Route */

export const VIEWS = ["cockpit", "trials", "trial", "timeline", "search", "compare", "panda", "new"];

/** @param {string} hash @returns {Route} */
export function parseRoute(hash) {
  const [path, search = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [study = "", view = "", ...rest] = path.split("/").map(decode);
  const query = Object.fromEntries(new URLSearchParams(search));
  if (study === "compare" || !study) return { study: "", view: study || "studies", arg: "", query };
  return { study, view: VIEWS.includes(view) ? view : "cockpit", arg: rest.join("/"), query };
}

/** @param {Partial<Route>} route */
export function formatRoute({ study = "", view = "", arg = "", query = {} }) {
  const parts = study ? [study, view || "cockpit", arg] : [view === "studies" ? "" : view];
  const path = parts.filter((part) => part !== "").map(encodeURIComponent).join("/");
  const kept = Object.entries(query).filter(([, value]) => value !== "" && value != null);
  const search = new URLSearchParams(kept).toString();
  return `#/${path}${search ? `?${search}` : ""}`;
}

/** "3,7" → [3, 7] @param {string|undefined} text @returns {number[]} */
export function parseNumbers(text) {
  const found = (text ?? "").split(",").map(Number).filter((n) => Number.isInteger(n) && n > 0);
  return [...new Set(found)];
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
