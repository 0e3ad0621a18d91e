"""A snapshot shared through real servers, on this machine's loopback alone."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.clones import Clone, content, failed

KEY, SECRET = "AKIDEXAMPLE", "not-a-secret"  # of a server that lives as long as a test


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, process.stderr.read()
        with socket.socket() as opened:
            if opened.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the server did not begin to listen")


def stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stderr.close()


def program(name: str) -> str:
    found = shutil.which(
        name,
        path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin"]),
    )
    if found is None:
        pytest.skip(f"{name} is not installed (make test-servers)")
    return found


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[list[tuple[str, ...]]]:
    """An SSH server with a throwaway key; the settings of a DVC remote on it."""
    server = program("sshd")
    folder = tmp_path / "ssh"
    folder.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True
        )
    shutil.copy(folder / "user.pub", folder / "authorized")
    (folder / "data").mkdir()
    port = free_port()
    settings = {
        "ListenAddress": "127.0.0.1",
        "Port": port,
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "authorized",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "PidFile": "none",
        "Subsystem": "sftp internal-sftp",
    }
    (folder / "config").write_text("".join(f"{k} {v}\n" for k, v in settings.items()))
    Path("/run/sshd").mkdir(exist_ok=True)
    process = subprocess.Popen(
        [server, "-D", "-e", "-f", str(folder / "config")],
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        wait_for(port, process)
        user = subprocess.check_output(["id", "-un"], text=True).strip()
        yield [
            ("add", "--default", "shared", f"ssh://{user}@127.0.0.1:{port}{folder / 'data'}"),
            ("modify", "shared", "keyfile", str(folder / "user")),
        ]
    finally:
        stop(process)


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[list[tuple[str, ...]]]:
    """An S3 server; the settings of a DVC remote on it."""
    server = program("rclone")
    if subprocess.run(
        [server, "serve", "s3", "--help"], capture_output=True, check=False
    ).returncode:
        pytest.skip("this rclone has no serve s3 (1.65 or later has)")
    (tmp_path / "s3" / "bucket").mkdir(parents=True)
    port = free_port()
    address = ("--addr", f"127.0.0.1:{port}", "--auth-key", f"{KEY},{SECRET}")
    process = subprocess.Popen(
        [server, "serve", "s3", *address, "--config", os.devnull, str(tmp_path / "s3")],
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        wait_for(port, process)
        yield [
            ("add", "--default", "shared", "s3://bucket/prunescape"),
            ("modify", "shared", "endpointurl", f"http://127.0.0.1:{port}"),
            ("modify", "shared", "access_key_id", KEY),
            ("modify", "shared", "secret_access_key", SECRET),
            ("modify", "shared", "region", "us-east-1"),
        ]
    finally:
        stop(process)


@pytest.mark.parametrize("kind", ["ssh", "s3"])
def test_a_snapshot_and_a_restore(request, unsaved, tmp_path, kind):
    settings = request.getfixturevalue(kind)
    configure(unsaved, settings)

    done = unsaved.snapshot("--commit")
    assert done.status == 0, done.output
    again = unsaved.snapshot("--commit")
    assert again.status == 0, again.output
    assert "nothing to commit" in again.output

    clone = unsaved.clone(tmp_path / "clone")
    configure(clone, settings)
    done = clone.versions("restore")
    assert done.status == 0, done.output
    assert clone.planned() == []
    assert content(clone.root / "results") == content(unsaved.root / "results")
    # Keys and secrets stay in files that git ignores.
    for place in (unsaved, clone):
        assert place.git("status", "--porcelain") == ""
        assert SECRET not in place.git("grep", "-h", "", "HEAD", "--", ".dvc")


def test_a_server_that_is_gone(unsaved, tmp_path):
    configure(
        unsaved,
        [
            ("add", "--default", "shared", f"ssh://nobody@127.0.0.1:{free_port()}/nowhere"),
            ("modify", "shared", "timeout", "5"),
        ],
    )
    failed(unsaved.snapshot("--commit"), "dvc push failed", "whole in this clone")
    assert unsaved.git("log", "--oneline").count("\n") == 1


def configure(clone: Clone, settings: list[tuple[str, ...]]) -> None:
    """Set a remote up in the file of DVC's settings that is not in git."""
    for what, *arguments in settings:
        done = clone.dvc("remote", what, "--local", *arguments)
        assert done.status == 0, done.output
