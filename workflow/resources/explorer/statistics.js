"use strict";
// Means and 95 % intervals over replicates, as in workflow/prunescape/report/intervals.py: Student's t with
// n - 1 degrees of freedom, whose quantiles come with the contents. No library: it is one formula.

/**
 * Return mean and interval of values; null stands for a replicate that is missing.
 * low and high are null for a single value, and equal the mean where all values agree.
 * @param {(number|null)[]} values
 * @param {Object<number, number>} quantiles factor of the interval by number of values
 * @returns {{n: number, mean: number, low: number|null, high: number|null}|null} null without values
 */
function interval(values, quantiles) {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const n = known.length;
  if (!n) return null;
  if (n === 1) return { n, mean: known[0], low: null, high: null };
  if (known[0] === known[n - 1]) return { n, mean: known[0], low: known[0], high: known[0] };
  const mean = known.reduce((sum, value) => sum + value, 0) / n;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const half = quantiles[n] * Math.sqrt(squares / (n - 1) / n);
  return { n, mean, low: mean - half, high: mean + half };
}

/** Return left - right, replicate by replicate; null where either is missing. */
function differences(left, right) {
  return left.map((value, i) => {
    if (value === null || right[i] === null) return null;
    // Accuracies are ratios of counts: what differs below 1e-9 is rounding, not spread.
    return Math.round((value - right[i]) * 1e9) / 1e9;
  });
}
