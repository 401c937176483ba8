// Documents inside the page itself: one file without a server. Nothing can be ordered there.

/** @typedef {import("./source.js").Source} Source */

const LIST = "/api/studies";

/** @param {Record<string, any>} documents by their paths @returns {Source} */
export function embeddedSource(documents) {
  const studies = documents[LIST]?.studies ?? [];
  return {
    mode: "embedded",
    start: studies.length === 1 ? `#/${encodeURIComponent(studies[0].id)}/cockpit` : "",
    get: async (path) => {
      const found = lookup(documents, path);
      if (found === undefined) throw new Error(`this file holds no ${describe(path)}; the live page does`);
      return structuredClone(found);
    },
    post: async () => {
      throw new Error("this is a file without a server: nothing can be ordered here");
    },
    listen: () => () => {},
  };
}

/** @param {Record<string, any>} documents @param {string} path */
function lookup(documents, path) {
  if (path in documents) return documents[path];
  const [plain, search] = path.split("?", 2);
  const query = new URLSearchParams(search ?? "");
  if (plain.endsWith("/curves")) return curvesOf(documents, plain, query);
  if (plain.endsWith("/contour")) {
    const [x, y] = [query.get("x"), query.get("y")];
    const all = documentsAt(documents, plain);
    return x ? all.find((doc) => doc.x?.name === x && doc.y?.name === y) : all[0];
  }
  return documentsAt(documents, plain)[0];
}

/** @param {Record<string, any>} documents @param {string} plain */
function documentsAt(documents, plain) {
  return Object.keys(documents).filter((key) => key.split("?", 1)[0] === plain).map((key) => documents[key]);
}

/** Curves of one metric; of named trials from their own documents, where the overview left them out.
 * @param {Record<string, any>} documents @param {string} plain @param {URLSearchParams} query */
function curvesOf(documents, plain, query) {
  const metric = query.get("metric");
  const all = documentsAt(documents, plain);
  const base = all.find((doc) => !metric || doc.metric === metric) ?? all[0];
  const wanted = query.get("trials");
  if (!wanted || wanted === "auto") return base;
  const root = plain.replace(/\/curves$/, "");
  const curves = wanted.split(",").map(Number).map((trial) => {
    const known = base?.curves.find((/** @type {any} */ curve) => curve.trial === trial && base.metric === (metric ?? base.metric));
    return known ?? curveFromTrial(documents[`${root}/trials/${trial}`], metric ?? base?.metric, trial);
  });
  return { ...(base ?? { rungs: [], sign: 1 }), metric: metric ?? base?.metric, band: null, curves: curves.filter(Boolean) };
}

/** @param {any} doc @param {string} metric @param {number} trial */
function curveFromTrial(doc, metric, trial) {
  const folds = doc?.curves?.[metric];
  const first = folds && Object.values(folds)[0];
  if (!first) return null;
  const [steps, values] = Array.isArray(first) ? first : [first.steps, first.values];
  return { trial, steps, values, partner: null, times: null, state: doc.state, end: null };
}

/** @param {string} path */
function describe(path) {
  return path.replace(/^\/api\/studies\/[^/]+\/?/, "").split("?")[0] || "such study";
}
