import hashlib
import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from prunescape.foundations import files
from tests.helpers.places import WORKFLOW

TENSORS = {
    "1.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "mask": np.array([[7, 255, 0]], dtype=np.uint8),
    "features": np.array([3, 1, 60], dtype=np.int64),
    "noise": np.array([1 / 3, -0.0, 1e-300]),
    "kept": np.array([True, False]),
    "nothing": np.empty((2, 0), dtype=np.float32),
}
METADATA = {
    "format": 1,
    "layers": [{"kind": "linear", "units": 10, "bias": False}],
    "image": [1, 28, 28],
    "replicates": [1, 2, 3],
    "fitted_on": {"train": "ab", "validation": "cd"},
    "note": 'a "quoted" µ',
    "none": None,
}


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield 0o027
    os.umask(before)


def safetensors(header, data=b""):
    """Return the bytes of a safetensors file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text("old")

    def fail():
        with files.replacing(path) as temporary:
            temporary.write_text("half of the n")
            assert path.read_text() == "old"
            assert temporary.parent == tmp_path  # a rename within one file system
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_succeeds_replaces_the_file_and_makes_its_folders(tmp_path):
    path = tmp_path / "a" / "b" / "0.90" / "rows.json"
    for text in ("first", "second"):
        with files.replacing(path) as temporary:
            assert temporary.suffix == ".json"  # writers choose a format by it
            temporary.write_text(text)
        assert path.read_text() == text
        assert list(path.parent.iterdir()) == [path]


def test_what_a_killed_writer_left_is_removed_when_the_file_is_written_again(tmp_path):
    path = tmp_path / "scores.csv"
    kill = "from prunescape.foundations import files\n"
    kill += f"with files.replacing({str(path)!r}) as temporary:\n"
    kill += "    temporary.write_text('half')\n    import os; os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", kill], cwd=WORKFLOW, check=False)
    [left] = tmp_path.iterdir()
    assert left.name.startswith(".scores.csv.")
    others = [tmp_path / ".scores.csv.swp", tmp_path / ".scores.csv.abcdefgh.json"]
    for other in others:
        other.touch()

    with files.replacing(path) as temporary:
        assert not left.exists()
        files.write_text(path, "of another writer")  # who leaves what is being written
        temporary.write_text("whole")

    assert path.read_text() == "whole"
    assert sorted(tmp_path.iterdir()) == sorted([path, *others])


@pytest.mark.parametrize("kind", ["txt", "csv", "parquet", "safetensors"])
def test_what_the_system_refuses_to_write_is_named(tmp_path, kind):
    path = tmp_path / f"scores.{kind}"
    code = f"""
import resource, signal
import numpy as np, pandas as pd
from prunescape.evaluation import table
from prunescape.foundations import files
numbers = np.random.default_rng(0).random(9000)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))
write = {{
    "txt": lambda: files.write_text({str(path)!r}, "x" * 9001),
    "csv": lambda: table.write_csv(pd.DataFrame({{"a": numbers}}), {str(path)!r}),
    "parquet": lambda: table.write_parquet(pd.DataFrame({{"a": numbers}}), {str(path)!r}),
    "safetensors": lambda: files.write_tensors({str(path)!r}, {{"a": numbers}}, {{}}),
}}
try:
    write[{kind!r}]()
except OSError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=WORKFLOW, capture_output=True, text=True, check=True
    )

    assert done.stdout == f"[Errno 27] File too large: '{path}'\n"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_written_to_is_named_by_the_file(tmp_path, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied", "a temporary name")

    monkeypatch.setattr(files.tempfile, "mkstemp", refuse)
    with pytest.raises(PermissionError, match=r"Permission denied: '.*/rows\.json'$"):
        files.write_text(tmp_path / "rows.json", "x")


def test_a_writer_that_renames_onto_its_temporary_name_is_fine(tmp_path):
    path = tmp_path / "figure.png"
    with files.replacing(path) as temporary:
        other = temporary.with_name("other")
        other.write_text("drawn")
        other.replace(temporary)
    assert path.read_text() == "drawn"
    assert list(tmp_path.iterdir()) == [path]


def test_files_are_as_readable_as_the_umask_says(tmp_path, umask):
    files.write_text(tmp_path / "a.txt", "x")
    files.write_tensors(tmp_path / "a.safetensors", TENSORS, {})
    for path in tmp_path.iterdir():
        assert path.stat().st_mode & 0o777 == 0o640
    assert os.umask(umask) == umask  # and the umask is what it was


def test_a_file_on_a_share_without_modes_is_written(tmp_path, monkeypatch):
    def refused(path, *_, **__):
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(os, "chmod", refused)
    files.write_text(tmp_path / "a.txt", "x")
    assert (tmp_path / "a.txt").read_text() == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_text_is_utf8_and_its_line_ends_stay(tmp_path):
    files.write_text(tmp_path / "a.txt", "σ = 1\nµ = 0\n")
    assert (tmp_path / "a.txt").read_bytes() == "σ = 1\nµ = 0\n".encode()


def test_json_round_trip(tmp_path):
    value = {"b": [1, 2.5, None, True], "a": {"µ": 1e-300, "third": 1 / 3}}
    files.write_json(tmp_path / "a.json", value)
    back = files.read_json(tmp_path / "a.json")
    assert back == value
    assert list(back) == ["b", "a"]
    assert (tmp_path / "a.json").read_text().endswith("}\n")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_json_has_no_nan(tmp_path, number):
    path = tmp_path / "rows.json"
    files.write_json(path, [1])
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(path, {"rows": [{"nll": number}]})
    assert files.read_json(path) == [1]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b'{"rows": [1, 2', b"\xff\xfe\x00", b"[1] [2]"])
def test_what_is_not_json_is_named(tmp_path, content):
    path = tmp_path / "rows.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"rows\.json: not a JSON file"):
        files.read_json(path)


def test_tensors_round_trip(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    files.write_tensors(path, TENSORS, METADATA)
    tensors, metadata = files.read_tensors(path)
    assert metadata == METADATA
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        assert tensors[name].shape == tensor.shape
        assert tensors[name].tobytes() == tensor.tobytes()
    assert list(tmp_path.iterdir()) == [path]


def test_views_are_stored_as_they_read(tmp_path):
    path = tmp_path / "views.safetensors"
    weight = TENSORS["1.weight"]
    views = {
        "transposed": weight.swapaxes(1, 2),
        "strided": weight[:, ::2],
        "reversed": weight[::-1],
        "broadcast": np.broadcast_to(weight[:1], (5, 3, 4)),
        "fortran": np.asfortranarray(weight),
    }
    files.write_tensors(path, views, {})
    tensors, metadata = files.read_tensors(path)
    assert metadata == {}
    for name, view in views.items():
        np.testing.assert_array_equal(tensors[name], view)


def test_a_scalar_stays_a_scalar(tmp_path):
    files.write_tensors(tmp_path / "a.safetensors", {"shift": np.array(0.5, np.float32)}, {})
    tensors, _ = files.read_tensors(tmp_path / "a.safetensors")
    assert tensors["shift"].shape == ()


def test_the_same_tensors_are_the_same_bytes(tmp_path):
    paths = [tmp_path / f"{number}.safetensors" for number in range(8)]
    for path in paths:
        files.write_tensors(path, dict(reversed(TENSORS.items())), METADATA)
    files.write_tensors(paths[0], TENSORS, dict(reversed(METADATA.items())))
    assert len({files.sha256(path) for path in paths}) == 1


TYPES = ["u8", "i8", "f8", "f4", "u4", "i4", "f2", "u2", "i2", "i1", "u1", "?"]


class InThrees:
    """Rows of an array, three at a time."""

    def __init__(self, array):
        self._array, self.shape, self.dtype = array, array.shape, array.dtype

    def chunks(self):
        for first in range(0, len(self._array), 3):
            yield self._array[first : first + 3]


def test_the_bytes_are_those_of_safetensors(tmp_path):
    path, generator = tmp_path / "a.safetensors", np.random.default_rng(1)
    metadata = {"names": ['"a"', "b\\", "ü\n", "\x07\x7f"], "numbers": [1, 2.5]}
    header = {"prunescape": json.dumps(metadata, sort_keys=True)}
    shapes = [(), (1,), (0, 3), (2, 3), (7, 1, 2)]
    every = {
        f"{letter}{kind}/ü": np.asarray(generator.integers(0, 2, shape)).astype(kind)
        for kind in TYPES
        for letter, shape in zip("caebd", shapes, strict=True)
    }
    alone = [{name: values} for name, values in every.items()]
    for tensors in [every, {}, *alone]:
        files.write_tensors(path, tensors, metadata)
        assert path.read_bytes() == save(tensors, header)
    big_endian = {
        name: values.astype(values.dtype.newbyteorder(">")) for name, values in every.items()
    }
    files.write_tensors(path, big_endian, metadata)
    assert path.read_bytes() == save(every, header)
    chunked = {"a": InThrees(every["di8/ü"]), "b": every["bf4/ü"]}
    files.write_tensors(path, chunked, metadata)
    assert path.read_bytes() == save({"a": every["di8/ü"], "b": every["bf4/ü"]}, header)


def test_mapped_tensors_are_those_that_are_read_and_stay_as_they_were(tmp_path):
    path = tmp_path / "a.safetensors"
    tensors = TENSORS | {kind: np.ones((2, 3), kind) for kind in TYPES}
    tensors |= {"empty": np.zeros((0, 3)), "scalar": np.array(0.5)}
    files.write_tensors(path, tensors, METADATA)
    read, metadata = files.read_tensors(path)
    mapped, same = files.map_tensors(path)
    assert metadata == same == METADATA
    assert mapped.keys() == read.keys()
    files.write_tensors(path, {"a": np.zeros(100_000)}, {})
    for name, array in mapped.items():
        assert isinstance(array, np.memmap) or not array.size
        assert (array.dtype, array.shape) == (read[name].dtype, read[name].shape)
        assert array.tobytes() == read[name].tobytes()
        assert not array.flags.writeable


def test_a_type_that_numpy_does_not_have_is_not_mapped(tmp_path):
    path = tmp_path / "a.safetensors"
    entry = {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}
    path.write_bytes(safetensors({"a": entry}, bytes(4)))
    with pytest.raises(ValueError, match=r"a\.safetensors: .* type that numpy does not have: BF16"):
        files.map_tensors(path)


def test_a_truncated_file_is_named(tmp_path):
    whole, path = tmp_path / "whole.safetensors", tmp_path / "cut.safetensors"
    files.write_tensors(whole, TENSORS, METADATA)
    content = whole.read_bytes()
    for size in [*range(0, len(content), 37), len(content) - 1]:
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"cut\.safetensors: not a readable safetensors file"):
            files.read_tensors(path)
        with pytest.raises(ValueError, match=r"cut\.safetensors: not a readable safetensors file"):
            files.map_tensors(path)


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 a zip file, as torch.save writes, or anything else of some length",
        b"\x80\x04\x95 a pickle",
        bytes(100),
        b"\xff" * 100,
        safetensors(b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]'),
        safetensors({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, bytes(4)),
        safetensors({"a": {"dtype": "X9", "shape": [2], "data_offsets": [0, 8]}}, bytes(8)),
        safetensors({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, bytes(9)),
        safetensors({"__metadata__": {"prunescape": "pt"}}),
        # A type that numpy does not have.
        pytest.param(
            safetensors({"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}, bytes(4))
        ),
    ],
    ids=[
        "zip",
        "pickle",
        "zeros",
        "ones",
        "header cut",
        "less data than stated",
        "unknown type",
        "more data than stated",
        "metadata not JSON",
        "bfloat16",
    ],
)
def test_a_file_of_another_format_is_named(tmp_path, content):
    path = tmp_path / "foreign.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"foreign\.safetensors: not a readable safetensors file"):
        files.read_tensors(path)


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    for read in (files.read_tensors, files.read_json, files.sha256):
        with pytest.raises(FileNotFoundError, match="nowhere"):
            read(tmp_path / "nowhere")


def test_a_file_of_another_program_has_no_metadata_of_ours(tmp_path):
    path = tmp_path / "foreign.safetensors"
    path.write_bytes(safetensors({"__metadata__": {"format": "pt"}}))
    assert files.read_tensors(path) == ({}, {})


def test_objects_are_never_pickled(tmp_path):
    with pytest.raises(ValueError, match="an array of object, expected numbers"):
        files.write_tensors(tmp_path / "a.safetensors", {"a": np.array([{}])}, {})
    assert list(tmp_path.iterdir()) == []


def test_sha256(tmp_path):
    path = Path(tmp_path / "abc")
    path.write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert files.sha256(path) == files.sha256(str(path)) == known
    path.write_bytes(b"x" * 3_000_000)
    assert files.sha256(path) == hashlib.sha256(b"x" * 3_000_000).hexdigest()


def test_some_arrays_alone_are_read(tmp_path):
    files.write_tensors(tmp_path / "it", TENSORS, METADATA)
    arrays, metadata = files.read_tensors(tmp_path / "it", "no")
    assert arrays.keys() == {"noise", "nothing"}
    assert metadata == METADATA
