// The whole page: which study, which view, which theme; what it says and asks.
import { html, useCallback, useEffect, useMemo, useRef, useState } from "../lib.js";
import { AppContext } from "../data/hooks.js";
import { StudyData } from "../data/study.js";
import { formatRoute, parseRoute } from "../logic/route.js";
import { applyTheme, chooseTheme, chosenTheme } from "../theme.js";
import { Shell } from "./shell.js";
import { Confirm } from "./dialog.js";

const SAYING = 6000;

/** @param {{source: any}} props */
export function App({ source }) {
  const [route, setRoute] = useState(() => parseRoute(location.hash || source.start));
  const [theme, setTheme] = useState(chosenTheme());
  const [dark, setDark] = useState(() => applyTheme());
  const [question, setQuestion] = useState(/** @type {any} */ (null));
  const [sayings, say] = useSayings();
  const [place, setPlace] = useState(/** @type {any} */ (null));

  useEffect(() => {
    const follow = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", follow);
    addEventListener("popstate", follow);
    return () => {
      removeEventListener("hashchange", follow);
      removeEventListener("popstate", follow);
    };
  }, []);
  useEffect(() => {
    const media = matchMedia("(prefers-color-scheme: dark)");
    const follow = () => setDark(applyTheme(theme));
    follow();
    media.addEventListener("change", follow);
    return () => media.removeEventListener("change", follow);
  }, [theme]);

  const go = useCallback((/** @type {any} */ to) => {
    const hash = formatRoute(to);
    if (to.replace) history.replaceState(null, "", hash);
    else history.pushState(null, "", hash);
    setRoute(parseRoute(hash));
  }, []);
  const choose = (/** @type {"light"|"dark"|"system"} */ next) => {
    chooseTheme(next);
    setTheme(next);
  };
  const data = useStudyData(source, route.study);
  const studies = useStudies(source, setPlace);
  const readOnly = source.mode === "embedded" || Boolean(place?.read_only);
  const app = useMemo(
    () => ({ source, data, route, go, dark, readOnly, say, ask: setQuestion, theme, choose, place, studies }),
    [source, data, route, dark, readOnly, theme, place, sayings.length],
  );
  return html`<${AppContext.Provider} value=${app}>
    <${Shell} />
    <div class="sayings" role="status" aria-live="polite">
      ${sayings.map((/** @type {any} */ one) => html`<p key=${one.id} class=${`saying ${one.level}`}>${one.text}</p>`)}
    </div>
    ${question && html`<${Confirm} key=${question.text} question=${question} onClose=${() => setQuestion(null)} />`}
  <//>`;
}

/** Sentences that stand for a few seconds. @returns {[any[], (text: string, level?: string) => void]} */
function useSayings() {
  const [sayings, set] = useState(/** @type {any[]} */ ([]));
  const count = useRef(0);
  const say = useCallback((/** @type {string} */ text, level = "info") => {
    const id = (count.current += 1);
    set((all) => [...all.slice(-2), { id, text, level }]);
    setTimeout(() => set((all) => all.filter((one) => one.id !== id)), SAYING);
  }, []);
  return [sayings, say];
}

/** @param {any} source @param {string} id */
function useStudyData(source, id) {
  const data = useMemo(() => (id ? new StudyData(source, id) : null), [source, id]);
  useEffect(() => () => data?.close(), [data]);
  return data;
}

/** The list of studies, on request. @param {any} source @param {(place: any) => void} set */
function useStudies(source, set) {
  const load = useCallback(
    () => source.get("/api/studies").then(
      (/** @type {any} */ place) => set(place),
      (/** @type {Error} */ error) => set((/** @type {any} */ old) => ({ ...(old ?? { studies: null }), error })),
    ),
    [source],
  );
  useEffect(() => {
    load();
  }, [load]);
  return load;
}
