import hashlib
import os
import time

import pytest

from prunescape.data import web
from tests.helpers import servers

NAME = "file.gz"
CONTENT = os.urandom(3000)
MD5 = hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def server():
    with servers.running({NAME: CONTENT}) as server:
        yield server


@pytest.fixture
def part(tmp_path):
    return tmp_path / f"{NAME}.part"


def download(server, folder, part):
    """Download the file from a folder of the server; return the ranges that were asked for."""
    web.download(f"{server.address(folder)}{NAME}", part, MD5)
    assert part.read_bytes() == CONTENT
    return [span for _, _, span in server.asked]


def test_part_of_an_earlier_run_is_resumed(server, part):
    part.write_bytes(CONTENT[:1234])
    assert download(server, "good", part) == ["bytes=1234-"]


@pytest.mark.parametrize("folder", ["good", "rangeless"])
@pytest.mark.parametrize("kind", ["whole", "foreign", "foreign and longer"])
def test_odd_parts_of_an_earlier_run(server, part, folder, kind):
    odd = {"whole": CONTENT, "foreign": b"x" * 50, "foreign and longer": CONTENT + b"x"}
    part.write_bytes(odd[kind])
    asked = download(server, folder, part)
    assert len(asked) == (0 if kind == "whole" else 1 if folder == "rangeless" else 2)


def test_what_came_before_a_connection_broke_stays(server, part):
    with pytest.raises(ConnectionError, match=f"{NAME} broke off {web.ATTEMPTS} times"):
        download(server, "broken", part)
    came = part.read_bytes()
    assert len(CONTENT) / 2 < len(came) < len(CONTENT)
    assert CONTENT.startswith(came)


def test_a_wrong_file_is_removed(server, part):
    with pytest.raises(ValueError, match=f"{NAME} has not the MD5 {MD5}"):
        download(server, "corrupt", part)
    assert not part.exists()


def test_the_first_digits_of_another_checksum_do(server, part):
    digits = hashlib.sha256(CONTENT).hexdigest()[:8]
    web.download(f"{server.address('good')}{NAME}", part, digits, "sha256")
    assert part.read_bytes() == CONTENT
    with pytest.raises(ValueError, match=f"{NAME} has not the SHA256 {digits}"):
        web.download(f"{server.address('corrupt')}{NAME}", part.with_name("b"), digits, "sha256")
    assert not part.with_name("b").exists()


def test_silent_server_costs_little(server, part, monkeypatch):
    monkeypatch.setattr(web, "ANSWER", 0.2)
    begin = time.monotonic()
    with pytest.raises(TimeoutError, match=r"no answer within 0\.2 s"):
        download(server, "silent", part)
    assert time.monotonic() - begin < 2


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_digest_is_of_the_whole_file_or_none(part, algorithm):
    assert web.digest(part, algorithm) is None
    part.write_bytes(CONTENT)
    assert web.digest(part, algorithm) == hashlib.new(algorithm, CONTENT).hexdigest()
