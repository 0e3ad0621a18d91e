"""Bad input of every kind gets one line that says what, where and what is allowed.

What config.yaml says is checked as the workflow checks it when it is read; what files hold is given
to the script of the rule that reads them. test_bad_config.py does the first through Snakemake, and
test_a_rule_ends_with_one_line here the second.
"""

import contextlib
import copy
import io
import json
import math
import re
import runpy
import shutil
import struct
import sys

import numpy as np
import pytest
import yaml
from PIL import Image

from prunescape.configuration import reading, validation
from prunescape.data import datasets, prepared_parts
from prunescape.evaluation import table
from prunescape.fitting.checkpoints import FORMAT
from prunescape.foundations import files
from prunescape.jobs import report
from prunescape.pruning import arm_masks, selection
from tests.helpers.factories import checkpoint, scored, uint8_images
from tests.helpers.places import ROOT, WORKFLOW

SCRIPTS = WORKFLOW / "scripts"
ROOT_STREAM = (1, "study")


def default():
    """Return config.yaml with its defaults."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    validation.validate(config)
    return config


CONFIG = default()


# What config.yaml says.


def changed(*changes):
    """Return config.yaml with values replaced: (keys and positions, value) each."""
    config = copy.deepcopy(CONFIG)
    for place, value in changes:
        node = config
        for key in place[:-1]:
            node = node[key]
        node[place[-1]] = value
    return config


GRAVES = ("catalogue", "graves")
ARM = (*GRAVES, "arms", 0)
NAMED = {
    "unknown study": (("studies",), ["grave"], "studies[0]: found 'grave'"),
    "unknown criterion": (
        (*ARM, "criteria"),
        ["snr", "magnitud"],
        "catalogue.graves.arms[0].criteria[1]: found 'magnitud'",
    ),
    "unknown data set": (
        (*GRAVES, "dataset"),
        "mnits",
        "catalogue.graves.dataset: found 'mnits'",
    ),
    "level above 1": (
        (*ARM, "levels"),
        ["0.5", "1.01"],
        "catalogue.graves.arms[0].levels[1]: found '1.01'",
    ),
    "level below 0": (
        (*ARM, "levels"),
        ["-0.1"],
        "catalogue.graves.arms[0].levels[0]: found '-0.1'",
    ),
    "level 1 without freeze": (
        (*ARM, "levels"),
        ["1"],
        "catalogue.graves.arms[0].levels[0]: found '1'",
    ),
    "the same level twice": (
        (*ARM, "levels"),
        ["0.9", "0.5", "0.90"],
        "catalogue.graves.arms[0].levels[2]: found '0.90'",
    ),
}


@pytest.mark.parametrize(("place", "value", "start"), NAMED.values(), ids=NAMED)
def test_a_config_is_told_what_where_and_what_is_allowed(place, value, start):
    lines = [
        line for line in validation.problems(changed((place, value))) if line.startswith(start)
    ]
    assert len(lines) == 1
    assert "; allowed: " in lines[0]


def numbers(node, place=()):
    """Yield the places of all numbers in a config."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from numbers(value, (*place, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from numbers(value, (*place, index))
    elif isinstance(node, (int, float)) and not isinstance(node, bool):
        yield place


@pytest.mark.parametrize("value", [math.nan, math.inf, -1, -0.5], ids=["nan", "inf", "-1", "-0.5"])
def test_negative_or_nan_settings(value):
    # The last epoch of a ramp may be -1, before training.
    places = [each for each in numbers(CONFIG) if value != -1 or "warm_up" not in each]
    assert len(places) > 100
    found = validation.problems(changed(*((place, value) for place in places)))
    told = {line.split(":")[0] for line in found}
    for place in places:
        path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place)[1:]
        # Every one has a line of its own, or the pair or block that it is in.
        assert any(path.startswith(each) for each in told), path
    assert all("allowed: " in line and "\n" not in line for line in found)


def test_a_config_of_10000_levels():
    levels = [f"0.{i:05}" for i in range(1, 10_001)]
    arm = {**CONFIG["catalogue"]["graves"]["arms"][0], "levels": levels}
    config = changed(((*GRAVES, "arms"), [arm]), (("studies",), ["graves"]))
    config["catalogue"]["graves"] |= {"noise": [], "figures": []}
    config["not_tested"] = dict.fromkeys(("g1", "g2", "g3"), "other levels")
    assert validation.problems(config) == []


UNREADABLE = {
    "non-UTF-8": (
        b"run: a\nseed: caf\xe9\n",
        r"mine\.yaml, line 2: found bytes that are not UTF-8",
    ),
    "no YAML": (b"run: a\nstudies: [graves\n", r"mine\.yaml, line \d: found no YAML \("),
    "a tab": (b"run:\n\tname: a\n", r"mine\.yaml, line 2: found no YAML \("),
    "a date that is none": (b"run: 2024-13-45\n", r"mine\.yaml: found no YAML \(month"),
    "a list": (b"- run\n", r"mine\.yaml: found a list of 1; allowed: keys with their values"),
    "empty": (b"", r"mine\.yaml: found nothing \(an empty value\); allowed: keys"),
    "null bytes": (b"run: \0\n", r"mine\.yaml.*: found no YAML"),
    "not there": (
        None,
        r"mine\.yaml: can't be read \(No such file or directory\); allowed: a file",
    ),
}


@pytest.mark.parametrize(("content", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_of_settings_that_cannot_be_read(tmp_path, content, message):
    if content is not None:
        (tmp_path / "mine.yaml").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        reading.read(tmp_path / "mine.yaml")


# What files hold.


@contextlib.contextmanager
def as_script(name, *arguments):
    """Set the command line and the path of imports as Python does for a script; yield its path."""
    before = sys.argv, list(sys.path)
    sys.argv = [str(SCRIPTS / f"{name}.py"), *map(str, arguments)]
    sys.path.insert(0, str(SCRIPTS))
    try:
        yield sys.argv[0]
    finally:
        sys.argv, sys.path[:] = before


def script(name, *arguments):
    """Run a script, which is to end with one line; return the line."""
    with (
        as_script(name, *arguments) as path,
        # Not a file, as pytest's is, where the line would stand as in a log.
        contextlib.redirect_stderr(io.StringIO()),
        pytest.raises(SystemExit) as ended,
    ):
        runpy.run_path(path, run_name="__main__")
    # Text as the status is printed by Python, which then ends with status 1.
    told = ended.value.code
    assert isinstance(told, str), told
    assert told.startswith(f"{name}.py: ")
    assert "\n" not in told
    return told


N = 30
IMAGES = np.random.default_rng(1).integers(0, 256, (N, 4, 6), dtype=np.uint8)
LABELS = np.arange(N) % 3
UNIT = (IMAGES / 255).astype(np.float32)
DATA = {
    "labels out of range": ({"labels": LABELS - 1}, r"labels -1 \.\. 1, expected integers from 0"),
    "labels without a class": ({"labels": LABELS * 2}, "class 1 has no image"),
    "one class": ({"labels": LABELS * 0}, "one class, expected at least two"),
    "one image": ({"images": IMAGES[:1], "labels": LABELS[:1]}, r"1 image\(s\) to learn from"),
    "NaN pixels": ({"images": np.where(UNIT > 0.9, np.nan, UNIT)}, "a pixel that is NaN"),
    "floats outside range": ({"images": UNIT * 2}, r"pixels from .*, expected floats in \[0, 1\]"),
    "images of mixed shapes": (
        {"images": np.array([IMAGES[0], IMAGES[0][:2]], dtype=object)},
        "no readable .npz file of plain arrays",
    ),
}


def prepared(folder, own):
    """Give the script of rule prepare a source of the user's own."""
    outputs = [
        word
        for name in prepared_parts.of({})
        for word in (f"--{name}-output", folder / "out" / f"{name}.safetensors")
    ]
    given = ("--dataset", "own", "--source", "own", "--own", own, "--test", "6", "--seed", "1")
    told = script("prepare", *given, *outputs)
    assert not (folder / "out").exists() or not list((folder / "out").iterdir())
    return told


@pytest.mark.parametrize(("arrays", "message"), DATA.values(), ids=DATA)
def test_images_of_ones_own(tmp_path, arrays, message):
    np.savez(tmp_path / "own.npz", **{"images": IMAGES, "labels": LABELS, **arrays})
    told = prepared(tmp_path, tmp_path / "own.npz")
    assert re.search(rf"own\.npz: .*{message}", told), told


def empty_class(folder):
    (folder / "c").mkdir()


def mixed_shapes(folder):
    Image.new("L", (6, 5)).save(folder / "b" / "x.png")


FOLDERS = {
    "empty class": (empty_class, r"own/c: an empty class, expected pictures"),
    "images of mixed shapes": (
        mixed_shapes,
        r"1 of 5 x 6 pixels \(\S*b/x\.png\).*expected images of one shape",
    ),
    "unreadable path": (shutil.rmtree, "No such file or directory: .*own"),
}


@pytest.mark.parametrize(("spoil", "message"), FOLDERS.values(), ids=FOLDERS)
def test_pictures_of_ones_own(tmp_path, spoil, message):
    for name in "ab":
        (tmp_path / "own" / name).mkdir(parents=True)
        for number, image in enumerate(IMAGES[:10]):
            Image.fromarray(image).save(tmp_path / "own" / name / f"{number}.png")
    spoil(tmp_path / "own")
    told = prepared(tmp_path, tmp_path / "own")
    assert re.search(message, told), told


@pytest.fixture
def made(tmp_path):
    """A folder with what evaluation reads: a checkpoint, its masks, a split."""
    fitted = checkpoint(posterior=True)
    scores, _ = scored(fitted, ["snr"], uint8_images(20), ROOT_STREAM)
    packed = arm_masks.masks(
        scores, [("snr", "global", 0)], "exact_k", "0.50", ROOT_STREAM, fitted.replicates
    )
    fitted.save(str(tmp_path / "checkpoint.safetensors"))
    files.write_tensors(
        tmp_path / "masks.safetensors", packed, {"replicates": fitted.replicates, "level": "0.50"}
    )
    part = uint8_images(20).numpy(), np.arange(20) % 4
    datasets.write(tmp_path / "test.safetensors", part, "digits", "test", "digits", 4)
    return tmp_path


ARGUMENTS = {
    "--model": '{"study": "s", "dataset": "d", "network": "n", "fit": "f"}',
    "--arm": '{"criterion": "snr", "scope": "global", "within": ["global"], '
    '"selection": "exact_k", "schedule": "oneshot", "effects": ["zero"], "points": [[0, "0.50"]]}',
    "--conditions": '[[["none", "0"]]]',
    "--seed": "1",
}


def evaluated(folder):
    """Give the script of rule evaluate what is in a folder."""
    given = [word for pair in ARGUMENTS.items() for word in pair]
    read = ["--checkpoint", folder / "checkpoint.safetensors"]
    read += ["--masks", folder / "masks.safetensors", "--images", folder / "test.safetensors"]
    read += ["--outcomes-output", folder / "out" / "outcomes.safetensors"]
    told = script("evaluate", *read, *given, "--output", folder / "out" / "rows.json")
    assert not (folder / "out").exists()
    return told


def rewritten(path, tensors=None, **metadata):
    """Write a file of tensors anew, with some of them and of its metadata changed."""
    before, described = files.read_tensors(path)
    files.write_tensors(path, before | (tensors or {}), described | metadata)


def truncated(folder):
    path = folder / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-9])


def corrupted(folder):
    path = folder / "checkpoint.safetensors"
    content = bytearray(path.read_bytes())
    content[4:40] = bytes(36)
    path.write_bytes(content)


def not_finite(folder):
    name, array = next(iter(checkpoint().arrays.items()))
    array.flat[0] = np.nan
    rewritten(folder / "checkpoint.safetensors", {name: array})


def swapped(folder):
    shutil.copy(folder / "masks.safetensors", folder / "checkpoint.safetensors")


def wrong_version(folder):
    rewritten(folder / "checkpoint.safetensors", format=FORMAT + 1)


def other_members(folder):
    rewritten(folder / "checkpoint.safetensors", replicates=[1, 2])


def of_another_network(folder):
    other = checkpoint([{"kind": "linear", "units": 9}, {"kind": "linear", "units": 4}])
    shapes = {layer.name: (3, *layer.shape) for layer in other.network.weighted}
    bits = selection.pack({f"snr/global/{k}": np.ones(shape, bool) for k, shape in shapes.items()})
    files.write_tensors(folder / "masks.safetensors", bits, {"replicates": [1, 2, 3]})


def of_other_replicates(folder):
    rewritten(folder / "masks.safetensors", replicates=[4, 5, 6])


def not_there(folder):
    (folder / "checkpoint.safetensors").unlink()


def a_folder(folder):
    not_there(folder)
    (folder / "checkpoint.safetensors").mkdir()


def too_large_a_header(folder):
    header = (
        b'{"1.weight":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}'
    )
    path = folder / "checkpoint.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(64))


FILES = {
    "truncated checkpoint": (truncated, r"checkpoint\.safetensors: not a readable safetensors"),
    "corrupted checkpoint": (corrupted, r"checkpoint\.safetensors: not a readable safetensors"),
    "checkpoint with NaN": (not_finite, r"checkpoint\.safetensors: damaged .* expected finite"),
    "swapped checkpoint": (swapped, r"checkpoint\.safetensors: checkpoint of format None, exp"),
    "wrong-version checkpoint": (wrong_version, rf"of format {FORMAT + 1}, expected {FORMAT}"),
    "checkpoint of other members": (other_members, r"expected finite numbers of 2 members"),
    "mask of another network": (of_another_network, r"masks\.safetensors: masks of another netw"),
    "mask of other replicates": (of_other_replicates, r"masks of replicates \[4, 5, 6\], without"),
    "unreadable path": (not_there, r"checkpoint\.safetensors"),
    "a folder for a file": (a_folder, r"checkpoint\.safetensors"),
    "header of 10^12 numbers": (too_large_a_header, r"checkpoint\.safetensors: not a readable"),
}


@pytest.mark.parametrize(("spoil", "message"), FILES.values(), ids=FILES)
def test_files_of_the_run(made, spoil, message):
    spoil(made)
    told = evaluated(made)
    assert re.search(message, told), told


def test_a_table_with_a_missing_column(tmp_path):
    from tests.helpers.evaluations import dense, record

    scores = table.assemble([record(dense())]).drop(columns="nll")
    table.write_parquet(scores, tmp_path / "scores.parquet")
    table.write_csv(table.of_noise_checks([]), tmp_path / "noise.csv")
    table.write_csv(table.of_diverged([]), tmp_path / "diverged.csv")
    given = ["--noise-table", tmp_path / "noise.csv", "--diverged", tmp_path / "diverged.csv"]
    given += ["--claims", ROOT / "workflow/resources/claims.yaml", "--studies", "graves"]
    given += ["--looks", json.dumps(CONFIG["verdicts"]), "--designs", report.designs(CONFIG)]
    given += ["--record", tmp_path / "declarations.json", "--parts-output", "y.csv"]
    told = script("claims", "--table", tmp_path / "scores.parquet", *given, "--output", "x.csv")
    assert re.search(r"scores\.parquet: table of scores breaks its schema: .*nll", told), told


def test_k_that_keeps_nothing_in_a_layer_is_flagged(made, capsys):
    fitted = checkpoint(posterior=True)
    shapes = {layer.name: layer.shape for layer in fitted.network.weighted}
    ranks = {name: np.ones((3, *shape), np.float32) for name, shape in shapes.items()}
    last = list(shapes)[-1]
    ranks[last] *= 0
    path = made / "scores.safetensors"
    arrays = {f"snr/{name}": values for name, values in ranks.items()}
    files.write_tensors(path, arrays, {"replicates": [1, 2, 3]})
    given = [
        "--level",
        "0.50",
        "--selection",
        "exact_k",
        "--arms",
        '[["snr", "global", 0]]',
        "--rounding",
        "nearest",
    ]
    given += ["--study", "s", "--seed", "1", "--output", made / "flagged.safetensors"]
    with as_script("prune", "--scores", path, *given) as prune:
        runpy.run_path(prune, run_name="__main__")
    line = f"snr/global: nothing is kept in layer {last} of replicates [1, 2, 3]\n"
    assert line in capsys.readouterr().err


# Through Snakemake.


def test_a_rule_ends_with_one_line(fresh):
    np.savez(fresh.root / "own.npz", images=UNIT * 2, labels=LABELS)
    config = fresh.config()
    config["sources"] = {"mine": ["file:own.npz"]}
    config["datasets"] = {"digits": {"source": "mine", "test": 6, "seed": 1}}
    fresh.configure(config)

    done = fresh.snakemake("data/digits/train.safetensors")

    assert done.status == 1
    assert "Traceback" not in done.output
    [line] = (
        (fresh.root / "data/digits/logs/prepare.log").read_text().split("\n", 1)[1].splitlines()
    )
    assert line.startswith("prepare.py failed: own.npz: ")
    assert "from 0.0 to 2.0" in line
    assert line in done.output  # Snakemake shows the log of what failed
    assert fresh.files("data") == {"data/digits/logs/prepare.log"}


@pytest.mark.parametrize("name", ["config.yaml", "mine.yaml"])
def test_settings_that_are_no_utf_8(fresh, name):
    path = fresh.root / name
    with path.open("ab") as opened:
        opened.write(b"\n# caf\xe9\n")
    if name == "config.yaml":
        done = fresh.run(sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run")
    else:  # which Snakemake itself would answer with a traceback
        done = fresh.make("dry-run", f"CONFIG={name}")

    assert done.status != 0
    assert "Traceback" not in done.output
    lines = [line for line in done.output.splitlines() if "found bytes that are not UTF-8" in line]
    assert len(lines) == 1
    assert name in lines[0]
    assert fresh.files("results") == set()
