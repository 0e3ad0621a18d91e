"""The explorer in a real browser: what it draws, what it says, and for whom it works."""

import csv
import re

import pytest
from selenium.webdriver.common.keys import Keys

from prunescape.explorer import contents, page
from prunescape.report import intervals
from tests.helpers import made_up
from tests.helpers.places import ROOT

SCORES = made_up.scores()
WAY = {"scope": "global", "selection": "exact_k", "effect": "zero"}


def values(measure="accuracy", **key):
    """Return the measure of one arm of the table [R], by replicate; accuracy in percent."""
    key = {"noise": "none", "noise_level": 0.0} | key
    rows = SCORES[(SCORES[list(key)] == list(key.values())).all(axis=1)].sort_values("replicate")
    assert rows["replicate"].tolist() == [1, 2, 3], key
    return rows[measure].to_numpy() * (100 if measure == "accuracy" else 1)


def arm(criterion, level, **key):
    return {"criterion": criterion, "level": level, "schedule": "oneshot", **WAY, **key}


VI = {"study": "graves", "fit": "vi"}
DENSE = VI | {"criterion": "none"}


def test_it_loads_alone_and_without_complaint(chromium, explorer):
    chromium.explore(explorer)
    assert chromium.complaints() == []
    assert chromium.run("return performance.getEntriesByType('resource').length") == 0
    assert explorer.stat().st_size <= 2e6
    chromium.photograph("explorer")


def test_the_rule_names_every_script():
    rule = (ROOT / "workflow/rules/report.smk").read_text(encoding="utf-8")
    named = re.search(r"explorer/\{name\}.*?\n            \)\n", rule, re.DOTALL)[0]
    there = {path.stem for path in (ROOT / "workflow/resources/explorer").glob("*.js")}
    assert set(re.findall(r'"([\w.-]+)"', named)) == there


def test_the_same_table_gives_the_same_page(explorer):
    shuffled = made_up.scores().sample(frac=1, random_state=1)
    again = contents.contents(shuffled, made_up.verdicts(), "made_up")
    assert page.pack(again) in explorer.read_text(encoding="utf-8")


@pytest.mark.parametrize("measure", ["accuracy", "nll", "ece", "brier"])
def test_lines_are_the_means_of_the_table(measure, chromium, explorer):
    chromium.explore(explorer)
    chromium.choose("metric", measure)
    lines = chromium.wait(lambda: len(chromium.lines()) == 4 and chromium.lines())
    snr = lines["signal to noise |μ|/σ"]
    expected = [values(measure, **VI, **arm("snr", level)).mean() for level in (0.5, 0.9)]
    assert snr["x"] == pytest.approx([50, 10])
    assert snr["y"] == pytest.approx(expected, rel=1e-8)
    # The unpruned network stands at 100 %, and is drawn as far as the sparsest network.
    assert lines["unpruned"]["x"] == pytest.approx([100, 10])
    assert lines["unpruned"]["y"] == pytest.approx([values(measure, **DENSE).mean()] * 2, rel=1e-8)


def test_bands_are_the_intervals_of_the_library(chromium, explorer):
    chromium.explore(explorer)
    bands = chromium.run(
        "return Object.fromEntries(document.getElementById('chart').data"
        ".filter((trace) => trace.fill === 'toself').map(({name, y}) => [name, y]))"
    )
    half, tenth = (intervals.mean(values(**VI, **arm("snr", level))) for level in (0.5, 0.9))
    expected = [half.high, tenth.high, tenth.low, half.low]
    assert bands["interval of signal to noise |μ|/σ"] == pytest.approx(expected, rel=1e-8)


def test_the_file_has_the_numbers_behind_the_points(chromium, explorer):
    chromium.explore(explorer, "#study=graves&criteria=snr,magnitude")
    chromium.find("#download").click()
    path = chromium.downloads / "prunescape-graves-accuracy.csv"
    chromium.wait(path.exists)
    with path.open(encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    path.unlink()
    assert [(row["criterion"], float(row["level"])) for row in rows] == [
        *(("snr", 0.5), ("snr", 0.9), ("magnitude", 0.5), ("magnitude", 0.9)),
    ]
    for row in rows:
        expected = values(**VI, **arm(row["criterion"], float(row["level"])))
        found = intervals.mean(expected)
        numbers = [float(row[name]) for name in ("mean", "ci_low", "ci_high", "n")]
        assert numbers == pytest.approx([found.mean, found.low, found.high, 3], rel=1e-8)
        assert [float(each) for each in row["replicates"].split()] == pytest.approx(expected)


def test_does_snr_beat_magnitude_at_90_percent(chromium, explorer):
    # A newcomer's question, answered by choosing once and reading one row.
    chromium.explore(explorer)
    chromium.choose("against", "criterion:magnitude")
    rows = chromium.wait(lambda: "reading" in chromium.table()[0] and chromium.table())
    [row] = [
        row for row in rows if row["criterion"].startswith("signal") and row["removed"] == "90 %"
    ]
    found = intervals.paired(values(**VI, **arm("snr", 0.9)), values(**VI, **arm("magnitude", 0.9)))
    beats = "better" if found.low > 0 else "worse" if found.high < 0 else "not told apart"
    written = row["difference in accuracy (points)"].replace("−", "-")
    assert float(written) == pytest.approx(found.mean, abs=0.005)
    assert row["reading"] == beats
    assert {row["criterion"] for row in rows} == {"signal to noise |μ|/σ", "random"}
    chromium.photograph("explorer_difference")


def test_which_criterion_is_best_under_noise_and_by_how_much(chromium, explorer):
    chromium.explore(explorer, "#study=graves&horizontal=noise&level=0.9")
    met = {"noise": "grey_raw", "noise_level": 0.4}
    found = {name: values(**VI, **arm(name, 0.9), **met) for name in ("snr", "magnitude", "random")}
    order = sorted(found, key=lambda name: -found[name].mean())
    rows = [row for row in chromium.table() if row["noise"].endswith("0.4")]
    said = {row["criterion"].split()[0]: row["best of those drawn"] for row in rows}
    words = {"snr": "signal", "magnitude": "magnitude", "random": "random"}
    assert said["unpruned"] == ""
    for start, other in (("best, ahead", order[1]), ("behind", order[1]), ("behind", order[2])):
        lead = intervals.paired(found[order[0]], found[other])
        row = said[words[order[0] if start.startswith("best") else other]].replace("−", "-")
        numbers = f"{start} by {lead.mean:.2f} ({lead.low:.2f} to {lead.high:.2f})"
        assert row == numbers + (": not told apart" if lead.low <= 0 else "")


def test_a_step_of_a_chain_is_compared_with_the_control_of_that_step(chromium, explorer):
    chromium.explore(explorer, "#study=magnitude&against=dense")
    expected = []
    for step, level in enumerate((0.0, 0.5, 0.9, 0.9)):
        of = {"study": "magnitude", "schedule": "fine", "step": step}
        left = values(**{**arm("magnitude", level), "scope": "floor", **of})
        expected.append(intervals.paired(left, values(**of, criterion="none")).mean)
    chromium.tick("floor/exact_k/zero/fine")
    floor = "magnitude |w| · all layers, with a minimum a layer"
    lines = chromium.wait(
        lambda: [line for name, line in chromium.lines().items() if name.startswith(floor)]
    )
    assert lines[0]["y"] == pytest.approx(expected, abs=1e-7)


def test_one_line_can_be_what_others_are_compared_with(chromium, explorer):
    chromium.explore(explorer, "#study=k_winners")
    options = chromium.run(
        "return [...document.forms[0].against.options].map((o) => [o.value, o.text])"
    )
    [reference] = [value for value, text in options if "dense CNN" in text]
    chromium.choose("against", reference)
    lines = chromium.wait(lambda: len(chromium.lines()) == 1 and chromium.lines())
    [line] = lines.values()
    of = {"study": "k_winners", "criterion": "none"}
    for x, y in zip(line["x"], line["y"], strict=True):
        met = {"noise": "grey_normalised" if x else "none", "noise_level": x}
        left = values(**of, network="small_sparse", **met)
        right = values(**of, network="small_dense", **met)
        assert y == pytest.approx(intervals.paired(left, right).mean, rel=1e-7)
    assert line["x"] == [0, 0.3, 0.6]


def test_noise_can_be_chosen_or_run_along(chromium, explorer):
    chromium.explore(explorer)
    chromium.choose("noise", "grey_raw")
    chromium.wait(lambda: chromium.find("select[name=noiseLevel]").is_displayed())
    chromium.choose("noiseLevel", "0.4")
    met = {"noise": "grey_raw", "noise_level": 0.4}
    expected = values(**VI, **arm("random", 0.9), **met).mean()
    chromium.wait(lambda: abs(chromium.lines()["random"]["y"][1] - expected) < 1e-6)
    chromium.choose("horizontal", "noise")
    random = chromium.wait(lambda: len(chromium.lines()["random"]["x"]) == 3 and chromium.lines())
    assert random["random"]["x"] == [0, 0.2, 0.4]
    assert random["random"]["y"][2] == pytest.approx(expected, rel=1e-8)


def test_boxes_and_menus_change_what_is_drawn(chromium, explorer):
    chromium.explore(explorer)
    assert set(chromium.lines()) == {"unpruned", "signal to noise |μ|/σ", "magnitude |w|", "random"}
    chromium.tick("random")
    chromium.wait(lambda: "random" not in chromium.lines())
    chromium.tick("logistic/point")
    chromium.wait(lambda: len(chromium.lines()) == 6)
    assert "unpruned · maximum likelihood" in chromium.lines()
    chromium.tick("global/threshold/zero/oneshot")
    names = chromium.wait(lambda: len(chromium.lines()) == 7 and list(chromium.lines()))
    assert sum("threshold" in name for name in names) == 1
    chromium.choose("study", "k_winners")
    chromium.wait(lambda: len(chromium.lines()) == 2)
    assert len({line["colour"] for line in chromium.lines().values()}) == 2
    chromium.find("#reset").click()
    chromium.wait(lambda: len(chromium.lines()) == 4)
    assert chromium.complaints() == []


def test_a_threshold_is_offered_as_no_share_of_the_weights(chromium, explorer):
    chromium.explore(explorer, "#study=graves&horizontal=noise")
    chromium.tick("global/threshold/zero/oneshot")
    offered = "return [...document.forms[0].level.options].map((option) => option.text)"
    assert chromium.run(offered) == ["50 %", "90 %"]


def test_a_ticked_criterion_without_a_line_is_marked(chromium, explorer):
    chromium.explore(explorer)
    marked = (
        "return [...document.querySelectorAll('.absent input')].map((box) => [box.value,"
        " getComputedStyle(box.nextSibling, '::after').content])"
    )
    assert chromium.run(marked) == []
    chromium.tick("logistic/vi")
    chromium.wait(lambda: not chromium.lines())
    assert [value for value, _ in chromium.run(marked)] == ["none", "snr", "magnitude", "random"]
    assert all("none here" in text for _, text in chromium.run(marked))


def test_long_names_do_not_leave_the_legend(chromium, explorer):
    ways = "global/exact_k/zero/fine,floor/exact_k/zero/fine"
    chromium.explore(explorer, f"#study=magnitude&ways={ways}", width=390)
    overlaps = chromium.run(
        "const of = (e) => e.getBoundingClientRect();"
        "const [title] = document.querySelectorAll('#chart .xtitle');"
        "return [...document.querySelectorAll('#chart .legendtext')].map((e) => of(e))"
        ".map((r) => [r.right <= innerWidth, r.top >= of(title).bottom,"
        " r.bottom <= of(document.getElementById('chart')).bottom])"
    )
    assert len(overlaps) == 4
    assert all(all(each) for each in overlaps), overlaps


def test_nothing_chosen_is_said(chromium, explorer):
    chromium.explore(explorer, "#study=graves&groups=")
    assert "Nothing to draw" in chromium.find("#reading").text
    assert not chromium.find("#download").is_enabled()
    assert chromium.complaints() == []


def test_an_address_remembers_what_was_chosen(chromium, explorer):
    chromium.explore(explorer)
    chromium.choose("metric", "brier")
    chromium.tick("random")
    chromium.wait(lambda: len(chromium.lines()) == 3)
    address = chromium.run("return location.hash")
    before = chromium.lines()
    chromium.explore(explorer, address)
    assert chromium.lines() == before


def test_verdicts_of_the_study_are_written_as_text(chromium, explorer):
    chromium.explore(explorer)
    items = chromium.run(
        "return [...document.querySelectorAll('#claims li')].map((e) => e.innerText)"
    )
    assert items[0].startswith("g1 holds A <b>claim</b>. Estimate 0.5 points, interval 0.25 to 0.7")
    assert items[1] == "g2 not tested Another. (on digits)"
    chromium.choose("study", "magnitude")
    chromium.wait(lambda: not chromium.find("#verdicts").is_displayed())


def test_the_keyboard_is_enough(chromium, explorer):
    chromium.explore(explorer)
    chromium.run("document.body.tabIndex = -1; document.body.focus()")
    reached = []
    active = chromium.driver.switch_to
    for _ in range(40):
        active.active_element.send_keys(Keys.TAB)
        reached.append(active.active_element)
        if reached[-1].get_attribute("id") == "chart":
            break
    kinds = [element.tag_name for element in reached]
    assert kinds.count("select") == 5  # those that are shown
    assert kinds.count("input") == 8
    assert reached[0].get_attribute("class") == "skip"
    assert reached[-1].get_attribute("id") == "chart"
    before = chromium.find("#reading").text
    for key in (Keys.ARROW_DOWN, Keys.ARROW_RIGHT):
        active.active_element.send_keys(key)
    said = chromium.find("#reading").text
    mean = values(**VI, **arm("snr", 0.9)).mean()
    assert said != before
    assert said.startswith("signal to noise |μ|/σ, 10 % of weights kept (90 % removed): accuracy")
    assert f"{mean:.2f}" in said
    assert chromium.find("#chart .hovertext").is_displayed()
    assert f"{mean:.2f}" in chromium.find("#numbers .current").text


def test_a_screen_reader_is_told_what_there_is(chromium, explorer):
    chromium.explore(explorer)
    assert chromium.find("select[name=study]").accessible_name.strip() == "Study"
    assert chromium.find("select[name=metric]").accessible_name.strip() == "Measure"
    for box in chromium.driver.find_elements("css selector", "input"):
        assert box.accessible_name.strip()
    chart = chromium.find("#chart")
    assert chart.accessible_name.startswith(
        "Chart. Study graves: accuracy (%) against weights kept"
    )
    assert "4 lines, 7 points" in chart.accessible_name
    assert chromium.find("#reading").get_attribute("aria-live") == "polite"
    assert chromium.find("html").get_attribute("lang") == "en"
    unheaded = chromium.run("return document.querySelectorAll('#numbers th:not([scope])').length")
    assert unheaded == 0


@pytest.mark.parametrize("width", [320, 390])
def test_it_fits_a_phone(width, chromium, explorer):
    chromium.explore(explorer, width=width)
    assert chromium.run("return document.documentElement.scrollWidth") == width
    chart = chromium.find("#chart").rect
    assert chart["y"] < 900  # not below everything that can be chosen
    legend = chromium.run(
        "const chart = document.getElementById('chart').getBoundingClientRect();"
        "return [...document.querySelectorAll('#chart .legendtext, #chart .xtitle')]"
        ".every((e) => { const r = e.getBoundingClientRect();"
        " return r.left >= 0 && r.right <= innerWidth && r.bottom <= chart.bottom + 1; })"
    )
    assert legend
    chromium.find("summary").click()
    assert chromium.find("input[value=random]").is_displayed()
    chromium.photograph(f"explorer_{width}")
    assert chromium.complaints() == []


def test_the_table_is_sorted_by_a_click_and_the_other_way_by_another(chromium, explorer):
    chromium.explore(explorer)
    column = """
        const table = document.getElementById("numbers");
        const heads = [...table.tHead.rows[0].cells];
        const at = heads.findIndex((head) => head.textContent.startsWith("accuracy"));
        if (arguments[0]) heads[at].querySelector("button").click();
        return [heads[at].getAttribute("aria-sort"),
                [...table.tBodies[0].rows].map((row) => parseFloat(row.cells[at].textContent))];
    """
    sorts = [chromium.run(column, click) for click in (False, True, True)]
    assert [order for order, _ in sorts] == [None, "ascending", "descending"]
    assert sorts[1][1] == sorted(sorts[0][1])
    assert sorts[2][1] == sorted(sorts[0][1], reverse=True)


def test_the_chart_is_seen_without_scrolling(chromium, explorer):
    chromium.explore(explorer, width=1440)
    end = "return document.getElementById('chart').getBoundingClientRect().bottom"
    assert chromium.run(end) < 0.85 * chromium.run("return window.innerHeight")
