"""A script that a fork runs sees and leaves what it would by itself."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from prunescape.running import fork_server, forking

WORKFLOW = Path(forking.__file__).resolve().parents[2]
BEGIN = f"""import sys
sys.path.insert(0, {str(WORKFLOW)!r})
from prunescape.running import forking
forking.hand_over()
import json, os, signal, subprocess, time
"""
LIBRARY = "wsgiref.util"  # what a script imports that nothing else does
LIMIT = 60


@pytest.fixture
def script(tmp_path):
    def written(body):
        path = tmp_path / "script.py"
        path.write_text(BEGIN + body, encoding="utf-8")
        return path

    return written


@pytest.fixture
def served(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    server = fork_server.start({str(tmp_path / "script.py"): [(LIBRARY, [])]})
    yield server
    fork_server.end(server)


def hear():
    """Be no longer deaf to signals, as a shell or nohup make what runs in the background."""
    for number in forking.ENDING_SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def start(script, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **{"preexec_fn": hear} | options,
    )


def finished(script, *arguments, given="", **options):
    process = start(script, *arguments, **options)
    output, errors = process.communicate(given, timeout=LIMIT)
    return process.returncode, output, errors


def wait_for(condition):
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


SEEN = f"""
umask = os.umask(0)
print(json.dumps({{
    "arguments": sys.argv,
    "folder": os.getcwd(),
    "environment": {{k: v for k, v in os.environ.items() if k != forking.VARIABLE}},
    "umask": umask,
    "handed": os.read(int(sys.argv[2]), 100).decode(),
    "given": sys.stdin.read(),
    "path": sys.path[0],
    "interrupts": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    "ending": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
}}))
print("loaded" if {LIBRARY!r} in sys.modules else "not loaded", file=sys.stderr)
"""


def seen(script, folder):
    reading, writing = os.pipe()
    os.write(writing, b"handed on")
    os.close(writing)
    with open(folder / "errors", "w+", encoding="utf-8") as errors:
        process = subprocess.run(
            [sys.executable, script, "an argument", str(reading)],
            input="from a pipe",
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            pass_fds=[reading],
            cwd=folder,
            umask=0o027,
            env=os.environ | {"ONE_MORE": "a value"},
            timeout=LIMIT,
            check=True,
        )
    os.close(reading)
    return json.loads(process.stdout), (folder / "errors").read_text(encoding="utf-8")


def test_a_fork_has_the_libraries_and_all_else_as_the_script_itself(script, served, tmp_path):
    written = script(SEEN)
    forked, found = seen(written, tmp_path)
    fork_server.end(served)
    alone, missed = seen(written, tmp_path)

    assert forked == alone
    assert forked["handed"] == "handed on"
    assert forked["given"] == "from a pipe"
    assert forked["folder"] == str(tmp_path)
    assert forked["umask"] == 0o027
    assert forked["environment"]["ONE_MORE"] == "a value"
    assert (found, missed) == ("loaded\n", "not loaded\n")


@pytest.mark.parametrize(
    ("body", "status", "output", "errors"),
    [
        ("print('done')", 0, "done\n", ""),
        ("print('text')\nsys.exit(3)", 3, "text\n", ""),
        ("sys.exit('why')", 1, "", "why\n"),
        ("import atexit\natexit.register(print, 'at the end')", 0, "at the end\n", ""),
        ("os.kill(os.getpid(), signal.SIGSEGV)", 128 + signal.SIGSEGV, "", ""),
    ],
)
def test_a_script_ends_as_its_fork_does(script, served, body, status, output, errors):
    assert finished(script(body)) == (status, output, errors)


def test_a_traceback_reaches_the_script_s_errors(script, served):
    status, _, errors = finished(script("raise KeyError('lost')"))
    assert status == 1
    assert errors.endswith("KeyError: 'lost'\n")


def test_a_script_is_read_when_it_runs_and_forks_share_nothing(script, served):
    assert finished(script("import wsgiref.util\nwsgiref.util.mark = 1\nprint(1)"))[1] == "1\n"
    later = script("import wsgiref.util\nprint(hasattr(wsgiref.util, 'mark'))")
    assert finished(later)[1] == "False\n"


def test_forks_run_side_by_side(script, served, tmp_path):
    body = """
mine, other = sys.argv[1:]
os.mkfifo(mine)
while not os.path.exists(other):
    time.sleep(0.01)
"""
    names = [str(tmp_path / "a"), str(tmp_path / "b")]
    both = [start(script(body), *names), start(script(body), *reversed(names))]
    assert [process.wait(LIMIT) for process in both] == [0, 0]
    for process in both:
        process.communicate()


def test_a_folder_of_a_library_outlives_forks_and_ends_with_the_server(
    script, tmp_path, monkeypatch
):
    """Matplotlib keeps such a folder where home can't be written."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    folder = tmp_path / "folder"
    (tmp_path / "keeper.py").write_text(
        f"import atexit, os, shutil\nos.mkdir({str(folder)!r})\n"
        f"atexit.register(shutil.rmtree, {str(folder)!r})\n",
        encoding="utf-8",
    )
    body = f"import keeper\nprint(os.path.isdir({str(folder)!r}))"
    server = fork_server.start({str(script(body)): [("keeper", [])]})

    assert [finished(script(body)) for _ in range(2)] == [(0, "True\n", "")] * 2
    fork_server.end(server)
    assert not folder.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_reaches_the_fork_once(script, served, number):
    body = f"""
def count(number, frame):
    os.write(1, b"heard\\n")
signal.signal({int(number)}, count)
print("ready", flush=True)
time.sleep(0.5)
sys.stdin.read()
"""
    process = start(script(body))
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.stdout.readline() == "heard\n"
    assert process.communicate("", timeout=LIMIT) == ("", "")
    assert process.returncode == 0


def test_an_interrupt_ends_the_script_as_ever(script, served):
    process = start(script("print('ready', flush=True)\ntime.sleep(60)"))
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=LIMIT)
    assert errors.endswith("KeyboardInterrupt\n")
    assert process.returncode in (130, -signal.SIGINT)


WORKING = """
other = subprocess.Popen(["sleep", "100"])
print(os.getpid(), other.pid, flush=True)
time.sleep(100)
"""


def test_a_killed_script_takes_its_fork_and_what_it_started_along(script, served):
    process = start(script(WORKING))
    working = [int(each) for each in process.stdout.readline().split()]
    assert process.pid not in working

    process.kill()
    process.wait(LIMIT)

    wait_for(lambda: not any(map(psutil.pid_exists, working)))
    process.communicate()
    assert finished(script("print('next')"))[1] == "next\n"


def test_a_killed_script_s_fork_names_no_result_any_more(script, served, tmp_path):
    """Snakemake forgets the job at once, while the server, on a busy machine, is yet to kill it."""
    body = """
from prunescape.foundations import files
for each in ("first", "second"):
    with files.replacing(each) as temporary:
        temporary.write_text("all of it")
        print(each, flush=True)
        sys.stdin.readline()
open("done", "w")
"""
    process = start(script(body), cwd=tmp_path)
    assert process.stdout.readline() == "first\n"
    process.stdin.write("go on\n")
    process.stdin.flush()
    assert process.stdout.readline() == "second\n"
    served.send_signal(signal.SIGSTOP)
    process.kill()
    process.wait(LIMIT)

    process.stdin.write("go on\n")
    process.stdin.flush()
    _, errors = process.communicate(timeout=LIMIT)

    served.send_signal(signal.SIGCONT)
    assert errors == "nobody waits for this process any more: its script was killed\n"
    assert {path.name for path in tmp_path.iterdir()} == {"script.py", "first"}


def test_a_killed_server_takes_its_forks_along_and_says_so(script, served):
    process = start(script(WORKING))
    fork, other = (int(each) for each in process.stdout.readline().split())

    served.kill()
    assert process.wait(LIMIT) == 1

    os.kill(other, signal.SIGKILL)  # it holds the other end
    _, errors = process.communicate(timeout=LIMIT)
    assert errors == "\nscript.py failed: the process that forks scripts was killed\n"
    wait_for(lambda: not psutil.pid_exists(fork))
    assert finished(script("print('by itself')"))[1] == "by itself\n"


def test_another_interpreter_comes_to_another_address(monkeypatch):
    here = forking.address("token")
    monkeypatch.setattr(sys, "prefix", "/another/environment")
    assert forking.address("token") != here


def test_what_sees_other_files_does_its_work_itself(script, served):
    process = start(script("print(os.getpid())"))
    assert process.communicate(timeout=LIMIT)[0] != f"{process.pid}\n"
    unshared = ["unshare", "--mount", sys.executable, script("print('by itself', os.getppid())")]
    done = subprocess.run(unshared, capture_output=True, text=True, check=False, timeout=LIMIT)
    if "Operation not permitted" in done.stderr:
        pytest.skip("only root may have a view of files of its own")
    assert done.stdout == f"by itself {os.getpid()}\n"


def test_the_time_before_the_fork_counts_as_starting(script, served):
    body = """
from prunescape.running import log_endings
print(log_endings.of_this_process("script", 0.0).start)
"""
    status, output, _ = finished(script(body))
    assert status == 0
    assert float(output) > 0
