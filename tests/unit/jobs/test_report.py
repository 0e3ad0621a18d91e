"""Jobs of report.smk: masks that are compared, and what figures draw beside the table."""

import json

from prunescape.figures import kinds
from prunescape.jobs import report
from tests.helpers.configurations import changed
from tests.helpers.jobs import filled, job
from tests.helpers.places import RESOURCES

CONFIG = filled()
STUDY = job(study="study")
POINT = "results/small/study/digits/net/point/r1-2"
VI = "results/small/study/digits/net/vi/r1-2"
CUTS = {
    f"{POINT}/prune_step/fine/s0/masks.safetensors": ["net", "point", "fine", 0, "0"],
    f"{POINT}/prune_step/fine/s1/masks.safetensors": ["net", "point", "fine", 1, "0.50"],
    f"{POINT}/prune_step/fine/s2/masks.safetensors": ["net", "point", "fine", 2, "0.90"],
    f"{POINT}/prune_step/fine/s3/masks.safetensors": ["net", "point", "fine", 3, "0.9"],
    f"{POINT}/prune/exact_k/0.50/masks.safetensors": ["net", "point", "tuned", 0, "0.50"],
    f"{POINT}/prune/exact_k/0.70/masks.safetensors": ["net", "point", "tuned", 0, "0.70"],
    f"{POINT}/prune/exact_k/0.90/masks.safetensors": ["net", "point", "tuned", 0, "0.90"],
    f"{VI}/prune/exact_k/0.50/masks.safetensors": ["net", "vi", "oneshot", 0, "0.50"],
    f"{VI}/prune/exact_k/0.90/masks.safetensors": ["net", "vi", "oneshot", 0, "0.90"],
}


def test_every_file_of_masks_is_compared_once_at_its_cut():
    assert report.compared_masks(CONFIG, STUDY) == list(CUTS)
    assert json.loads(report.cuts(CONFIG, STUDY)) == [[path, *cut] for path, cut in CUTS.items()]


def test_thresholds_keep_no_certain_number_and_are_not_compared():
    config = changed(CONFIG, {"catalogue.study.arms[0].selection": "threshold"})
    # 0.90 has another arm.
    assert set(CUTS) - set(report.compared_masks(config, STUDY)) == {
        f"{VI}/prune/exact_k/0.50/masks.safetensors"
    }


def test_masks_of_another_study_are_its_matter():
    config = changed(CONFIG, {"studies": []})
    assert report.compared_masks(config, STUDY) == list(CUTS)
    config["catalogue"]["more"] = config["catalogue"]["study"] | {"arms": []}
    assert report.compared_masks(config, job(study="more")) == []


def test_claims_without_a_reason_are_tested():
    config = CONFIG | {"not_tested": {"g1": "too short", "g2": "", "g3": None}}
    assert report.not_tested(config) == '{"g1":"too short"}'


def test_claims_take_the_outcomes_of_the_rows_that_they_read(tmp_path):
    words = {
        "clean": {"measure": "accuracy", "of": {"criterion": "snr", "level": "0.90"}},
        "other": {"measure": "error", "of": {"criterion": "random", "level": "0.90"}},
        "weights": {"measure": "kept_weights", "of": {"criterion": "none"}},
    }
    stated = [
        {"id": name, "study": "study", "origin": "this project", "source": "here"}
        | {"statement": "Something.", "comparison": ">", "margin": 0}
        | {"statistic": statistic | {"where": {"fit": "vi", "scope": "global"}}}
        for name, statistic in words.items()
    ]
    path = tmp_path / "claims.yaml"
    path.write_text(json.dumps(stated), encoding="utf-8")
    config = CONFIG | {"claims": [str(path)], "not_tested": {"other": "", "g1": "too short"}}
    found = report.claim_outcomes(config)
    ends = "global/exact_k/oneshot/b1/outcomes.safetensors"
    assert found == [f"{VI}/evaluate/{each}/{ends}" for each in ("snr", "random")]
    config["not_tested"] = {"other": "no"}
    assert report.claim_outcomes(config) == [f"{VI}/evaluate/snr/{ends}"]
    assert report.claim_outcomes(config | {"studies": []}) == []
    config["not_tested"] = {"clean": "no", "other": "no"}
    assert report.claim_outcomes(config) == []


def test_a_design_has_what_decides_results_and_nothing_else():
    design = json.loads(report.designs(CONFIG))
    assert list(design) == CONFIG["studies"] == ["study"]
    study = CONFIG["catalogue"]["study"]
    assert design["study"]["fits"] == study["fits"]
    assert list(design["study"]["networks"]) == ["net"]
    assert design["study"]["dataset"] == {"digits": CONFIG["datasets"]["digits"]}
    other = {"seed": 9, "split": "tune", "datasets.digits.seed": 9}
    for key, value in (other | {"catalogue.study.rounding": "down"}).items():
        assert report.designs(changed(CONFIG, {key: value})) != report.designs(CONFIG), key
    for key, value in {"levels_per_job": 9, "device": "cuda", "replicates": [2, 3]}.items():
        assert report.designs(changed(CONFIG, {key: value})) == report.designs(CONFIG), key


def test_a_figure_reads_a_file_of_the_run_or_results_of_others():
    sources = {kind: report.figure_source(CONFIG, "study", kind) for kind in kinds.KINDS}
    scored = [
        f"results/small/study/digits/net/{fit}/r1-2/score/scores.safetensors"
        for fit in ("point", "vi")
    ]
    masks = report.compared_masks(CONFIG, job(study="study"))
    first = [path for path in masks if "/prune/" in path]
    assert 0 < len(first) < len(masks)
    named = changed(CONFIG, {"run": "prune"})
    again = report.figure_source(named, "study", "mask_pictures")
    assert len(again) == len(["images", *scored, *first])
    assert {kind: path for kind, path in sources.items() if path} == {
        "cost_accuracy": ["results/small/study/costs.csv", "results/small/study/training.csv"],
        "mask_overlap": ["results/small/study/overlaps.csv"],
        "class_losses": ["results/small/study/flips.csv"],
        "broken_images": ["results/small/study/broken_images.safetensors"],
        "training_curves": ["results/small/study/history.csv"],
        "score_histograms": scored,
        "mask_pictures": ["data/digits/test.safetensors", *scored, *first],
        "reliability": ["results/small/study/reliability.parquet"],
    }


def test_resources_of_figures_are_there():
    assert report.figure_resources("error_compression") == ["literature.csv"]
    assert report.figure_resources("accuracy_sparsity") == ["public_figures.csv", "literature.csv"]
    assert report.figure_resources("winner_map") == ["public_figures.csv"]
    for kind in kinds.KINDS:
        assert all((RESOURCES / name).exists() for name in report.figure_resources(kind))
