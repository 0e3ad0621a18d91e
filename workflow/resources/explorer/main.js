"use strict";
// The page: when the form or the address changes, everything below follows.

async function main() {
  const contents = await unpack(document.getElementById("contents").textContent);
  const lines = tableLines(contents);
  const at = (id) => document.getElementById(id);
  const form = at("controls");
  const chart = at("chart");
  let drawn = [];
  let rows = [];
  let rowOf = new Map();
  let choice = null;

  const tell = (each) => {
    const [name] = lineNames(contents, [each.point.line]);
    const { standing } = rows.find((row) => row.each === each);
    const said = [...numbers(contents, choice, each), standing].filter(Boolean).join(", ");
    at("reading").textContent = `${name}, ${whereabouts(contents, each)}: ${said}.`;
    for (const row of at("numbers").querySelectorAll(".current")) row.classList.remove("current");
    rowOf.get(each)?.classList.add("current");
  };

  const update = async (wish) => {
    const found = possible(contents, lines, wish);
    choice = found.choice;
    fillForm(form, contents, lines, found);
    history.replaceState(null, "", toAddress(choice));
    drawn = drawnLines(contents, lines, choice);
    const points = drawn.reduce((sum, { points: each }) => sum + each.length, 0);
    const along = choice.horizontal === "noise" ? "level of noise" : `weights ${fates(effectsOf(choice)).left}`;
    at("what").textContent = `Study ${choice.study}: ${quantity(contents, choice)} against ${along}`;
    at("reading").textContent = points
      ? `${drawn.length} lines, ${points} points. ${meaning(choice)}`
      : "Nothing to draw: choose at least one network, one way of pruning and one criterion that have such results.";
    chart.setAttribute("aria-label", `Chart. ${at("what").textContent}. ${at("reading").textContent}`);
    rows = numberRows(contents, choice, drawn);
    rowOf = fillNumbers(at("numbers"), contents, choice, rows);
    at("download").disabled = !rows.length;
    const claims = fillVerdicts(at("claims"), contents.claims, choice.study);
    at("verdicts").hidden = !claims;
    markAbsent(form, drawn);
    await drawChart(chart, contents, choice, drawn);
  };

  form.addEventListener("change", () => {
    const wish = readForm(form);
    // Another study has other noise, networks and criteria: it begins with its own defaults.
    update(wish.study === choice.study ? wish : { study: wish.study, metric: wish.metric });
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", () => update(fromAddress(location.hash)));
  at("reset").addEventListener("click", () => update({ study: null }));
  at("download").addEventListener("click", () => download(choice, rows));
  // A phone shows the chart before the long lists.
  at("more").open = window.innerWidth >= 640;
  await update(fromAddress(location.hash));
  moveByKeys(chart, () => drawn, tell);
  chart.on("plotly_click", ({ points: [hit] }) => {
    const line = drawn[hit.curveNumber - drawn.length];
    const each = line?.points[Math.min(hit.pointNumber, line.points.length - 1)];
    if (each) tell(each);
  });
  document.body.dataset.ready = "true";
}

function meaning(choice) {
  return choice.against === "none"
    ? "Band: 95 % t interval of the mean over replicates."
    : "Differences are paired by replicate; band: their 95 % t interval, without correction for the " +
        "number of comparisons. Zero is what is compared with.";
}

