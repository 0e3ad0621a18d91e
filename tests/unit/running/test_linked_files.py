"""A run that writes its logs leaves what they were linked to alone."""

import os

import pytest

from prunescape.running import linked_files


@pytest.fixture
def cached(tmp_path):
    """An object of a cache, read-only as DVC leaves it."""
    path = tmp_path / "cache" / "ab" / "cdef"
    path.parent.mkdir(parents=True)
    path.write_text("old")
    path.chmod(0o444)
    return path


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_link_becomes_a_writable_copy(cached, tmp_path, link):
    log = tmp_path / "logs" / "study" / "train.log"
    log.parent.mkdir(parents=True)
    link(cached, log)
    os.utime(cached, ns=(10**18, 10**18))

    assert linked_files.separate([tmp_path / "logs"]) == 1

    assert not log.is_symlink()
    assert log.read_text() == "old"
    assert (log.stat().st_nlink, log.stat().st_mtime_ns) == (1, 10**18)
    assert log.stat().st_mode & 0o200
    log.write_text("new")
    assert cached.read_text() == "old"
    assert linked_files.separate([tmp_path / "logs"]) == 0
    assert list(log.parent.iterdir()) == [log]


def test_a_read_only_log_can_be_written_again(tmp_path):
    (tmp_path / "a.log").write_text("old")
    (tmp_path / "a.log").chmod(0o444)
    (tmp_path / "b.log").write_text("old")

    assert linked_files.separate([tmp_path]) == 1

    assert (tmp_path / "a.log").stat().st_mode & 0o777 == 0o644


def test_a_link_that_leads_nowhere_goes_and_no_folder_is_needed(tmp_path):
    (tmp_path / "a.log").symlink_to(tmp_path / "gone")

    assert linked_files.separate([tmp_path, tmp_path / "none"]) == 1

    assert not (tmp_path / "a.log").is_symlink()
