"use strict";
// The numbers behind the points: a table on the page, and the same as a file.

const DENSE = "–";
const SHARED = ["network, fit", "way of pruning", "noise"];

/** Return the rows of the table: one a point, each [column, text] and what the file says. */
function numberRows(contents, choice, drawn) {
  const names = contents.line_columns;
  const standing = choice.against === "none" ? standings(contents, choice, drawn) : new Map();
  return drawn.flatMap(({ line, points }) =>
    points.map((each) => ({
      each,
      standing: standing.get(each) ?? "",
      file: {
        ...Object.fromEntries(names.map((name) => [name, line[name]])),
        step: each.point.step,
        level: each.point.level,
        kept_percent: each.point.kept,
        noise: each.point.noise,
        noise_level: each.point.noise_level,
        metric: choice.metric,
        against: againstName(contents, choice),
        mean: each.mean,
        ci_low: each.low,
        ci_high: each.high,
        n: each.n,
        // Every replicate of every level of noise is in scores.csv; here those of clean images.
        replicates: each.point.noise === "none" ? replicates(each) : "",
      },
    }))
  );
}

function replicates(each) {
  return each.values.filter((value) => value !== null).join(" ");
}

function againstName(contents, choice) {
  if (!choice.against.startsWith("line:")) return choice.against;
  return contents.lines[Number(choice.against.slice(5))].join("/");
}

/** Write the table's rows; the row of a point has the point in `rowOf`. */
function fillNumbers(table, contents, choice, rows) {
  const compared = choice.against !== "none";
  const metric = choice.metric;
  const { taken, left } = fates(rows.map(({ each }) => each.point.line.effect));
  const all = [
    ["criterion", ({ each }) => criterionName(contents, each.point.line)],
    ["network, fit", ({ each }) => groupName(contents, each.point.line.group)],
    ["way of pruning", ({ each }) => pruning(contents, each.point.line)],
    [taken, ({ each }) => removedPercent(each.point)],
    [left, ({ each }) => percent(each.point.kept)],
    ["noise", ({ each }) => noise(contents, each.point)],
    [quantity(contents, choice), ({ each }) => shown(metric, each.mean, compared)],
    ["95 % interval", ({ each }) => between(metric, each, compared)],
    ["n", ({ each }) => String(each.n)],
    ["best of those drawn", ({ standing }) => standing],
    ...(compared ? [["reading", ({ each }) => reading(contents, choice, each)]] : []),
    ["replicates (clean images)", ({ each }) => listed(metric, each, compared)],
  ];
  // What is the same in every row is said once, above.
  const texts = ([, text]) => new Set(rows.map(text).filter((value) => value !== DENSE));
  const shared = all.filter((column) => texts(column).size === 1 && SHARED.includes(column[0]));
  const columns = all.filter((column) => !shared.includes(column) && [...texts(column)].some(Boolean));
  document.getElementById("shared").textContent = shared.length
    ? `In all rows: ${shared.map((column) => [...texts(column)][0]).join("; ")}.`
    : "";
  const head = table.tHead.rows[0];
  head.replaceChildren(
    ...columns.map(([title], i) => {
      const cell = Object.assign(document.createElement("th"), { scope: "col" });
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: title });
      button.addEventListener("click", () => sortRows(table, i));
      cell.append(button);
      return cell;
    })
  );
  const rowOf = new Map();
  table.tBodies[0].replaceChildren(
    ...rows.map((row) => {
      const line = document.createElement("tr");
      for (const [, text] of columns) line.insertCell().textContent = text(row);
      rowOf.set(row.each, line);
      return line;
    })
  );
  return rowOf;
}

/** Sort a table's rows by a column, the other way round if they are sorted by it already. */
function sortRows(table, column) {
  const heads = [...table.tHead.rows[0].cells];
  const falling = heads[column].getAttribute("aria-sort") === "ascending";
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[column].setAttribute("aria-sort", falling ? "descending" : "ascending");
  const text = (row) => row.cells[column].textContent;
  const value = (row) => Number.parseFloat(text(row).replace("−", "-").replace("+", ""));
  const compare = (a, b) =>
    Number.isNaN(value(a)) || Number.isNaN(value(b))
      ? text(a).localeCompare(text(b))
      : value(a) - value(b);
  const rows = [...table.tBodies[0].rows].sort((a, b) => (falling ? compare(b, a) : compare(a, b)));
  table.tBodies[0].append(...rows);
}

function pruning(contents, line) {
  return line.dense ? DENSE : wayName(contents, line.way);
}

function noise(contents, { noise: kind, noise_level: level }) {
  return kind === "none" ? "clean images" : `${word(contents, "noise", kind)}: ${level}`;
}

function between(metric, each, signed) {
  if (each.low === null) return "–";
  return `${shown(metric, each.low, signed)} to ${shown(metric, each.high, signed)}`;
}

function listed(metric, each, signed) {
  if (each.point.noise !== "none") return "";
  return each.values
    .filter((value) => value !== null)
    .map((value) => shown(metric, value, signed))
    .join("  ");
}

/** Hand the rows to the reader as a file. */
function download(choice, rows) {
  const names = Object.keys(rows[0]?.file ?? {});
  const quoted = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const text = [names, ...rows.map(({ file }) => names.map((name) => file[name] ?? ""))]
    .map((line) => line.map((value) => quoted(String(value))).join(","))
    .join("\n");
  const address = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/csv" }));
  const link = Object.assign(document.createElement("a"), {
    href: address,
    download: `prunescape-${choice.study}-${choice.metric}.csv`,
  });
  link.click();
  URL.revokeObjectURL(address);
}
