"""The process that forks scripts: its start, its end, and what it won't do."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from prunescape.running import fork_server, forking
from tests.unit.running.test_forking import LIMIT, finished, script, start, wait_for

__all__ = ["script"]


@pytest.fixture(autouse=True)
def _python_of_the_tests(monkeypatch):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv(forking.VARIABLE, raising=False)


def test_it_ends_with_the_process_that_started_it(tmp_path):
    begin = f"""import os, sys
sys.path.insert(0, {str(fork_server.WORKFLOW)!r})
from prunescape.running import fork_server
print(fork_server.start({{}}).pid, flush=True)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", begin], capture_output=True, text=True)
    assert done.returncode == -9
    wait_for(lambda: not psutil.pid_exists(int(done.stdout)))


def test_at_its_end_it_waits_for_forks_but_takes_no_more(script):
    server = fork_server.start({})
    token = os.environ[forking.VARIABLE]
    process = start(script("print('at work', flush=True)\nprint(sys.stdin.read())"))
    assert process.stdout.readline() == "at work\n"

    server.stdin.close()

    def deaf():
        with socket.socket(socket.AF_UNIX) as tried:
            return tried.connect_ex(forking.address(token)) != 0

    wait_for(deaf)
    assert server.poll() is None
    assert process.communicate("finished", timeout=LIMIT) == ("finished\n", "")
    assert server.wait(LIMIT) == 0
    server.stdout.close()
    del os.environ[forking.VARIABLE]


def test_the_time_that_it_took_is_told(script):
    server = fork_server.start({})
    assert 0 < fork_server.end(server) < LIMIT
    assert forking.VARIABLE not in os.environ


def test_beside_a_library_s_thread_scripts_run_by_themselves(script, tmp_path, monkeypatch):
    (tmp_path / "threaded.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n",
        encoding="utf-8",
    )
    written = script("print('threaded' in sys.modules, os.getpid())")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    server = fork_server.start({str(written): [("threaded", [])]})
    process = start(written)
    output, errors = process.communicate(timeout=LIMIT)
    fork_server.end(server)
    assert (output, errors) == (f"False {process.pid}\n", "")


def test_a_library_that_can_t_be_imported_is_left_to_the_script(script):
    written = script("import no_such_library")
    server = fork_server.start({str(written): [("no_such_library", [])]})
    status, _, errors = finished(written)
    fork_server.end(server)
    assert status == 1
    assert errors.endswith("ModuleNotFoundError: No module named 'no_such_library'\n")


def test_without_python_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fork_server.start({}) is None
    assert forking.VARIABLE not in os.environ
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    assert fork_server.start({}) is None


def test_numbers_that_libraries_draw_differ_between_forks(script):
    written = script("import numpy\nprint(numpy.random.random())")
    server = fork_server.start({str(written): [("numpy", [])]})
    drawn = {finished(written)[1] for _ in range(3)}
    fork_server.end(server)
    assert len(drawn) == 3


def test_a_request_that_is_cut_off_harms_nobody(script):
    server = fork_server.start({})
    with socket.socket(socket.AF_UNIX) as cut:
        cut.connect(forking.address(os.environ[forking.VARIABLE]))
        cut.sendall(forking.LENGTH.pack(1000) + b"{")
    assert finished(script("print('next')"))[1] == "next\n"
    fork_server.end(server)


def test_what_libraries_import_at_first_use_is_there_in_them(script):
    modules = [module for later in fork_server._AT_FIRST_USE.values() for module in later]
    written = script(f"print([module for module in {modules!r} if module in sys.modules])")
    libraries = [(library, []) for library in fork_server._AT_FIRST_USE]
    server = fork_server.start({str(written): libraries})
    status, output, errors = finished(written)
    fork_server.end(server)
    assert (status, output, errors) == (0, f"{modules}\n", "")
