import subprocess
import sys

from prunescape.foundations import file_locks
from tests.helpers.places import WORKFLOW

HOLD = """
import sys
sys.path.insert(0, sys.argv[1])
from prunescape.foundations import file_locks
opened = open(sys.argv[2], "w")
file_locks.wait(opened)
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_lock_is_one_process_and_ends_with_it(tmp_path):
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(WORKFLOW), str(path)]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "held\n"
        with path.open("w") as opened:
            assert not file_locks.take(opened)
            other.kill()
            other.wait()
            assert file_locks.take(opened)
    finally:
        other.kill()
        other.communicate()
