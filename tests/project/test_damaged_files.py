"""Damaged files of every kind: their reader says so in one line, and takes little memory.

Each reader is given what it should read, cut off, with bytes changed, and with bytes of any kind.
It either reads a file or raises ValueError or OSError; an address space of two gigabytes more than
the tests have is all that it may ask for. A file of each kind would run code if it were unpickled.
"""

import gzip
import io
import json
import pickle
import resource
import struct
import tarfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.io
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from pyarrow import parquet

from prunescape.configuration import reading
from prunescape.data import datasets, own_images, sources, torchvision_collections
from prunescape.evaluation import table
from prunescape.exports import loading
from prunescape.fitting import divergence
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.foundations import csv_files, files
from prunescape.pipeline import appended_file
from prunescape.pipeline.replicates import CHECK
from prunescape.pruning import arm_masks, selection
from prunescape.verdicts import claim_files, declarations
from tests.helpers.evaluations import dense, record, row
from tests.helpers.factories import checkpoint
from tests.helpers.places import ROOT

MORE = 2 << 30
FITTED = checkpoint([{"kind": "linear", "units": 4, "bias": False}])
SHAPES = {"1": (4, 64)}


LABELS = np.arange(12) % 3
IMAGES = np.arange(12 * 16, dtype=np.uint8).reshape(12, 4, 4)


class Bomb:
    """What unpickling would run."""

    def __reduce__(self):
        return exec, ("raise SystemExit('executed')",)


@pytest.fixture(scope="module", autouse=True)
def little_memory():
    """Let no reader take gigabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    most = pages * resource.getpagesize() + MORE
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


# Whole files, as bytes.


def written(write, name="file"):
    """Return what `write` writes to a path."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        write(path)
        return path.read_bytes()


def npz():
    opened = io.BytesIO()
    np.savez_compressed(opened, images=IMAGES, labels=LABELS)
    return opened.getvalue()


def tabular(write):
    columns = {f"pixel{i}": IMAGES.reshape(12, 16)[:, i] for i in range(16)}
    return written(lambda path: write(pd.DataFrame(columns | {"class": LABELS}), path))


def hugging_face(frame, path):
    """Write pictures and labels as Hugging Face does."""
    images = [{"bytes": png(image), "path": None} for image in IMAGES]
    parquet.write_table(pa.table({"image": images, "label": LABELS}), path)


def png(image):
    opened = io.BytesIO()
    Image.fromarray(image).save(opened, "png")
    return opened.getvalue()


def gif():
    opened = io.BytesIO()
    Image.fromarray(IMAGES[0]).save(opened, "gif", transparency=0)
    return opened.getvalue()


def photograph():
    opened = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(IMAGES[0]).save(opened, "jpeg", exif=exif)
    return opened.getvalue()


def matlab():
    opened = io.BytesIO()
    arrays = {"X": np.moveaxis(IMAGES, 0, 2), "y": LABELS + 1}
    scipy.io.savemat(opened, arrays, do_compression=True)
    return opened.getvalue()


def hdf5():
    def write(path):
        with h5py.File(path, "w") as opened:
            opened.create_dataset("images", data=IMAGES, chunks=True, compression="gzip")
            opened.create_dataset("labels", data=LABELS)

    return written(write)


def idx(shape):
    head = bytes([0, 0, 8, len(shape)]) + b"".join(struct.pack(">I", each) for each in shape)
    return head + bytes(int(np.prod(shape)))


def digits():
    lines = [",".join(["3"] * 64 + [str(n % 10)]) for n in range(12)]
    return gzip.compress("\n".join(lines).encode())


def tensors():
    arrays = {"images": IMAGES[:, None], "labels": LABELS}
    described = {"dataset": "d", "split": "test", "source": "s", "classes": 3}
    return written(lambda path: files.write_tensors(path, arrays, described))


def packed():
    bits = selection.pack({"snr/global/1": np.ones((3, 4, 64), bool)})
    return written(lambda path: files.write_tensors(path, bits, {"replicates": [1, 2, 3]}))


def archive():
    opened = io.BytesIO()
    with tarfile.open(fileobj=opened, mode="w:gz") as made:
        for name in ("test_batch.bin", "data_batch_1.bin"):
            member = tarfile.TarInfo(name)
            member.size = 100
            made.addfile(member, io.BytesIO(bytes(100)))
    return opened.getvalue()


def exported():
    return json.dumps({"format": 1, "layers": [], "image": [1, 2, 2], "origin": {}}).encode()


def exported_module():
    described = {"format": 1, "module": "none.py:Net", "code": {}, "image": [1, 2, 2]}
    described |= {"scaling": {"mean": 0.5, "std": 0.5, "dtype": "float32"}, "added": []}
    return json.dumps(described | {"origin": {}, "without_onnx": ""}).encode()


CONFIG = b"run: a\nstudies: [graves]\ncatalogue:\n  graves: {dataset: mnist, levels: ['0.5']}\n"
CLAIM = b"""- id: g1
  study: graves
  origin: paper
  source: somewhere
  statement: "It holds."
  statistic: {measure: accuracy, of: {criterion: none}, minus: {criterion: snr, level: "0.90"}}
  comparison: "<="
  margin: 1.0
"""
SCORES = table.assemble([record(dense(), row())])


def own(name):
    """Return a reader of images of the user's own that takes the path for a file of that name."""
    return lambda path: own_images.read(path.rename(path.with_name(name)))


def own_arrays(path):
    """Read the path as one of two arrays beside each other."""
    np.save(path.with_name("labels.npy"), LABELS)
    return own_images.read(path.rename(path.with_name("images.npy")))


def own_picture(path):
    """Read the path as one of many pictures."""
    folder = path.with_name("pictures")
    for label in range(2):
        (folder / str(label)).mkdir(parents=True)
        for number, image in enumerate(IMAGES):
            Image.fromarray(image).save(folder / str(label) / f"{number}.png")
    path.rename(folder / "0" / "another.png")
    return own_images.read(folder)


def raw_images(path):
    """Read the path as one of the four files of MNIST's kind, beside three that are whole."""
    names = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in KINDS]
    paths = [path.with_name(name) for name in names]
    for each, kind in zip(paths, [*KINDS, *KINDS], strict=True):
        each.write_bytes(idx((12, 4, 4) if "images" in kind else (12,)))
    path.rename(paths[0])
    return datasets.read_raw(paths)


KINDS = ("images-idx3", "labels-idx1")


def raw_digits(path):
    return datasets.read_raw([path.rename(path.with_name("digits.csv.gz"))])


def raw_packed(path):
    """Take a file of a source from a folder."""
    final = path.with_name("out") / "digits.csv.gz"
    return sources._place("digits", path.rename(path.with_name("digits.csv.gz")), final)


def members(path):
    return torchvision_collections._guarded(torchvision_collections._members, path)


def unpacked(path):
    return sources._unpack(path, path.parent, [Path("digits.csv")])


def portable(path):
    files.write_tensors(path.with_suffix(".safetensors"), {"scaling.shift": np.zeros(1)}, {})
    path.rename(path.with_suffix(".json"))
    return loading.load(path)


def portable_module(path):
    return portable(path)


def parquet_table():
    return written(lambda path: table.write_parquet(SCORES, path))


def csv():
    return written(lambda path: table.write_csv(SCORES, path))


def diverged():
    return (",".join(divergence.COLUMNS) + "\ns,d,n,f,1,2,3,nan,0.5,rate,c\n").encode()


def appended():
    row = dict.fromkeys(CHECK, "a")
    return json.dumps([{"first": 6, "last": 10, "rows": [row]}]).encode()


READERS = {
    "own data, npz": (own("own.npz"), npz()),
    "own data, safetensors": (own("own.safetensors"), tensors()),
    "own data, npy": (own_arrays, written(lambda path: np.save(path, IMAGES), "file.npy")),
    "own data, csv": (own("own.csv"), tabular(lambda t, path: t.to_csv(path, index=False))),
    "own data, csv.gz": (
        own("own.csv.gz"),
        tabular(lambda t, path: t.to_csv(path, index=False, compression="gzip")),
    ),
    "own data, parquet": (own("own.parquet"), tabular(lambda t, path: t.to_parquet(path))),
    "own data, pictures in parquet": (own("own.parquet"), tabular(hugging_face)),
    "own data, mat": (own("own.mat"), matlab()),
    "own data, hdf5": (own("own.h5"), hdf5()),
    "picture, png": (own_picture, png(IMAGES[0])),
    "picture, gif": (own_picture, gif()),
    "picture, jpeg": (own_picture, photograph()),
    "raw images": (raw_images, idx((12, 4, 4))),
    "raw digits": (raw_digits, digits()),
    "raw file of a folder": (raw_packed, digits()),
    "archive of a package": (unpacked, archive()),
    "archive of a collection": (members, archive()),
    "split": (lambda path: datasets.load([path]), tensors()),
    "checkpoint": (
        lambda path: Checkpoint.load(str(path)),
        written(lambda path: FITTED.save(str(path))),
    ),
    "masks": (lambda path: arm_masks.read(path, SHAPES), packed()),
    "export": (portable, exported()),
    "export of a module": (portable_module, exported_module()),
    "evaluation": (
        lambda path: list(table.rows([files.read_json(path)])),
        json.dumps(record(row())).encode(),
    ),
    "table, parquet": (table.read_parquet, parquet_table()),
    "table, csv": (table.read_csv, csv()),
    "divergences": (divergence.read, diverged()),
    "other tables": (lambda path: csv_files.read(path, ["a", "b"]), b"a,b\n1,2\n"),
    "claims": (claim_files.read, CLAIM),
    "declarations": (declarations.read_record, b'{"graves": {"alpha": 0.05, "looks": [5, 10]}}'),
    "appended replicates": (appended_file.read, appended()),
    "settings": (reading.read, CONFIG),
}


@st.composite
def damages(draw):
    """Return a function that damages bytes."""
    kind = draw(st.sampled_from(["cut", "changed", "random", "inserted"]))
    numbers = draw(st.lists(st.integers(0, 2**20), min_size=1, max_size=6))
    noise = draw(st.binary(min_size=1, max_size=64))

    def damage(whole):
        if kind == "cut":
            return whole[: numbers[0] % len(whole)]
        if kind == "random":
            return noise
        if kind == "inserted":
            place = numbers[0] % len(whole)
            return whole[:place] + noise + whole[place:]
        content = bytearray(whole)
        for number, byte in zip(numbers, noise * 6, strict=False):
            content[number % len(content)] = byte
        return bytes(content)

    return damage


def read(reader, content, folder):
    """Let a reader read content; its own error is one line."""
    folder.mkdir()
    path = folder / "file"
    path.write_bytes(content)
    told = ""
    try:
        reader(path)
    except (ValueError, OSError) as error:
        told = str(error)
    assert "\n" not in told
    assert len(told) < 5000


@pytest.mark.parametrize(("reader", "whole"), READERS.values(), ids=READERS)
def test_a_damaged_file_is_one_line(tmp_path, reader, whole):
    count = iter(range(10**6))

    @settings(max_examples=8)
    @given(damages())
    @example(lambda whole: b"")
    @example(lambda whole: pickle.dumps(Bomb()))
    @example(lambda whole: b"[" * 500)
    @example(lambda whole: b"\xff\xfe" + whole)
    def damaged(damage):
        read(reader, damage(whole), tmp_path / str(next(count)))

    damaged()


@pytest.mark.parametrize(("reader", "whole"), READERS.values(), ids=READERS)
def test_the_whole_file_is_read(tmp_path, reader, whole):
    path = tmp_path / "file"
    path.write_bytes(whole)
    if reader is raw_packed:  # which knows the checksum of what it is to find
        with pytest.raises(ValueError, match=r"has not the bytes of digits's digits\.csv\.gz"):
            reader(path)
    elif reader is portable:
        with pytest.raises(ValueError, match=r"exported network without 'scaling\.scale'"):
            reader(path)
    elif reader is portable_module:
        with pytest.raises(ValueError, match=r"none\.py can't be read"):
            reader(path)
    else:
        reader(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=20)
@given(st.sampled_from(["layers", "image", "replicates", "fitted_on", "arms", "diverged"]), JSON)
def test_metadata_of_any_kind_in_a_checkpoint(tmp_path_factory, key, value):
    path = tmp_path_factory.mktemp("fuzz") / "checkpoint"
    FITTED.save(str(path))
    arrays, metadata = files.read_tensors(path)
    files.write_tensors(path, arrays, metadata | {key: value})
    told = str(path)
    try:
        Checkpoint.load(str(path))
    except (ValueError, OSError) as error:
        told = str(error)
    assert str(path) in told
    assert "\n" not in told


def test_headers_that_promise_terabytes(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }\n"
    array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    import zipfile

    with zipfile.ZipFile(tmp_path / "own.npz", "w") as opened:
        opened.writestr("images.npy", array)
    with pytest.raises(ValueError, match=r"own\.npz: .*shape \(1000000000000,\) in \d+ bytes"):
        own_images.read(tmp_path / "own.npz")
    head = b'{"1.weight":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}'
    (tmp_path / "own.safetensors").write_bytes(struct.pack("<Q", len(head)) + head)
    with pytest.raises(ValueError, match=r"own\.safetensors: not a readable safetensors file"):
        own_images.read(tmp_path / "own.safetensors")
    (tmp_path / "idx").write_bytes(bytes([0, 0, 8, 3]) + b"\xff" * 12)
    with pytest.raises(ValueError, match=r"\d+ bytes, expected \d{20,} for the shape"):
        raw_images(tmp_path / "idx")


def test_members_of_an_archive_stay_in_their_folder(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "digits.csv"
    inside.mkdir()
    with tarfile.open(tmp_path / "evil.tar", "w") as made:
        for name in ("../digits.csv", "/digits.csv", f"{outside}", "a/../../digits.csv"):
            member = tarfile.TarInfo(name)
            member.size = 4
            made.addfile(member, io.BytesIO(b"evil"))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            link = tarfile.TarInfo("digits.csv.gz")
            link.type, link.linkname = kind, str(outside)
            made.addfile(link)
        device = tarfile.TarInfo("digits.csv.gz")
        device.type = tarfile.FIFOTYPE
        made.addfile(device)

    sources._unpack(tmp_path / "evil.tar", inside, [Path("digits.csv")])

    assert [path.name for path in inside.iterdir()] == ["digits.csv"]
    assert not (inside / "digits.csv").is_symlink()
    assert not outside.exists()
    assert torchvision_collections._members(tmp_path / "evil.tar") == {"digits.csv": b"evil"}


def test_nothing_in_the_sources_unpickles_but_the_converter():
    root = ROOT
    for folder in ("workflow", "tools", "bench"):
        for path in (root / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            assert "import pickle" not in text, path
            assert ("torch.load(" in text) == (path.name == "convert.py"), path
            assert text.count("torch.load(") == text.count(", weights_only=True)"), path
            assert "allow_pickle=True" not in text, path
            assert text.count("np.load(") == text.count("allow_pickle=False"), path
            assert "extractall(" not in text, path
            assert "yaml.load(" not in text or "SafeLoader" in text, path
            assert "shell=True" not in text, path
