"use strict";
// The table on the page: its lines and points, those that the reader chose, and their partners.

/** Return the structure that workflow/prunescape/explorer/contents.py packed. */
async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/**
 * Return the lines of the table, each with its points.
 * A line has the key columns study to schedule, and `group` (network and fit), `way` (scope,
 * selection, effect, schedule), `dense`, `points`.
 */
function tableLines(contents) {
  const lines = contents.lines.map((values) => {
    const line = Object.fromEntries(contents.line_columns.map((name, i) => [name, values[i]]));
    line.dense = line.criterion === "none";
    line.group = `${line.network}/${line.fit}`;
    line.way = [line.scope, line.selection, line.effect, line.schedule].join("/");
    line.points = [];
    return line;
  });
  const columns = contents.points;
  columns.line.forEach((index, i) => {
    const point = { line: lines[index], kept: columns.kept_percent[i], values: {} };
    for (const name of ["step", "level", "noise", "noise_level", "images"]) {
      point[name] = columns[name][i];
    }
    for (const name of Object.keys(contents.metrics)) point.values[name] = columns[name][i];
    lines[index].points.push(point);
  });
  for (const line of lines) {
    line.lastStep = Math.max(...line.points.map((point) => point.step));
    // A chain may come to a level twice.
    const lastAt = new Map();
    for (const { level, step } of line.points) {
      lastAt.set(level, Math.max(step, lastAt.get(level) ?? 0));
    }
    for (const point of line.points) {
      point.lastAtLevel = point.step === lastAt.get(point.level);
      point.again = line.points.some(
        (other) => other.level === point.level && other.step !== point.step
      );
    }
  }
  return lines;
}

/** Return the lines that a choice shows, in its order: dense ones with their controls, pruned ones. */
function chosenLines(lines, choice) {
  const schedules = choice.ways.map((way) => way.split("/")[3]);
  const found = lines.filter(
    (line) =>
      line.study === choice.study &&
      choice.groups.includes(line.group) &&
      choice.criteria.includes(line.criterion) &&
      (line.dense
        ? line.schedule === "none" || schedules.includes(line.schedule)
        : choice.ways.includes(line.way))
  );
  const place = (line) => choice.criteria.indexOf(line.criterion);
  return found.sort((a, b) => place(a) - place(b));
}

/** Return a line's points for a choice, in the order in which they are joined. */
function chosenPoints(line, choice) {
  const last = line.points.filter((point) => !line.dense || point.step === line.lastStep);
  if (choice.horizontal === "sparsity") {
    return last
      .filter((point) => point.noise === choice.noise && point.noise_level === choice.noiseLevel)
      .sort((a, b) => b.kept - a.kept || a.level - b.level || a.step - b.step);
  }
  const found = last.filter(
    (point) =>
      (line.dense ||
        (point.level === choice.level && point.lastAtLevel && line.selection === "exact_k")) &&
      [choice.noise, "none"].includes(point.noise)
  );
  // A clean point begins a curve; alone it is none.
  const noisy = found.some((point) => point.noise !== "none");
  return noisy ? found.sort((a, b) => a.noise_level - b.noise_level) : [];
}

/**
 * Return the point that a point is compared with, or null: of the same network and fit the dense
 * network ("dense": trained as long, where there is such a control) or another criterion
 * ("criterion:<name>"), or one chosen line ("line:<its index>").
 */
function partner(point, against, lines) {
  const line = point.line;
  const of = (wanted) =>
    lines.find((other) => Object.entries(wanted).every(([name, value]) => other[name] === value));
  const [kind, name] = against.split(":");
  const { study, dataset, group, way } = line;
  let other = null;
  if (kind === "dense") {
    const same = { study, dataset, group, dense: true };
    other = of({ ...same, schedule: line.schedule }) ?? of({ ...same, schedule: "none" });
  } else if (kind === "criterion") {
    other = of({ study, dataset, group, way, criterion: name });
  } else {
    other = lines[Number(name)];
  }
  // Data sets must agree: replicates are paired by the images that they met.
  if (!other || other === line || other.dataset !== dataset) return null;
  const met = other.points.filter(
    (each) => each.noise === point.noise && each.noise_level === point.noise_level
  );
  if (other.dense) {
    const step = met.some((each) => each.step === point.step) ? point.step : other.lastStep;
    return met.find((each) => each.step === step) ?? null;
  }
  if (other.selection !== line.selection) return null;
  const level = met.filter((each) => each.level === point.level);
  return (
    level.find((each) => each.step === point.step) ??
    level.find((each) => each.lastAtLevel) ??
    null
  );
}

/**
 * Return what is drawn: [{line, points: [{point, values, mean, low, high, n}]}], empty lines left out.
 * values are those of the replicates: the metric, or its paired difference.
 */
function drawnLines(contents, lines, choice) {
  return chosenLines(lines, choice)
    .map((line) => {
      const points = [];
      for (const point of chosenPoints(line, choice)) {
        let values = point.values[choice.metric];
        if (choice.against !== "none") {
          const other = partner(point, choice.against, lines);
          values = other ? differences(values, other.values[choice.metric]) : [];
        }
        const found = interval(values, contents.quantiles);
        if (found) points.push({ point, values, ...found });
      }
      return { line, points };
    })
    .filter((drawn) => drawn.points.length);
}
