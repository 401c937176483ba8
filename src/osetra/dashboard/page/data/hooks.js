// Documents inside components: they are drawn anew when theirs is, and only then.
import { createContext, useContext, useEffect, useState } from "../lib.js";

/** @typedef {import("./study.js").StudyData} StudyData */

/** @typedef {{source: any, data: StudyData|null, route: any, go: (route: any) => void, dark: boolean,
 *   readOnly: boolean, say: (text: string, level?: string) => void, ask: (question: any) => void}} App */

export const AppContext = createContext(/** @type {App} */ (/** @type {any} */ (null)));

/** @returns {App} */
export function useApp() {
  return useContext(AppContext);
}

/** @returns {StudyData} */
export function useStudy() {
  const { data } = useApp();
  if (!data) throw new Error("no study is open");
  return data;
}

/** A document of the study, or nothing for the name "". @param {string} name */
export function useDocument(name) {
  const study = useStudy();
  const [, draw] = useState(0);
  useEffect(() => {
    if (!name) return undefined;
    return study.watch(name, () => draw((n) => n + 1));
  }, [study, name]);
  return name ? study.entry(name) : { value: null, error: null, loading: false, stamp: 0 };
}

/** Seconds since 1970, again every so often, for ages; in a file it is when the file was made. @param {number} every milliseconds */
export function useNow(every = 1000) {
  const { source, data } = useApp();
  const [now, set] = useState(Date.now() / 1000);
  useEffect(() => {
    if (source.mode === "embedded") return undefined;
    const timer = setInterval(() => document.hidden || set(Date.now() / 1000), every);
    return () => clearInterval(timer);
  }, [every]);
  return source.mode === "embedded" ? data?.entry("cockpit").value?.now ?? now : now;
}

/** A part of the address's query, and how to change it: null takes it out. */
export function useQuery() {
  const { route, go } = useApp();
  const set = (/** @type {Record<string, string|null>} */ changes) => {
    const query = { ...route.query };
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === "") delete query[name];
      else query[name] = value;
    }
    go({ ...route, query, replace: true });
  };
  return /** @type {[Record<string, string>, typeof set]} */ ([route.query, set]);
}
