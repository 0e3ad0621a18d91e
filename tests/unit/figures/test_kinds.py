"""Every kind of figure: same bytes, no text outside or on another, what is missing is said."""

import numpy as np
import pandas as pd
import pytest
from docutils.core import publish_doctree
from matplotlib.figure import Figure

from prunescape.drawing import labels, style
from prunescape.evaluation import table
from prunescape.figures import accuracy_sparsity, kinds, threshold_axis, winner_map
from prunescape.foundations import files
from prunescape.jobs import report
from prunescape.pipeline import imported_code
from prunescape.report import flips, overlaps
from prunescape.running import job_costs
from tests.helpers import scripts
from tests.helpers.figure_rows import DENSE, binned, replicates, scores, trained
from tests.helpers.figure_study import CRITERIA, PUBLIC, SETTINGS
from tests.helpers.figure_texts import assert_readable
from tests.helpers.image_outcomes import CLASSES, IMAGES, LABELS, outcomes
from tests.helpers.places import ROOT
from tests.helpers.training_courses import history

COSTS = pd.DataFrame(
    [
        ("graves", "mnist", "logistic", fit, 1, 3, 0, stage, "checkpoint", 2, cpu, 300)
        for fit, cpu in (("vi", 9.0), ("vi_signed", 12.0))
        for stage in ("fit_variational", "score")
    ],
    columns=job_costs.COLUMNS,
)
MASKS = np.random.default_rng(0)
OVERLAPS = overlaps.table(
    (
        overlaps.Cut("logistic", fit, "oneshot", 0, level),
        {f"{name}/global/1": MASKS.integers(0, 256, (3, 125), np.uint8) for name in CRITERIA},
        (1, 2, 3),
    )
    for fit in ("vi", "vi_signed")
    for level in ("0.50", "0.70", "0.90", "0.99")
)
FLIPPED = flips.table(outcomes(), LABELS, CLASSES)
ROWS = ("prune_potential", "cost_accuracy")  # arms are named beside their rows
NOT_RANDOM = ("layer_allocation", "error_compression", "cost_accuracy")
SPREAD = {
    "winner_map": "Holm-corrected",
    "prune_potential": "there is no interval",
    "reliability": "no intervals",
}
OF_IMAGES = ("class_losses", "broken_images")
SCORES = pd.DataFrame(
    [
        ("logistic", fit, name, 1, MASKS.lognormal(size=1000).astype(np.float32))
        for fit in ("vi", "vi_signed")
        for name in CRITERIA
    ],
    columns=["network", "fit", "criterion", "replicate", "scores"],
)
PICTURES = pd.DataFrame(
    [
        ("logistic", fit, level, name, "global", r, MASKS.uniform(0, 100, (28, 28)))
        for fit in ("vi", "vi_signed")
        for name in CRITERIA
        for level in (0.5, 0.7, 0.9, 0.99)
        for r in (1, 2, 3)
    ],
    columns=["network", "fit", "level", "criterion", "scope", "replicate", "picture"],
).assign(selection="exact_k")
APART = ("mask_overlap", "training_curves", "score_histograms", "mask_pictures", *OF_IMAGES)
OF_THE_TABLE = [kind for kind in kinds.KINDS if kind not in APART]


@pytest.fixture
def source(kind, study, tmp_path):
    """What a kind of figure draws beside the table."""
    if kind == "class_losses":
        return FLIPPED
    if kind == "broken_images":
        arrays, metadata = flips.broken_images(outcomes(), IMAGES, LABELS)
        metadata["arms"] = [arm | {"difference": -1.0} for arm in metadata["arms"]]
        files.write_tensors(tmp_path / "broken", arrays, metadata)
        return kinds.elsewhere(kind, [tmp_path / "broken"], "graves")
    if kind == "cost_accuracy":
        return pd.concat([COSTS, trained(study)], ignore_index=True)
    if kind == "mask_overlap":
        return OVERLAPS
    if kind == "training_curves":
        return history()
    if kind == "score_histograms":
        return SCORES
    if kind == "mask_pictures":
        return PICTURES
    if kind == "reliability":
        return binned(study)
    paths = [ROOT / "workflow/resources" / name for name in report.figure_resources(kind)]
    return kinds.elsewhere(kind, paths, "graves")


def test_arms_that_panels_cannot_tell_apart_are_never_averaged():
    rows = replicates([0.5, 0.6, 0.7], criterion="snr", level=0.9)
    other = [{**each, "dataset": "digits"} for each in rows]
    with pytest.raises(ValueError, match="several rows for a replicate"):
        accuracy_sparsity.numbers(scores(DENSE + rows + other))


@pytest.mark.slow
@pytest.mark.parametrize("kind", kinds.KINDS)
def test_the_same_table_gives_the_same_bytes(kind, study, source, tmp_path):
    shuffled = study.sample(frac=1, random_state=1)
    for name, rows in (("a", study), ("b", shuffled)):
        figure = kinds.load(kind).draw(rows, SETTINGS, source)
        style.save(figure, [tmp_path / f"{name}.svg", tmp_path / f"{name}.png"], SETTINGS)
    for ending in ("svg", "png"):
        first = (tmp_path / f"a.{ending}").read_bytes()
        assert first == (tmp_path / f"b.{ending}").read_bytes()
        assert len(first) > 10_000
    assert b"<dc:date>" not in (tmp_path / "a.svg").read_bytes()


def texts_of(figure: Figure):
    """All text that is drawn, tick labels of visible ticks included."""
    figure.canvas.draw()
    found = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    for axes in figure.axes:
        found += [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            for tick in axis.get_major_ticks():
                if tick.label1.get_visible() and min(limits) <= tick.get_loc() <= max(limits):
                    found.append(tick.label1)
    return [text for text in found if text.get_text().strip()]


@pytest.mark.parametrize("width", [3.5, pytest.param(7.0, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", kinds.KINDS)
def test_it_fits_a_page_and_no_text_leaves_it_or_meets_another(kind, width, study, source):
    settings = style.Settings(width=width, dots_per_inch=100)
    figure = kinds.load(kind).draw(study, settings, source)
    texts = texts_of(figure)
    assert figure.get_figwidth() == width
    if width == 7:
        assert figure.get_figheight() <= 9
    assert_readable(figure, texts)


@pytest.mark.parametrize("kind", OF_THE_TABLE)
def test_legend_and_note_say_what_is_drawn(kind, study, source):
    figure = kinds.load(kind).draw(study, SETTINGS, source)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    drawn = ["snr"] if kind == "threshold_axis" else CRITERIA
    drawn = [name for name in drawn if (kind, name) != ("accuracy_difference", "magnitude")]
    if kind in ROWS:
        legend = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    if kind == "layer_allocation":
        legend = [axes.get_title() for axes in figure.axes]
    if kind == "network_noise":
        drawn, legend = [], []
    if kind == "winner_map":
        drawn = winner_map.numbers(study)["criterion"]
    if kind in NOT_RANDOM:
        drawn = [name for name in drawn if name != "random"]
    for name in drawn:
        assert any(labels.label("criterion", name) in text for text in legend), name
    words = " ".join(text.get_text() for text in figure.texts)
    assert "n = 3 replicates" in words
    assert SPREAD.get(kind, "95 % t interval") in words
    # How masks divide weights among layers needs no images.
    assert ("10,000 images" in words) == (kind != "layer_allocation")


@pytest.mark.slow
@pytest.mark.parametrize("kind", OF_THE_TABLE)
def test_one_replicate_is_drawn_without_interval(kind, study, source):
    figure = kinds.load(kind).draw(study[study["replicate"] == 1], SETTINGS, source)
    words = " ".join(text.get_text() for text in texts_of(figure))
    bare = kind in ("prune_potential", "reliability")  # which have none at any n
    assert ("n = 1 replicates" if bare else "n = 1: no intervals") in words


@pytest.mark.parametrize(
    ("kind", "keep", "message"),
    [
        ("accuracy_sparsity", "selection != 'exact_k'", "no rows with selection = exact_k"),
        ("accuracy_difference", "criterion != 'magnitude'", "no arm with both magnitude"),
        ("noise_curves", "noise == 'none'", "no rows with noise"),
        ("network_noise", "noise == 'none'", "no rows with noise"),
        ("winner_map", "criterion in ('none', 'snr')", "no arm with several criteria"),
        ("prune_potential", "selection != 'exact_k'", "no rows with selection = exact_k"),
        ("layer_allocation", "selection != 'exact_k'", "no network of several layers"),
        ("error_compression", "selection != 'exact_k'", "no rows with selection = exact_k"),
        ("cost_accuracy", "selection != 'exact_k'", "no rows with selection = exact_k"),
        ("threshold_axis", "selection != 'threshold'", "no rows with selection = threshold"),
        ("reliability", "selection != 'exact_k'", "no rows with selection = exact_k"),
    ],
)
def test_a_figure_without_rows_says_what_is_missing(kind, keep, message, study, source):
    with pytest.raises(ValueError, match=f"figure {kind}: {message}"):
        kinds.load(kind).draw(study.query(keep), SETTINGS, source)


def test_what_was_not_run_has_no_panel(study, elsewhere):
    partial = study.query("not (fit == 'vi_signed' and effect == 'compensate')")
    for kind in ("accuracy_sparsity", "winner_map"):
        figure = kinds.load(kind).draw(partial, SETTINGS, elsewhere)
        assert len(figure.axes) == 3
        assert all(axes.lines or axes.patches for axes in figure.axes)
    thresholds = study.query("selection != 'exact_k'")
    figure = threshold_axis.draw(thresholds, SETTINGS, elsewhere.iloc[:0])
    assert len(figure.axes) == 6


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_a_kind_imports_no_other_and_has_a_caption(kind):
    folder = ROOT / "workflow/prunescape/figures"
    used = {path.stem for path in imported_code.code(folder / f"{kind}.py")}
    assert used & set(kinds.KINDS) == {kind}
    caption = (ROOT / f"workflow/report/{kind}.rst").read_text()
    document = publish_doctree(caption, settings_overrides={"report_level": 2})
    problems = list(document.findall(lambda node: node.tagname == "system_message"))
    assert not problems
    assert "n " in caption


def test_the_script_draws_and_reports_what_is_missing(study, elsewhere, tmp_path):
    table.write_parquet(study.query("noise == 'none'"), tmp_path / "scores.parquet")

    def script(kind):
        outputs = [str(tmp_path / f"{kind}.{ending}") for ending in ("svg", "png")]
        arguments = [
            *("--kind", kind, "--table", str(tmp_path / "scores.parquet"), "--study", "graves"),
            *("--settings", '{"dots_per_inch": 100}', "--references", str(PUBLIC)),
            *("--outputs", *outputs),
        ]
        return scripts.run("figure.py", *arguments)

    assert script("accuracy_sparsity").status == 0
    figure = accuracy_sparsity.draw(study, SETTINGS, elsewhere)
    style.save(figure, [tmp_path / "here.svg"], SETTINGS)
    drawn = (tmp_path / "accuracy_sparsity.svg").read_bytes()
    assert drawn == (tmp_path / "here.svg").read_bytes()

    failed = script("noise_curves")
    assert failed.status == 1
    assert failed.error.startswith("figure.py: figure noise_curves: no rows with noise")
    assert len(failed.error.splitlines()) == 1
    assert not (tmp_path / "noise_curves.svg").exists()
