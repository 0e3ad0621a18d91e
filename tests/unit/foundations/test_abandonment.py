"""A process goes on while somebody waits for it; with forks: tests/unit/running/test_forking.py."""

import socket

import pytest

from prunescape.foundations import abandonment


@pytest.fixture
def waiting(monkeypatch):
    monkeypatch.setattr(abandonment, "_waiting", None)
    here, there = socket.socketpair()
    with here, there:
        abandonment.watch(here)
        yield there


def test_a_process_for_which_nobody_stands_in_goes_on(monkeypatch):
    monkeypatch.setattr(abandonment, "_waiting", None)
    abandonment.end_if_abandoned()


def test_a_process_goes_on_while_its_script_is_there_silent_or_not(waiting):
    abandonment.end_if_abandoned()
    waiting.sendall(b"\x02")  # a signal that the server is to hand on
    abandonment.end_if_abandoned()
    abandonment.end_if_abandoned()


def test_a_process_ends_once_its_script_has_ended(waiting):
    waiting.close()
    with pytest.raises(SystemExit, match="nobody waits for this process any more"):
        abandonment.end_if_abandoned()
