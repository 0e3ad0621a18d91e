"use strict";
// Which of the drawn lines is best at a sparsity and noise, and by how much.

/**
 * Return a map of points to words: the best is ahead of the next by so much, the others are so far
 * behind the best, with the paired 95 % interval of that difference. Points compare at the same level
 * and noise: pruned lines with each other, or, where none is drawn, unpruned ones.
 */
function standings(contents, choice, drawn) {
  const pruned = drawn.filter(({ line }) => line.selection === "exact_k");
  const rivals = pruned.length ? pruned : drawn.filter(({ line }) => line.dense);
  const places = new Map();
  for (const each of rivals.flatMap(({ points }) => points)) {
    const { level, noise, noise_level: strength, lastAtLevel } = each.point;
    if (!each.point.line.dense && !lastAtLevel) continue;
    const place = `${level} ${noise} ${strength}`;
    places.set(place, [...(places.get(place) ?? []), each]);
  }
  const found = new Map();
  for (const here of places.values()) {
    if (here.length < 2) continue;
    const [best, next, ...rest] = inOrder(contents, choice, here);
    found.set(best, `best, ahead by ${lead(contents, choice, best, next)}`);
    for (const each of [next, ...rest]) found.set(each, `behind by ${lead(contents, choice, best, each)}`);
  }
  return found;
}

/** Return points from the best mean to the worst. */
function inOrder(contents, choice, points) {
  const sign = contents.metrics[choice.metric].better === "higher" ? 1 : -1;
  return [...points].sort((a, b) => sign * (b.mean - a.mean));
}

/** Return how far a point is ahead of another, replicate by replicate, and whether that tells them apart. */
function lead(contents, choice, best, other) {
  const higher = contents.metrics[choice.metric].better === "higher";
  const [left, right] = higher ? [best, other] : [other, best];
  const found = interval(differences(left.values, right.values), contents.quantiles);
  if (!found) return "–";
  const written = (value) => shown(choice.metric, value);
  if (found.low === null) return `${written(found.mean)} (one replicate)`;
  const tied = found.low <= 0 ? ": not told apart" : "";
  return `${written(found.mean)} (${written(found.low)} to ${written(found.high)})${tied}`;
}
