"""Play two users who share a finished run through a remote, and print each step's job count.

    python tests/versioning/two_users.py [FOLDER]

Everything begins from nothing, in FOLDER or a temporary one: Ada runs the tiny config, takes a
snapshot and pushes; Bob clones, restores, changes things, shares his own run; Ada brings it back.
Run it from the environment that `make test` makes. It ends with status 1 if a step surprises.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "workflow")]

from clones import Clone  # noqa: E402
from workplace import Done, Workplace  # noqa: E402

SCORES = "results/tiny/scores.csv"


def main(folder: Path) -> int:
    """Play all steps in a folder; return the exit status."""
    store = f"PRUNESCAPE_STORE={folder / 'store'}"
    wrong = 0

    def step(user: str, text: str, act: Callable[[], object], clone: Clone, jobs: int) -> None:
        """Do something, and compare the number of jobs that Snakemake then wants to run."""
        nonlocal wrong
        begin = time.monotonic()
        done = act()
        seconds = time.monotonic() - begin
        if isinstance(done, Done) and done.status:
            sys.exit(f"{user}: {text} failed\n{done.output}")
        found = len(clone.planned())
        wrong += found != jobs
        note = "" if found == jobs else f", expected {jobs}"
        print(f"{user:4} {text:58} {seconds:6.1f} s {found:4} jobs to run{note}", flush=True)

    ada = Clone.of_run(Workplace.fresh(folder / "source"), folder / "ada")
    step("Ada", "begins with the source", lambda: None, ada, 37)
    step("Ada", "make run", lambda: ada.make("run"), ada, 0)
    step("Ada", "make snapshot COMMIT=1", lambda: ada.make("snapshot", store, "COMMIT=1"), ada, 0)
    bob = ada.clone(folder / "bob")
    step("Bob", "git clone", lambda: None, bob, 37)
    step("Bob", "make restore", lambda: bob.make("restore", store), bob, 0)
    table = (bob.root / SCORES).read_bytes()
    if table != (ada.root / SCORES).read_bytes():
        sys.exit("Bob's table is not Ada's")
    bob.edit(lambda c: c["catalogue"]["graves"]["noise"][1]["levels"].append("0.60"))
    step("Bob", "adds a noise level to one sparsity", lambda: None, bob, 12)
    step("Bob", "make run", lambda: bob.make("run"), bob, 0)
    bob.commit("Add a noise level")
    step("Bob", "make snapshot COMMIT=1", lambda: bob.make("snapshot", "COMMIT=1"), bob, 0)
    ada.git("pull", "--quiet", str(bob.root), "main")
    step("Ada", "git pull: her results are of before", lambda: None, ada, 12)
    step("Ada", "make restore FORCE=1", lambda: ada.make("restore", "FORCE=1"), ada, 0)
    step("Ada", "make diff REV=HEAD~2", lambda: show(ada.make("diff", "REV=HEAD~2")), ada, 0)
    ada.git("checkout", "--quiet", "HEAD~2")
    step(
        "Ada",
        "git checkout HEAD~2; make restore FORCE=1",
        lambda: ada.make("restore", "FORCE=1"),
        ada,
        0,
    )
    if (ada.root / SCORES).read_bytes() != table:
        sys.exit("the table of the first snapshot did not come back")
    print("the first table came back, byte for byte")
    return 1 if wrong else 0


def show(done: Done) -> Done:
    """Print what a command printed, indented."""
    print("".join(f"     | {line}\n" for line in done.output.splitlines()), end="")
    return done


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(main(Path(sys.argv[1]).resolve()))
    with tempfile.TemporaryDirectory() as name:
        sys.exit(main(Path(name)))
