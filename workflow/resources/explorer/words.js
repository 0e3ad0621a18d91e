"use strict";
// From the table's words to a reader's.

/** Return the readable name of a word of a key column. */
function word(contents, column, value) {
  return contents.words[column]?.[value] ?? value;
}

/** Return the readable name of a group: network and fit; `among` others, what tells it from them. */
function groupName(contents, group, among = []) {
  return telling(group, among)
    .map((value, i) => value && word(contents, ["network", "fit"][i], value))
    .filter(Boolean)
    .join(", ");
}

/** Return the readable name of a way of pruning; `among` others, what tells it from them. */
function wayName(contents, way, among = []) {
  const [scope, selection, effect, schedule] = telling(way, among);
  return [
    scope && word(contents, "scope", scope),
    selection === "threshold" ? "by a threshold on the score" : "",
    effect && word(contents, "effect", effect),
    schedule && word(contents, "schedule", schedule),
  ]
    .filter(Boolean)
    .join("; ");
}

/** Return the parts of a name as the table has it, those empty that are the same in all `among`. */
function telling(name, among) {
  const others = among.map((other) => other.split("/"));
  return name.split("/").map((part, i) =>
    others.length && others.every((other) => other[i] === part) ? "" : part
  );
}

/** Return the name of a dense line, or of a line's criterion. */
function criterionName(contents, line) {
  const name = word(contents, "criterion", line.criterion);
  const control = line.dense && line.schedule !== "none";
  return control ? `${name}, trained as long as: ${word(contents, "schedule", line.schedule)}` : name;
}

/** Return names of lines that say no more than what tells them apart. */
function lineNames(contents, lines) {
  const groups = lines.map((line) => line.group);
  const ways = lines.filter((line) => !line.dense).map((line) => line.way);
  return lines.map((line) =>
    [
      criterionName(contents, line),
      groupName(contents, line.group, groups),
      line.dense ? "" : wayName(contents, line.way, ways),
    ]
      .filter(Boolean)
      .join(" · ")
  );
}

/** Return a number as the page shows it. */
function shown(metric, value, signed = false) {
  if (value === null) return "–";
  const text = Math.abs(value).toFixed(metric === "accuracy" ? 2 : 4);
  const sign = value < 0 && Number(text) !== 0 ? "−" : signed && value > 0 ? "+" : "";
  return sign + text;
}

/** Return a percentage with as many digits as it needs. */
function percent(value) {
  return `${Number(value.toPrecision(4))} %`;
}

/** Return the share of weights that a point's network lost, or no longer trains. */
function removedPercent(point) {
  return percent(Number((100 - point.kept).toFixed(6)));
}

/** Return what becomes of the weights that masks take, and what the others are, under these effects. */
function fates(effects) {
  const found = new Set(effects);
  found.delete("none");
  if (!found.delete("freeze")) return { taken: "removed", left: "kept" };
  if (!found.size) return { taken: "frozen", left: "not frozen" };
  return { taken: "removed or frozen", left: "neither removed nor frozen" };
}

/** Return the effects of the ways that a choice shows. */
function effectsOf(choice) {
  return choice.ways.map((way) => way.split("/")[2]);
}

/** Return what is on the vertical axis. */
function quantity(contents, choice) {
  const { label, unit } = contents.metrics[choice.metric];
  const difference = choice.against !== "none";
  const written = difference && unit === "%" ? "points" : unit;
  return `${difference ? `difference in ${label}` : label}${written ? ` (${written})` : ""}`;
}

/** Return where a point stands, in words. */
function whereabouts(contents, { point }) {
  const asked = point.line.selection === "threshold" ? `, threshold ${point.level}` : "";
  const noise =
    point.noise === "none" ? "" : `, ${word(contents, "noise", point.noise)}: ${point.noise_level}`;
  const { taken, left } = fates([point.line.effect]);
  const lost = point.line.dense ? "" : ` (${removedPercent(point)} ${taken})`;
  const step = point.again && !point.line.dense ? `, step ${point.step}` : "";
  return `${percent(point.kept)} of weights ${left}${lost}${asked}${step}${noise}`;
}

/** Return a point's numbers in words: value, interval, n. */
function numbers(contents, choice, { mean, low, high, n }) {
  const signed = choice.against !== "none";
  const between =
    low === null
      ? "no interval"
      : `95 % interval ${shown(choice.metric, low, signed)} to ${shown(choice.metric, high, signed)}`;
  const value = shown(choice.metric, mean, signed);
  return [`${quantity(contents, choice)}: ${value}`, between, `n = ${n}`];
}

/** Return what an interval says of a difference: better, worse, or not told apart. */
function reading(contents, choice, { low, high }) {
  if (low === null) return "one replicate: no interval";
  if (low <= 0 && high >= 0) return "not told apart";
  return low > 0 === (contents.metrics[choice.metric].better === "higher") ? "better" : "worse";
}
