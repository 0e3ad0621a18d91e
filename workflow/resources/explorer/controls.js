"use strict";
// The form: what can be chosen, given what else is chosen, and the address that remembers it.

const LISTS = ["groups", "ways", "criteria"];
const FIELDS = ["study", "horizontal", "metric", "against", "noise", "noiseLevel", "level"];

/** Return the distinct values in the order of the table's words, or of numbers. */
function distinct(contents, values, column) {
  const found = [...new Set(values)];
  if (typeof found[0] === "number") return found.sort((a, b) => a - b);
  const order = Object.keys(contents.words[column] ?? {});
  return found.sort((a, b) => order.indexOf(a) - order.indexOf(b) || (a < b ? -1 : 1));
}

/**
 * Return a choice that can be drawn: what was wished, as far as the table has it, and the rest by
 * default. A study whose networks differ rather than their pruning begins with noise curves.
 */
function possible(contents, lines, wish) {
  const studies = distinct(contents, lines.map((line) => line.study), "study");
  const study = studies.includes(wish.study) ? wish.study : studies[0];
  const same = study === wish.study; // what was wished of another study says nothing of this one
  const mine = lines.filter((line) => line.study === study);
  const points = mine.flatMap((line) => line.points);
  const pruned = mine.filter((line) => !line.dense);
  const count = (of, value) => pruned.filter((line) => of(line) === value).length;
  const most = (values, of) => [...values].sort((a, b) => count(of, b) - count(of, a)).slice(0, 1);
  const one = (name, allowed, otherwise) =>
    same && allowed.includes(wish[name]) ? wish[name] : otherwise;
  const some = (name, allowed, otherwise) => {
    const kept = same && wish[name] ? allowed.filter((value) => wish[name].includes(value)) : [];
    return kept.length || (same && wish[name]) ? kept : otherwise;
  };

  const noisy = points.filter((point) => point.noise !== "none");
  const kinds = ["none", ...distinct(contents, noisy.map((point) => point.noise), "noise")];
  const levels = new Set(pruned.flatMap((line) => line.points.map((point) => point.level)));
  const byNoise = levels.size < 2 && kinds.length > 1;
  const axes = kinds.length > 1 ? ["sparsity", "noise"] : ["sparsity"];
  const horizontal = one("horizontal", axes, byNoise ? "noise" : "sparsity");
  const offered = horizontal === "noise" ? kinds.filter((kind) => kind !== "none") : kinds;
  const met = (kind) => points.filter((point) => point.noise === kind);
  const levelsOf = (kind) => distinct(contents, met(kind).map((point) => point.noise_level));
  // Of several kinds of noise the one that was measured at the most levels has the curve to see.
  const fullest = offered.toSorted((a, b) => levelsOf(b).length - levelsOf(a).length)[0];
  const noise = one("noise", offered, horizontal === "noise" ? fullest : offered[0]);
  const strengths = levelsOf(noise);
  const noisyLevels = distinct(
    contents,
    met(noise)
      // A threshold on the score is no share of the weights.
      .filter((point) => point.line.selection === "exact_k")
      .map((point) => point.level)
  );

  const found = distinct(contents, mine.map((line) => line.group));
  // A recipe as published is there to be checked; what a study is about are its other fits.
  const published = (group) => group.split("/")[1] === "as_published";
  const own = found.filter((group) => !published(group));
  const groups = [...own, ...found.filter(published)];
  const busiest = most(own.length ? own : groups, (line) => line.group);
  const sameFit = (group) => group.split("/")[1] === busiest[0].split("/")[1];
  const chosenGroups = some("groups", groups, byNoise ? groups.filter(sameFit) : busiest);
  const ways = sortedWays(contents, distinct(contents, pruned.map((line) => line.way)));
  const criteria = Object.keys(contents.looks).filter((name) =>
    mine.some((line) => line.criterion === name)
  );
  const choice = {
    study,
    horizontal,
    metric: wish.metric in contents.metrics ? wish.metric : Object.keys(contents.metrics)[0],
    noise,
    noiseLevel: one("noiseLevel", strengths, strengths[0]),
    level: one("level", noisyLevels, noisyLevels[Math.floor(noisyLevels.length / 2)] ?? 0),
    groups: chosenGroups,
    ways: some("ways", ways, most(ways, (line) => line.way)),
    criteria: some("criteria", criteria, criteria),
    against: "none",
  };
  const partners = comparisons(contents, lines, choice).map(([value]) => value);
  choice.against = one("against", partners, "none");
  return { choice, options: { studies, axes, offered, strengths, noisyLevels, groups, ways, criteria } };
}

/** Return ways of pruning in the order of the words of their parts. */
function sortedWays(contents, ways) {
  const place = (way) => {
    const [scope, , effect, schedule] = way.split("/");
    const parts = { scope, effect, schedule };
    return Object.entries(parts).map(([column, value]) =>
      Object.keys(contents.words[column]).indexOf(value)
    );
  };
  const compare = (a, b) => a.map((value, i) => value - b[i]).find((step) => step) ?? 0;
  return [...ways].sort((a, b) => compare(place(a), place(b)));
}

/** Return [value, text] of everything that the lines of a choice can be compared with. */
function comparisons(contents, lines, choice) {
  const visible = chosenLines(lines, choice);
  const names = lineNames(contents, visible);
  const present = (name) =>
    lines.some((line) => line.study === choice.study && line.criterion === name);
  return [
    ["none", "nothing"],
    ["dense", "the unpruned network of each"],
    ...["magnitude", "random"]
      .filter(present)
      .map((name) => [`criterion:${name}`, `${word(contents, "criterion", name)} of each`]),
    ...visible.map((line, i) => [`line:${lines.indexOf(line)}`, `one line: ${names[i]}`]),
  ];
}

/** Fill the form with what can be chosen, and with what is chosen. */
function fillForm(form, contents, lines, { choice, options }) {
  const named = (column) => (value) => [value, word(contents, column, value)];
  setOptions(form.study, options.studies.map(named("study")), choice.study);
  const axes = { sparsity: "weights kept", noise: "level of noise" };
  setOptions(form.horizontal, options.axes.map((name) => [name, axes[name]]), choice.horizontal);
  const metrics = Object.entries(contents.metrics);
  setOptions(form.metric, metrics.map(([name, { label }]) => [name, label]), choice.metric);
  setOptions(form.against, comparisons(contents, lines, choice), choice.against);
  const kinds = options.offered.map((kind) => [
    kind,
    kind === "none" ? "clean images" : word(contents, "noise", kind),
  ]);
  setOptions(form.noise, kinds, choice.noise);
  const strengths = options.strengths.map((value) => [value, String(value)]);
  setOptions(form.noiseLevel, strengths, choice.noiseLevel);
  const levels = options.noisyLevels.map((value) => [value, percent(100 * value)]);
  setOptions(form.level, levels, choice.level);
  const overNoise = choice.horizontal === "noise";
  form.noiseLevel.closest("label").hidden = overNoise || choice.noise === "none";
  form.level.closest("label").firstChild.textContent = `Weights ${fates(effectsOf(choice)).taken} `;
  form.level.closest("label").hidden = !overNoise || !options.noisyLevels.length;
  form.noise.closest("label").hidden = options.offered.length < 2;

  setBoxes(form, "groups", options.groups, choice.groups, (group) => groupName(contents, group));
  setBoxes(form, "ways", options.ways, choice.ways, (way) => wayName(contents, way));
  setBoxes(form, "criteria", options.criteria, choice.criteria, (name) =>
    word(contents, "criterion", name)
  );
}

function setOptions(select, options, chosen) {
  select.replaceChildren(
    ...options.map(([value, text]) => new Option(text, value, false, value === chosen))
  );
}

/** Make a box for each value, or, if they are the same as before, only check them. */
function setBoxes(form, name, values, chosen, text) {
  const holder = form.querySelector(`[data-list="${name}"]`);
  const before = [...holder.querySelectorAll("input")].map((box) => box.value);
  if (before.join() !== values.join()) {
    holder.replaceChildren(
      ...values.map((value) => {
        const label = document.createElement("label");
        const box = Object.assign(document.createElement("input"), { type: "checkbox", name, value });
        const written = Object.assign(document.createElement("span"), { textContent: text(value) });
        label.append(box, written);
        return label;
      })
    );
  }
  for (const box of holder.querySelectorAll("input")) box.checked = chosen.includes(box.value);
  holder.closest("fieldset").hidden = !values.length;
}

/** Say beside ticked criteria that nothing is drawn of them. */
function markAbsent(form, drawn) {
  const shown = new Set(drawn.map(({ line }) => line.criterion));
  for (const box of form.querySelectorAll('[data-list="criteria"] input')) {
    box.closest("label").classList.toggle("absent", box.checked && !shown.has(box.value));
  }
}

/** Return what the form says. */
function readForm(form) {
  const wish = Object.fromEntries(FIELDS.map((name) => [name, form[name].value]));
  for (const name of ["noiseLevel", "level"]) wish[name] = Number(wish[name]);
  for (const name of LISTS) {
    const boxes = form.querySelectorAll(`[data-list="${name}"] input:checked`);
    wish[name] = [...boxes].map((box) => box.value);
  }
  return wish;
}

/** Return the part of the address that remembers a choice. */
function toAddress(choice) {
  const fields = FIELDS.map((name) => [name, choice[name]]);
  const lists = LISTS.map((name) => [name, choice[name].join(",")]);
  return `#${new URLSearchParams([...fields, ...lists])}`;
}

/** Return the choice that an address remembers; what it leaves out is left to the defaults. */
function fromAddress(address) {
  const wish = Object.fromEntries(new URLSearchParams(address.slice(1)));
  for (const name of LISTS) if (name in wish) wish[name] = wish[name].split(",").filter(Boolean);
  for (const name of ["noiseLevel", "level"]) if (name in wish) wish[name] = Number(wish[name]);
  return wish;
}
