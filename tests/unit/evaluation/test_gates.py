import json
import re
from dataclasses import replace

import numpy as np
import pytest

from prunescape.evaluation import columns, gates, reliability, table
from prunescape.evaluation.outcome_bits import write
from prunescape.foundations import files
from prunescape.pipeline import plan
from tests.helpers import scripts
from tests.helpers.evaluations import TRAIN, dense, outcomes, record, row


def arm(**changes):
    """Rows that pass: scopes global and layer at two levels, ties included, and the dense row."""
    layer = {"scope": "layer"}
    tie = {"level": 0.25, "sparsity_actual": 0.75, "kept_weights": 75}  # 7.5 and 2.5 of the layers
    return [
        dense(**changes),
        row(**changes),
        row(**{**layer, **changes}),
        row(**{**layer, "kept_by_layer": "45 22 8", "min_layer_kept": 8, **tie, **changes}),
        row(effect="freeze", kept_weights=100, sparsity_actual=0, kept_by_layer="60 30 10")
        | {"frozen_weights": 90, "min_layer_kept": 10}
        | changes,
    ]


def by_unit(**changes):
    """A row that passes: 5.4 rounds to 5 of the 6 inputs of a unit, 4.5 to 4 of 5."""
    kept = {"kept_weights": 17, "sparsity_actual": 0.83, "min_layer_kept": 2}
    kept |= {"kept_by_layer": "10 5 2", "kept_by_unit": "1-1 1-1 1-1"}
    return row(scope="output_unit", **kept | changes)


def keys(records):
    return [tuple(each[column] for column in columns.KEY) for each in table.rows(records)]


def tripped(records, expected=None):
    """Return the message of the gate that stops the records, or None."""
    try:
        gates.passed(
            records, keys(records) if expected is None else expected, map(outcomes, records)
        )
    except gates.GateError as error:
        return str(error)
    return None


def test_sound_results_pass():
    records = [record(*arm()), record(*arm(replicate=2))]
    scores = gates.passed(records, keys(records), map(outcomes, records))
    assert len(scores) == 10


def test_replicates_that_are_one_network_are_named():
    twin = {"replicate": 2, "nll": dense()["nll"]}
    message = tripped([record(dense(), row()), record(dense(**twin), row(replicate=2))])
    assert message.startswith("independent: 2 rows of replicates that are one network (")
    assert "replicate 2" in message or ", 2, " in message
    # Another fit may have the same numbers, and so may networks that are always sure and right.
    assert not tripped([record(dense(), row()), record(dense(fit="other"), row(fit="other"))])
    sure = [record(dense(nll=0.0, replicate=r), row(replicate=r)) for r in (1, 2)]
    assert not tripped(sure)


def test_units_that_keep_their_own_number_pass():
    frozen = by_unit(effect="freeze", sparsity_actual=0, frozen_weights=83)
    threshold = by_unit(selection="threshold", level=2.0, kept_by_unit="0-2 1-1 0-2")
    assert tripped([record(dense(), by_unit(), frozen, threshold)]) is None


def planted():
    sound = arm()
    yield "unit_sparsity_exact", by_unit(kept_by_unit="0-2 1-1 1-1")  # right in all only
    yield "unit_sparsity_exact", by_unit(kept_by_unit="1-1 1-1 0-1")
    yield "unit_sparsity_exact", by_unit(effect="freeze", kept_by_unit="1-1 1-1 1-2")
    yield "unit_sparsity_exact", by_unit(kept_by_layer="10 5 1")
    yield "unit_sparsity_exact", by_unit(level=0.5)
    yield "unit_sparsity_exact", by_unit(fit="other")  # no dense row to know the units by
    yield "finite", row(nll=float("nan"))
    yield "finite", row(brier=float("inf"))
    yield "finite", row(ece=None)
    yield "no_revival", row(revived_weights=1)
    yield "sparsity_exact", row(kept_weights=11, kept_by_layer="7 3 1")  # k - 1
    yield "sparsity_exact", row(kept_weights=9, kept_by_layer="5 3 1")  # k + 1
    yield "sparsity_exact", row(sparsity_actual=0.89)
    yield (
        "sparsity_exact",
        row(scope="floor", effect="compensate", kept_weights=11) | {"kept_by_layer": "7 3 1"},
    )
    yield "sparsity_exact", row(effect="recalibrate", sparsity_actual=0.89)
    yield "sparsity_exact", row(effect="reconstruct", sparsity_actual=0.89)
    yield "sparsity_exact", row(scope="layer", kept_by_layer="5 4 1")  # right in all only
    yield "sparsity_exact", row(scope="input_unit", sparsity_actual=0.5)
    yield "sparsity_exact", sound[2] | {"fit": "other"}  # no dense row to know the layers by
    yield "dead_layers", row(min_layer_kept=2)
    yield "dead_layers", row(kept_by_layer="6 4 1")
    yield "dead_layers", row(kept_by_layer="6 4 0", min_layer_kept=0, dead_units=0)


@pytest.mark.parametrize(("gate", "defect"), list(planted()))
def test_a_gate_trips_on_its_own_defect_and_names_it(gate, defect):
    defect = defect | {"replicate": 7}
    message = tripped([record(*arm()), record(dense(replicate=7), defect)])
    assert message.startswith(f"{gate}: 1 row ")
    assert " replicate 7 " in message


def inner(**changes):
    """A row that passes: the first layer is whole; of 40 others 36 go, 27 and 9 or as is said."""
    kept = {"kept_weights": 64, "sparsity_actual": 0.36, "min_layer_kept": 1}
    kept |= {"kept_by_layer": "60 3 1", "kept_by_unit": "6-6 0-1 0-1", "within_scope": "0 1 1"}
    return row(scope="inner", **kept | changes)


def stopped(kind, *rows):
    """Return the gate that stops rows of a study whose own scope `inner` counts as `kind`."""
    records = [record(dense(), *rows)]
    try:
        own = {"graves": {"inner": kind}}
        gates.passed(records, keys(records), map(outcomes, records), None, own)
    except gates.GateError as error:
        return str(error).partition(":")[0]
    return None


LOST_UNITS = {"kept_by_layer": "60 3 0", "kept_weights": 63, "sparsity_actual": 0.37}
LOST_UNITS |= {"min_layer_kept": 0, "dead_units": 2}
UNITS = {"kept_by_layer": "60 5 2", "kept_by_unit": "6-6 1-1 1-1", "kept_weights": 67}


@pytest.mark.parametrize(
    ("kind", "sound"),
    [
        ("global", inner()),
        ("global", inner(kept_by_layer="60 4 0", min_layer_kept=0, dead_units=2)),
        ("floor", inner(effect="freeze", sparsity_actual=0, frozen_weights=36)),
        ("layer", inner()),
        ("neuron", inner(**LOST_UNITS)),
        ("output_unit", inner(**UNITS, sparsity_actual=0.33, min_layer_kept=2)),
        (
            "global",
            inner(selection="threshold", level=2.0, kept_by_layer="60 5 1", kept_weights=66),
        ),
    ],
)
def test_layers_that_a_studys_own_scope_leaves_out_keep_all(kind, sound):
    assert stopped(kind, sound) is None
    lost = {"kept_by_layer": sound["kept_by_layer"].replace("60", "59")}
    lost |= {"kept_by_unit": sound["kept_by_unit"].replace("6-6", "5-6")}
    assert stopped(kind, sound | lost) == "own_scopes_exact"


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("global", inner(kept_by_layer="60 4 1", kept_weights=65)),
        ("global", inner(kept_by_layer="7 2 1", kept_weights=10)),  # 90 % of the whole network
        ("global", inner(within_scope="1 1 1")),
        ("global", inner(within_scope="1 1")),
        ("floor", inner(kept_by_layer="60 2 1", kept_weights=63, effect="freeze")),
        ("layer", inner(kept_by_layer="60 4 0", min_layer_kept=0, dead_units=2)),
        ("output_unit", inner()),
        ("global", inner(fit="other")),  # no dense row to know the layers by
    ],
)
def test_a_studys_own_scope_is_counted_in_its_layers(kind, wrong):
    assert stopped(kind, wrong) == "own_scopes_exact"


SOUND = {"n_m": "- 0/9/9 0/4/4", "block": "- 0/3/30 0/1/8"}


@pytest.mark.parametrize("kind", ["n_m", "block"])
def test_groups_keep_their_pattern(kind):
    assert stopped(kind, inner(kept_by_group=SOUND[kind])) is None


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("n_m", "- 1/9/9 0/4/4"),  # a group that breaks its pattern
        ("n_m", "- 0/9/9 2/4/4"),
        ("n_m", "0/9/9 0/4/4"),
        ("n_m", ""),
        ("block", "- 1/3/30 0/1/8"),
        ("block", "- 0/2/30 0/1/8"),  # 27 of 30 go, and 7 of 8
        ("block", "- 0/3/30 0/2/8"),
        ("block", ""),
    ],
)
def test_groups_that_break_their_pattern(kind, found):
    assert stopped(kind, inner(kept_by_group=found)) == "own_scopes_exact"


def test_layers_outside_a_scope_of_groups_keep_all():
    lost = {"kept_by_layer": "59 3 1", "kept_by_unit": "5-6 0-1 0-1", "kept_weights": 63}
    assert stopped("block", inner(kept_by_group=SOUND["block"], **lost)) == "own_scopes_exact"


def test_a_name_that_is_no_scope_of_the_study_is_counted_in_all_layers():
    records = [record(dense(), inner())]
    own = {"other": {"inner": "global"}}
    with pytest.raises(gates.GateError, match=r"^sparsity_exact: "):
        gates.passed(records, keys(records), map(outcomes, records), None, own)


def test_a_flagged_dead_layer_passes():
    flagged = row(kept_by_layer="6 4 0", min_layer_kept=0, dead_units=3)
    assert tripped([record(dense(), flagged)]) is None


def test_freeze_and_thresholds_have_no_exact_number_of_zeros():
    threshold = row(selection="threshold", level=3.0, kept_weights=42) | {
        "kept_by_layer": "32 9 1",
        "sparsity_actual": 0.58,
    }
    assert tripped([record(dense(), threshold)]) is None


def test_a_compression_is_counted_exactly():
    kept = {"total_weights": 34 * 3, "sparsity_actual": 1.0, "min_layer_kept": 0, "dead_units": 1}
    # 67/68 * 102 = 100.5, to the even 100: two weights stay.
    right = row(level=1 - 1 / 68, kept_weights=2, kept_by_layer="2 0", **kept)
    assert tripped([record(right)]) is None
    wrong = row(level=1 - 1 / 68, kept_weights=1, kept_by_layer="1 0", **kept)
    assert tripped([record(wrong)]).startswith("sparsity_exact: ")


def test_a_study_may_round_down():
    # 87.5 of 100 weights go: 88, or 87 rounded down.
    down = row(level=0.875, kept_weights=13, kept_by_layer="8 4 1", sparsity_actual=0.87)
    records = [record(dense(), down)]
    found = list(map(outcomes, records))
    assert tripped(records).startswith("sparsity_exact: ")
    assert len(gates.passed(records, keys(records), found, {"graves": "down"})) == 2
    with pytest.raises(gates.GateError, match=r"^sparsity_exact: "):
        gates.passed(records, keys(records), found, {"other": "down"})


def test_missing_double_and_unexpected_rows():
    records = [record(*arm())]
    expected = keys(records)
    extra = tuple(row(replicate=3)[column] for column in columns.KEY)
    missing = tripped(records, [*expected, extra])
    assert missing.startswith("complete: 1 row missing: (graves mnist logistic vi snr global")
    assert "level 0.9 replicate 3 noise none" in missing
    assert tripped(records, expected[1:]).startswith("complete: 1 row not expected: ")
    assert tripped([*records, *records], expected).startswith("complete: 5 rows double: ")
    assert tripped([*records, *records], expected).endswith(", ...")


def test_what_an_arm_left_out_is_not_missing():
    lossy = {"level": 0.5, "kept_weights": 50, "sparsity_actual": 0.5, "n_correct": 7_000}
    lossy |= {"kept_by_layer": "30 15 5", "min_layer_kept": 5}
    told = record(row(**lossy)) | {"left_out": [row()], "until_lost": 15}
    base = record(dense())
    expected = keys([base, told, record(row())])
    assert tripped([base, told], expected) is None
    assert tripped([base, told | {"until_lost": 25}], expected).startswith("ended: 1 row left out")
    named = tripped([base, told, record(row())], expected)
    assert named.startswith("complete: 1 row of networks that are said to be left out: ")
    assert "not expected" in tripped([base, told], expected[:-1])
    with pytest.raises(ValueError, match="expected a key, found none of"):
        tripped([base, told | {"left_out": [{"study": "graves"}]}], expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"evaluated_on": {"test": TRAIN}},  # the same bytes under another name
        {"evaluated_on": {"train": "9" * 64}},
        {"evaluated_on": {}},
        {"fitted_on": {}},
    ],
)
def test_data_seen_before_evaluation(changes):
    message = tripped([record(*arm()), record(row(replicate=7)) | changes])
    assert message.startswith("unseen: 1 row ")
    assert " replicate 7 " in message


PLAN = {
    "replicates": [1, 2],
    "levels_per_job": 1,
    "studies": ["graves"],
    "catalogue": {
        "graves": {
            "dataset": "mnist",
            "fits": {"vi": {"networks": ["logistic"]}},
            "arms": [
                {
                    "fits": ["vi"],
                    "criteria": ["snr"],
                    "scopes": ["global"],
                    "selection": "exact_k",
                    "effects": ["zero"],
                    "schedules": ["oneshot"],
                    "levels": ["0.90"],
                }
            ],
        }
    },
}


def aggregate(folder, change=None, flip=None):
    """Write the rows of PLAN below the folder, run the script, return how it ended."""
    for name in plan.row_files(PLAN):
        replicates = {"r1-1": [1], "r2-3": [2, 3]}[name.split("/")[4]]
        make = dense if "none/none/none/none" in name else row
        rows = [make(replicate=r) for r in replicates]
        made = record(*rows[slice(change if make is row else None)])
        files.write_json(folder / name, made)
        found = outcomes(made)
        bits = found.bits if flip is None or make is dense else found.bits ^ flip
        packed = [row.tobytes() for row in bits]
        place = (folder / name).with_name("outcomes.safetensors")
        write(place, packed, found.bins, 10_000, made["evaluated_on"])
    outputs = ["--table-output", folder / "scores.parquet"]
    outputs += ["--noise-output", folder / "gradient_noise.csv"]
    outputs += ["--diverged-output", folder / "diverged.csv"]
    outputs += ["--study", "graves", "--costs-output", folder / "costs.csv"]
    outputs += ["--training-output", folder / "training.csv", "--images", folder / "train"]
    outputs += ["--reliability-output", folder / "reliability.parquet"]
    arrays = {"images": np.zeros((5, 1, 2, 2)), "labels": np.zeros(5)}
    files.write_tensors(folder / "train", arrays, {})
    model = {"network": "logistic", "fit": "vi", "budget": 2, "grown": 0, "taught": False}
    trained = model | {"before": 2, "passes": 2, "steps": {"0": 0}}
    names = ("criterion", "scope", "selection", "schedule")
    lengths = [
        trained | dict(zip(names, arm, strict=True))
        for arm in (["none"] * 4, ["snr", "global", "exact_k", "oneshot"])
    ]
    outputs += ["--lengths", json.dumps(lengths), "--courses", "[]"]
    outputs += ["--history-output", folder / "history.csv"]
    return scripts.run("aggregate.py", "--folder", folder, "--plan", json.dumps(PLAN), *outputs)


def test_the_script_writes_the_table(tmp_path):
    done = aggregate(tmp_path)
    assert done.status == 0, done.error
    scores = table.read_parquet(tmp_path / "scores.parquet")
    assert scores["criterion"].tolist() == ["none"] * 3 + ["snr"] * 3
    assert scores["replicate"].tolist() == [1, 2, 3] * 2
    assert (tmp_path / "training.csv").read_text().splitlines()[1:] == [
        "graves,mnist,logistic,vi,none,none,none,none,none,0,0.0,2,2,3000.0",
        "graves,mnist,logistic,vi,snr,global,exact_k,zero,oneshot,0,0.9,2,2,3000.0",
    ]
    reliable = reliability.read(tmp_path / "reliability.parquet")
    assert reliable.groupby("criterion")["images"].sum().to_dict() == {
        "none": 30_000,
        "snr": 30_000,
    }
    # No job has left a record there.
    assert (tmp_path / "costs.csv").read_text().count("\n") == 1


def test_the_script_writes_nothing_if_a_gate_stops_it(tmp_path):
    done = aggregate(tmp_path, change=1)
    assert done.status == 1
    assert re.fullmatch(r"aggregate\.py: complete: 1 row missing: .* replicate 3 .*\n", done.error)
    assert not list(tmp_path.glob("scores.*"))


def test_outcomes_that_do_not_add_up_stop_the_script(tmp_path):
    done = aggregate(tmp_path, flip=1)
    assert done.status == 1
    problem = "counted: 1 row whose outcomes don't add up to n_correct"
    assert done.error.startswith(f"aggregate.py: {problem}: (graves ")


def test_outcomes_are_compared_with_every_row():
    records = [record(*arm()), record(*arm(replicate=2))]

    def stopped(change):
        found = [outcomes(each) for each in records]
        bits = found[1].bits.copy()
        found[1] = change(replace(found[1], bits=bits))
        with pytest.raises(gates.GateError) as error:
            gates.passed(records, keys(records), found)
        return str(error.value)

    def more(packed):
        packed.bits[3, -1] ^= 1
        return packed

    def other_bin(packed, of):
        bins = packed.bins.copy()
        bins[3, of, 7] += 1
        return replace(packed, bins=bins)

    rows = "counted: 5 rows with outcomes of other rows or images"
    for of in (0, 1):  # an image more, a correct one more
        message = stopped(lambda packed, of=of: other_bin(packed, of))
        assert message.startswith("counted: 1 row whose outcomes don't add up to n_correct: ")
    assert stopped(more).startswith("counted: 1 row whose outcomes don't add up to n_correct: ")
    assert stopped(lambda packed: replace(packed, bits=packed.bits[:4])).startswith(rows)
    assert stopped(lambda packed: replace(packed, evaluated_on={"test": TRAIN})).startswith(rows)
    # 1,249 bytes and a half: what is behind the last image counts as no image.
    fewer = [each | {"n_images": 9_996, "accuracy": 9_000 / 9_996} for each in arm()]
    records = [record(*fewer)]
    found = outcomes(records[0])
    gates.passed(records, keys(records), [found])
    found.bits[0, 0], found.bits[0, -1] = 0b01111111, 0b00000001
    with pytest.raises(gates.GateError, match="counted: 1 row whose"):
        gates.passed(records, keys(records), [found])
