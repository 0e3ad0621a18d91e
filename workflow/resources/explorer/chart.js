"use strict";
// The chart, drawn by plotly.js, and how the keyboard moves over it.

const CHARACTER = 6.8; // pixels, of the legend's type, rather too wide
const LINE = 19; // pixels, of the legend
const ASIDE = 70; // pixels, left and right of the axes
const BELOW = 54; // pixels, between the axis and the legend
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
// For criteria and ways of pruning where colour and dash are the network's.
const SYMBOLS = ["circle", "square", "x", "diamond", "cross", "triangle-up", "star"];
// For lines of one network that its fits tell apart; each has a contrast of 3:1 to white.
const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#953B00", "#8C80FF", "#75583A"];

/** Return colour, symbol and dash of each line: colour by criterion, or by network if those are more. */
function lineLooks(contents, lines) {
  const pruned = new Set(lines.filter((line) => !line.dense).map((line) => line.criterion));
  const groups = [...new Set(lines.map((line) => line.group))];
  const byGroup = groups.length > Math.max(pruned.size, 1);
  const rest = (line) =>
    byGroup ? `${line.criterion} ${line.way}` : `${line.group} ${line.way}`;
  const rests = [...new Set(lines.filter((line) => byGroup || !line.dense).map(rest))];
  const blacks = lines.filter((line) => line.dense);
  // A network has the same colour as in the figures, whatever else is shown.
  const networks = new Set(groups.map((group) => group.split("/")[0]));
  const byNetwork = byGroup && networks.size === groups.length;
  return lines.map((line) => {
    const { colour, symbol } = contents.looks[line.criterion];
    const order = rests.indexOf(rest(line));
    if (byNetwork) {
      // Networks of one family share a colour and differ by their dash, so the marker tells the rest.
      const look = contents.network_looks[line.group.split("/")[0]];
      return { ...look, symbol: order ? SYMBOLS[order % SYMBOLS.length] : look.symbol };
    }
    const place = line.dense && !byGroup ? 1 + blacks.indexOf(line) : order;
    return {
      colour: byGroup ? COLOURS[groups.indexOf(line.group) % COLOURS.length] : colour,
      symbol,
      dash: DASHES[place % DASHES.length],
    };
  });
}

/** Draw lines into an element; returns a promise. */
function drawChart(element, contents, choice, drawn) {
  const lines = drawn.map(({ line }) => line);
  const names = lineNames(contents, lines);
  const looks = lineLooks(contents, lines);
  const overNoise = choice.horizontal === "noise";
  const over = (each) => (overNoise ? each.point.noise_level : each.point.kept);
  const all = drawn.flatMap(({ points }) => points.map(over)).filter((x) => x > 0);
  const ends = overNoise ? [0, Math.max(0.01, ...all)] : [100, Math.min(50, ...all)];
  const curves = drawn.map((each, i) => {
    // A dense network's single value is held against every sparsity.
    const across = !overNoise && each.line.dense && each.points.length === 1;
    const points = across ? [each.points[0], each.points[0]] : each.points;
    return { points, x: across ? ends : points.map(over), name: names[i], ...looks[i] };
  });
  const traces = [...curves.map(band), ...curves.map((curve) => mark(contents, choice, curve))];
  const entries = traces.slice(curves.length);
  for (const entry of entries) entry.name = inLines(entry.name, legendCharacters(element));
  const room = LINE * legendLines(element, entries.map(({ name }) => name));
  element.style.setProperty("--legend", `${room}px`);
  return Plotly.react(element, traces, layout(contents, choice, ends, element, room), {
    displaylogo: false,
    displayModeBar: isNarrow(element) ? false : "hover",
    responsive: true,
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
    toImageButtonOptions: { format: "svg", filename: `prunescape-${choice.study}` },
  });
}

function band({ points, x, colour, name }) {
  const known = points.map((each, i) => [each, x[i]]).filter(([each]) => each.low !== null);
  const there = known.map(([each, at]) => [at, each.high]);
  const back = known.map(([each, at]) => [at, each.low]).reverse();
  return {
    x: [...there, ...back].map(([at]) => at),
    y: [...there, ...back].map(([, value]) => value),
    fill: "toself",
    fillcolor: `${colour}26`,
    line: { width: 0 },
    mode: "lines",
    hoverinfo: "skip",
    showlegend: false,
    name: `interval of ${name}`,
  };
}

function mark(contents, choice, { points, x, name, colour, symbol, dash }) {
  const alone = points.length === 1 && points[0].low !== null;
  const dense = points[0].point.line.dense && x.length === 2 && points[0] === points[1];
  return {
    x,
    y: points.map((each) => each.mean),
    name,
    mode: dense ? "lines" : "lines+markers",
    line: { color: colour, dash, width: 2 },
    marker: { color: colour, symbol, size: 7 },
    error_y: {
      visible: alone,
      symmetric: false,
      array: points.map((each) => each.high - each.mean),
      arrayminus: points.map((each) => each.mean - each.low),
    },
    text: points.map((each) =>
      [`<b>${name}</b>`, whereabouts(contents, each), ...numbers(contents, choice, each)].join("<br>")
    ),
    hovertemplate: "%{text}<extra></extra>",
  };
}

function isNarrow(element) {
  return element.clientWidth < 600;
}

/** Return how many characters of the legend's type fit the chart's width beside a line's sign. */
function legendCharacters(element) {
  return Math.max(20, Math.floor((element.clientWidth - ASIDE - 45) / CHARACTER));
}

/** Return a name in lines of at most so many characters, broken between words. */
function inLines(name, most) {
  const lines = [""];
  for (const part of name.split(" ")) {
    const longer = `${lines.at(-1)} ${part}`.trim();
    if (longer.length <= most || !lines.at(-1)) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  return lines.join("<br>");
}

/** Return about how many lines of type the legend takes. */
function legendLines(element, names) {
  const rows = names.map((name) => name.split("<br>"));
  const longest = Math.max(0, ...rows.flat().map((text) => text.length));
  const columns = Math.max(1, Math.floor((element.clientWidth - ASIDE) / (longest * CHARACTER + 50)));
  return Math.ceil(rows.flat().length / columns);
}

/**
 * Return plotly's layout; `ends` are the first and last value on the horizontal axis, `room` the
 * height of the legend in pixels.
 */
function layout(contents, choice, ends, element, room) {
  const narrow = isNarrow(element);
  // Above a wide chart stand plotly's buttons.
  const margin = { l: ASIDE - 12, r: 12, t: narrow ? 10 : 34, b: BELOW + room };
  const overNoise = choice.horizontal === "noise";
  return {
    height: element.clientHeight,
    margin,
    xaxis: {
      ...(overNoise ? noiseAxis(contents, choice, ends) : sparsityAxis(choice, ends, narrow)),
      gridcolor: "#E3E3E3",
      zeroline: false,
    },
    yaxis: {
      title: { text: quantity(contents, choice), standoff: 8 },
      gridcolor: "#E3E3E3",
      zeroline: choice.against !== "none",
      zerolinecolor: "#000",
    },
    legend: {
      orientation: "h",
      y: -BELOW / (element.clientHeight - margin.t - margin.b),
      yanchor: "top",
      maxheight: 1e4, // the chart is as high as it needs
      itemclick: false,
      itemdoubleclick: false,
    },
    font: { family: "system-ui, sans-serif", size: narrow ? 12 : 13, color: "#1a1a1a" },
    hoverlabel: { bgcolor: "#fff", bordercolor: "#444", align: "left", font: { size: 13 } },
    hovermode: "closest",
    plot_bgcolor: "#fff",
    paper_bgcolor: "#fff",
  };
}

/** Weights kept, from 100 % on the left to few on the right, log scale, with room for markers. */
function sparsityAxis(choice, [most, least], narrow) {
  const ticks = [100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];
  const few = narrow ? ticks.filter((_, i) => i % 3 !== 1) : ticks;
  const room = 0.03 * Math.log10(most / least);
  return {
    type: "log",
    range: [Math.log10(most) + room, Math.log10(least) - room],
    tickvals: few.filter((tick) => tick >= least / 1.05),
    title: { text: `weights ${fates(effectsOf(choice)).left} (%)`, standoff: 8 },
  };
}

function noiseAxis(contents, choice, [, most]) {
  return {
    range: [-0.03 * most, 1.03 * most],
    title: { text: word(contents, "noise", choice.noise), standoff: 8 },
  };
}

/**
 * Let arrow keys move over the points: left and right along a line, up and down between lines.
 * `tell(each, name)` is called with the point arrived at, and with null when the chart is left.
 */
function moveByKeys(element, current, tell) {
  let place = [0, 0];
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const show = () => {
    const drawn = current();
    if (!drawn.length) return;
    const line = Math.min(Math.max(place[0], 0), drawn.length - 1);
    const point = Math.min(Math.max(place[1], 0), drawn[line].points.length - 1);
    place = [line, point];
    Plotly.Fx.hover(element, [{ curveNumber: drawn.length + line, pointNumber: point }]);
    tell(drawn[line].points[point]);
  };
  element.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    place = [place[0] + step[0], place[1] + step[1]];
    show();
  });
  element.addEventListener("blur", () => Plotly.Fx.unhover(element));
}
