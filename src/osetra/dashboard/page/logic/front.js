// The front as a picture needs it: pure, documents in, numbers out.

/** What trials came to in one objective: all that may be seen, and those on the front. @param {any} doc @param {number} at */
export function axisValues(doc, at) {
  const all = doc.values.map((/** @type {number[]} */ one) => one[at]).filter(Number.isFinite);
  const front = doc.values.filter((/** @type {number[]} */ _, /** @type {number} */ i) => doc.state[i] === "front").map((/** @type {number[]} */ one) => one[at]);
  return /** @type {{all: number[], front: number[]}} */ ({ all, front });
}

/** The limits that lie on an objective's axis; the others are of other metrics. @param {any} doc @param {number} at */
export function limitsOn(doc, at) {
  const rule = doc.limits[doc.metrics[at]];
  const bound = rule === undefined ? NaN : Number(String(rule).replace(/^[<>=\s]+/, ""));
  return Number.isFinite(bound) ? [{ rule, bound }] : [];
}

/** The trials of the front in the order of the document, the best by the first objective first. @param {any} doc */
export function frontRows(doc) {
  const place = new Map(doc.trials.map((/** @type {number} */ trial, /** @type {number} */ i) => [trial, i]));
  return doc.front.map((/** @type {number} */ trial) => ({ trial, values: doc.values[place.get(trial)], seeds: doc.seeds[place.get(trial)] }));
}

/**
 * The edge of what two objectives dominate: beside each trial of the front, as far as the next one is no better.
 * @param {any} doc @param {number} across @param {number} up @returns {number[][]} places, from left to right
 */
export function stairsOf(doc, across, up) {
  const front = frontRows(doc).map((/** @type {any} */ one) => [one.values[across], one.values[up]]).sort((/** @type {number[]} */ a, /** @type {number[]} */ b) => a[0] - b[0]);
  // Where less is better, a trial's outcome is reached by all that may be larger, to its right.
  return front.flatMap((/** @type {number[]} */ one, /** @type {number} */ i) => {
    if (!i) return [one];
    const before = front[i - 1];
    return [doc.signs[across] > 0 ? [one[0], before[1]] : [before[0], one[1]], one];
  });
}
