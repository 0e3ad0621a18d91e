"""Every file of a run, by stages."""

import copy

from prunescape.configuration import validation
from prunescape.jobs import prune, retrain, targets
from prunescape.pipeline import plan
from tests.helpers.configurations import DEFAULT
from tests.helpers.jobs import EXPORT, Wildcards, filled

CONFIG = filled()
POINT = "results/small/study/digits/net/point/r1-2"
VI = "results/small/study/digits/net/vi/r1-2"
MASKS = "masks.safetensors"


def test_files_between_the_data_and_the_rows():
    found = targets.intermediates(CONFIG)
    assert len(found) == len(set(found))
    assert found[:3] == [
        f"data/digits/{split}.safetensors" for split in ("train", "validation", "test")
    ]
    trained = [f"retrain/fine/s{step}" for step in range(4)] + ["retrain/tuned/b1"]
    trained += ["retrain/tuned/b2", "train"]
    scored = [f"retrain/fine/s{step}" for step in range(4)] + ["score"]
    assert set(found[3:]) == {
        *(f"{POINT}/{place}/checkpoint.safetensors" for place in trained),
        *(f"{POINT}/{place}/scores.safetensors" for place in scored),
        *(f"{POINT}/prune_step/fine/s{step}/{MASKS}" for step in range(4)),
        *(f"{POINT}/prune/exact_k/{level}/{MASKS}" for level in ("0.50", "0.70", "0.90")),
        f"{VI}/fit_variational/checkpoint.safetensors",
        f"{VI}/score/scores.safetensors",
        f"{VI}/measure/input_moments.safetensors",
        *(f"{VI}/prune/exact_k/{level}/{MASKS}" for level in ("0.50", "0.90")),
    }


def test_another_block_of_replicates_adds_its_files_alone():
    more = filled({"replicates": [2, 1]})
    added = [path for path in targets.intermediates(more) if "/r3-3/" in path]
    old = targets.intermediates(CONFIG)
    assert [path.replace("/r3-3/", "/r1-2/") for path in added] == [
        path for path in old if "/r1-2/" in path
    ]
    assert set(targets.intermediates(more)) == {*old, *added}


def test_a_network_of_the_users_is_checked_first():
    config = CONFIG | {"networks": {"net": "own.py:net"}}
    checks = [path for path in targets.intermediates(config) if path.endswith(".json")]
    assert checks == [
        f"results/small/study/digits/net/{fit}/check/network.json" for fit in ("point", "vi")
    ]


def test_rows_of_every_evaluation():
    found = targets.rows(CONFIG)
    # Dense, a control of 4 steps in 2 batches and one of 1 point; 2 arms of 4 steps, 1 of 3 levels.
    assert len([path for path in found if path.startswith(f"{POINT}/evaluate/")]) == 1 + 2 + 1 + 6
    assert [path for path in found if path.startswith(VI)] == [
        f"{VI}/evaluate/{arm}/b1/rows.json"
        for arm in (
            "none/none/none/none",
            "snr/global/exact_k/oneshot",
            "random/global/exact_k/oneshot",
            "magnitude/layer/exact_k/oneshot",
        )
    ]


def test_exports_and_their_sizes():
    assert targets.exports(CONFIG) == targets.sizes(CONFIG) == []
    config = filled({"exports": {"a": EXPORT, "b": EXPORT | {"level": "0.70"}}})
    assert targets.exports(config) == [
        "results/small/exports/a/export.json",
        "results/small/exports/b/export.json",
        "results/small/sizes.csv",
    ]
    assert targets.sizes(config) == ["results/small/sizes.csv"]


def test_figures_of_the_studies_that_run():
    forest = [f"results/small/forest.{extension}" for extension in ("svg", "png")]
    assert targets.figures(CONFIG) == forest
    config = filled({"catalogue.study.figures": ["winner_map", "noise_curves"]})
    assert targets.figures(config) == forest + [
        f"results/small/study/figures/{name}"
        for name in ("winner_map.svg", "winner_map.png", "noise_curves.svg", "noise_curves.png")
    ]
    assert targets.figures(config | {"studies": []}) == forest


def test_every_study_has_tables_of_its_own():
    config = CONFIG | {"studies": ["study", "more"]}
    assert targets.parts(config, "claims.csv") == [
        "results/small/study/claims.csv",
        "results/small/more/claims.csv",
    ]
    names = ["scores.parquet", "gradient_noise.csv", "diverged.csv", "costs.csv", "training.csv"]
    names += ["history.csv", "reliability.parquet", "claims.csv", "claim_parts.csv"]
    assert targets.tables(CONFIG) == [f"results/small/study/{name}" for name in names]


def test_noise_is_checked_where_preconditioned_sgd_trains():
    assert targets.noise_checks(CONFIG) == []
    config = filled({"replicates": [2, 3]})
    config["catalogue"]["study"]["fits"]["point"]["optimiser"] = {"kind": "psgd"}
    assert targets.noise_checks(config) == [
        f"results/small/study/digits/net/point/{block}/train/noise.json"
        for block in ("r1-2", "r3-5")
    ]


def test_a_step_appended_to_the_default_run_makes_new_jobs_and_changes_none():
    every = {"studies": list(DEFAULT["catalogue"])}
    before, after = copy.deepcopy(DEFAULT | every), copy.deepcopy(DEFAULT | every)
    after["catalogue"]["magnitude"]["schedules"]["fine"]["steps"].append(["0.995", 2])
    for made in (before, after):
        validation.validate(made)
    old, new = (set(targets.intermediates(made)) for made in (before, after))
    assert old < new
    assert {path.split("/r1-5/")[1] for path in new - old} == {
        "prune_step/fine/s23/masks.safetensors",
        "retrain/fine/s23/checkpoint.safetensors",
        "retrain/fine/s23/scores.safetensors",
    }
    place = plan.Model("magnitude", "mnist_pooled", "mlp_250_100", "adam")._asdict()
    place |= {"first": "1", "last": "5", "schedule": "fine"}
    told = (
        *(
            retrain.retrained_arms,
            retrain.retrained_levels,
            retrain.retrained_masks,
            retrain.retraining_start,
        ),
        *(retrain.retraining_settings, retrain.epochs_before),
    )
    first_epochs = []
    for step in range(23):
        trained = Wildcards(place, part=f"s{step}")
        assert [tell(before, trained) for tell in told] == [tell(after, trained) for tell in told]
        pruned = Wildcards(place, step=str(step))
        for tell in (
            prune.step_level,
            prune.chained_arms,
            prune.step_scores,
            prune.previous_masks,
        ):
            assert tell(before, pruned) == tell(after, pruned)
        first_epochs.append(retrain.epochs_before(before, trained))
    # 5 epochs of the fit, then the schedule's: 7 steps of 1, the rest of 2.
    assert first_epochs == [*range(5, 12), *range(12, 44, 2)]
