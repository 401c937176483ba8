// The x axis of cost curves: steps as they are, seconds since the training began, or the cost so far.

/** @typedef {"step"|"time"|"cost"} By */

/**
 * @param {{steps: number[], times?: number[]|null}} curve @param {By} by
 * @param {{started?: number|null, cost?: number|null, steps?: number|null}} trial
 * @returns {number[]}
 */
export function xOf(curve, by, trial) {
  if (by === "time" && curve.times?.length) {
    const begin = trial.started ?? curve.times[0];
    return curve.times.map((time) => Math.max(0, time - begin));
  }
  if (by === "cost" && trial.cost && trial.steps) {
    const each = trial.cost / trial.steps;
    return curve.steps.map((step) => step * each);
  }
  return curve.steps;
}

/** @param {By} by */
export function xLabel(by) {
  return { step: "step", time: "wall time", cost: "cost" }[by];
}
