// What events do to the documents that the page holds: trials are merged, points appended. Pure.

/**
 * @typedef {{
 *   version: any, numbers: number[], config: Record<string, any[]>,
 *   attrs?: Record<string, any[]>, metrics: Record<string, {last: any[], best: any[]}>, [column: string]: any,
 * }} Trials
 */
/** @typedef {{trial: number, steps: number[], values: any[], partner: any[]|null, times?: number[]|null,
 *   partner_steps?: number[]|null, state?: string, end?: any}} Curve */

/** Columns of the trials document that are lists as long as `numbers`. @param {Trials} doc */
export function columnsOf(doc) {
  const inner = new Set(["numbers", "config", "metrics", "version"]);
  return Object.keys(doc).filter((name) => !inner.has(name) && Array.isArray(doc[name]));
}

/**
 * Return the table with a delta merged in; the lists of the table are extended in place, since ten thousand rows are
 * not copied four times a second.
 * @param {Trials|null} table @param {Trials|null|undefined} delta @returns {Trials|null}
 */
export function mergeTrials(table, delta) {
  if (!delta || !delta.numbers?.length) return table;
  if (!table) return delta;
  const index = new Map(table.numbers.map((number, i) => [number, i]));
  const places = delta.numbers.map((number) => {
    const known = index.get(number);
    if (known !== undefined) return known;
    table.numbers.push(number);
    index.set(number, table.numbers.length - 1);
    return table.numbers.length - 1;
  });
  const total = table.numbers.length;
  for (const name of new Set([...columnsOf(table), ...columnsOf(delta)])) {
    table[name] = spread(table[name], delta[name], places, total);
  }
  for (const group of /** @type {const} */ (["config", "attrs"])) {
    const [mine, theirs] = [(table[group] ??= {}), delta[group] ?? {}];
    for (const name of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
      mine[name] = spread(mine[name], theirs[name] ?? delta.numbers.map(() => null), places, total);
    }
  }
  for (const name of new Set([...Object.keys(table.metrics), ...Object.keys(delta.metrics ?? {})])) {
    const [mine, theirs] = [table.metrics[name], delta.metrics?.[name]];
    table.metrics[name] = {
      last: spread(mine?.last, theirs?.last, places, total),
      best: spread(mine?.best, theirs?.best, places, total),
    };
  }
  return { ...table, version: delta.version };
}

/** @param {any[]|undefined} column @param {any[]|undefined} values @param {number[]} places @param {number} total */
function spread(column, values, places, total) {
  const out = column ?? [];
  while (out.length < total) out.push(null);
  if (values) places.forEach((place, i) => (out[place] = values[i]));
  return out;
}

/**
 * Whether a delta brings another order than the table has; most only say how far trainings have come.
 * @param {Trials} table @param {Trials} delta
 */
export function movesRanks(table, delta) {
  const index = new Map(table.numbers.map((number, i) => [number, i]));
  return delta.numbers.some((number, i) => {
    const row = index.get(number);
    return row === undefined || table.state[row] !== delta.state[i] || table.value?.[row] !== delta.value?.[i];
  });
}

/**
 * Give ranks anew, 1 the best, of everything that has a value and is no repeat of another.
 * @param {Trials} table @param {boolean} maximize
 */
export function rankTrials(table, maximize) {
  const sign = maximize ? -1 : 1;
  const value = table.value ?? [];
  const order = table.numbers
    .map((_, i) => i)
    .filter((i) => Number.isFinite(value[i]) && table.repeats?.[i] == null && table.state[i] === "finished")
    .sort((a, b) => sign * (value[a] - value[b]) || a - b);
  const rank = /** @type {(number|null)[]} */ (table.numbers.map(() => null));
  order.forEach((row, i) => (rank[row] = i + 1));
  table.rank = rank;
  return order;
}

/**
 * Put points behind a curve; those at the same step and later ones are replaced, and of `whole` curves all.
 * @param {Curve} curve @param {{steps: number[], values: any[], whole?: boolean}} points @param {number} now Unix seconds
 */
export function appendPoints(curve, points, now) {
  if (!points.steps.length) return false;
  const from = points.whole ? 0 : curve.steps.findIndex((step) => step >= points.steps[0]);
  if (from >= 0) {
    const same = points.steps.every((step, i) => curve.steps[from + i] === step && curve.values[from + i] === points.values[i]);
    if (same && curve.steps.length === from + points.steps.length) return false;
    curve.steps.length = curve.values.length = from;
    if (curve.partner && !curve.partner_steps) curve.partner.length = Math.min(curve.partner.length, from);
    if (curve.times) curve.times.length = Math.min(curve.times.length, from);
  }
  points.steps.forEach((step, i) => {
    curve.steps.push(step);
    curve.values.push(points.values[i]);
    if (curve.partner && !curve.partner_steps) curve.partner.push(null);
    if (curve.times) curve.times.push(now);
  });
  return true;
}

/**
 * Fill what a partner metric reported at steps that the curve has. @param {Curve} curve
 * @param {{steps: number[], values: any[]}} points
 */
export function fillPartner(curve, points) {
  if (curve.partner_steps && curve.partner) {
    const known = { trial: curve.trial, steps: curve.partner_steps, values: curve.partner, partner: null };
    appendPoints(known, points, 0);
    return;
  }
  if (!curve.partner) curve.partner = curve.steps.map(() => null);
  const places = new Map(curve.steps.map((step, i) => [step, i]));
  points.steps.forEach((step, i) => {
    const at = places.get(step);
    if (at !== undefined && curve.partner) curve.partner[at] = points.values[i];
  });
}

/**
 * Apply an event of points to a document of curves; returns whether anything changed, and trials it does not know.
 * @param {any} doc @param {{metric: string, curves: Record<string, any>}} event @param {number} now Unix seconds
 */
export function mergePoints(doc, event, now = Date.now() / 1000) {
  const known = new Map(doc.curves.map((/** @type {Curve} */ curve) => [curve.trial, curve]));
  let changed = false;
  const unknown = [];
  for (const [trial, points] of Object.entries(event.curves ?? {})) {
    const curve = known.get(Number(trial));
    if (!curve) unknown.push(Number(trial));
    else if (event.metric === doc.metric) changed = appendPoints(curve, points, now) || changed;
    else if (event.metric === doc.partner) {
      fillPartner(curve, points);
      changed = true;
    }
  }
  return { changed, unknown };
}
