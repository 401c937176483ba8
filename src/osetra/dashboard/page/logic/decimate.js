// Fewer points that look the same: the least and the greatest of every bucket stay.

/**
 * @param {number[]} xs @param {number[]} ys @param {number} most points at most
 * @returns {{xs: number[], ys: number[]}}
 */
export function decimate(xs, ys, most) {
  if (xs.length <= most) return { xs, ys };
  const buckets = Math.max(1, Math.floor((most - 2) / 2));
  const keep = [0];
  const inner = xs.length - 2;
  for (let b = 0; b < buckets; b += 1) {
    const from = 1 + Math.floor((b * inner) / buckets);
    const to = 1 + Math.floor(((b + 1) * inner) / buckets);
    const [low, high] = extremes(ys, from, to);
    if (low < 0) continue;
    if (low === high) keep.push(low);
    else keep.push(Math.min(low, high), Math.max(low, high));
  }
  keep.push(xs.length - 1);
  return { xs: keep.map((i) => xs[i]), ys: keep.map((i) => ys[i]) };
}

/** @param {number[]} ys @param {number} from @param {number} to @returns {[number, number]} */
function extremes(ys, from, to) {
  let [low, high] = [-1, -1];
  for (let i = from; i < to; i += 1) {
    if (!Number.isFinite(ys[i])) continue;
    if (low < 0 || ys[i] < ys[low]) low = i;
    if (high < 0 || ys[i] > ys[high]) high = i;
  }
  return low < 0 && to > from ? [from, from] : [low, high];
}

/**
 * Exponential smoothing that starts unbiased. @param {number[]} ys @param {number} weight 0 … 0.99
 */
export function smooth(ys, weight) {
  if (!(weight > 0)) return ys;
  let [sum, norm] = [0, 0];
  return ys.map((y) => {
    if (!Number.isFinite(y)) return y;
    sum = weight * sum + (1 - weight) * y;
    norm = weight * norm + (1 - weight);
    return sum / norm;
  });
}
