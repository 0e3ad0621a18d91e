"""Play two users who share a finished run through a remote, and print each step's job count.

    PYTHONPATH=workflow python -m tests.versioning.two_users [FOLDER]

Everything begins from nothing, in FOLDER or a temporary one: Ada runs the tiny config, takes a
snapshot and pushes; Bob clones, restores, changes things, shares his own run; Ada brings it back.
Run it from the environment that `make test` makes. It ends with status 1 if a step surprises.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.helpers.clones import Clone
from tests.helpers.expected_jobs import FIT, REPORT
from tests.helpers.workplace import Done, Workplace, counts

SCORES = "results/tiny/scores.csv"
EVERYTHING = {"download_digits": 1, "prepare": 1, **FIT}
# The networks of one sparsity, which three criteria prune, are evaluated again.
LEVEL = {"evaluate": 3, **REPORT}


class SurpriseError(Exception):
    """A step that failed, or after which Snakemake wants to run other jobs than it should."""


class Step(NamedTuple):
    """What a user did, and how many jobs Snakemake then wants to run."""

    user: str
    text: str
    jobs: int


def main(folder: Path) -> None:
    """Play all steps in a folder."""
    ada = Clone.of_run(Workplace.fresh(folder / "source"), folder / "ada")
    step("Ada", "begins with the source", ada, EVERYTHING)
    step("Ada", "make run", ada, {}, lambda: ada.make("run"))
    share(folder, ada)


def share(folder: Path, ada: Clone) -> list[Step]:
    """Play all steps after Ada's run in a folder, and return them."""
    store = f"STORE={folder / 'store'}"
    saved = "make snapshot COMMIT=yes"
    steps = [step("Ada", saved, ada, {}, lambda: ada.make("snapshot", store, "COMMIT=yes"))]
    table = (ada.root / SCORES).read_bytes()

    bob = ada.clone(folder / "bob")
    steps.append(step("Bob", "git clone", bob, EVERYTHING))
    steps.append(step("Bob", "make restore", bob, {}, lambda: bob.make("restore", store)))
    if (bob.root / SCORES).read_bytes() != table:
        raise SurpriseError("Bob's table is not Ada's")
    bob.edit(lambda config: config["catalogue"]["graves"]["noise"][1]["levels"].append("0.60"))
    steps.append(step("Bob", "adds a noise level to one sparsity", bob, LEVEL))
    steps.append(step("Bob", "make run", bob, {}, lambda: bob.make("run")))
    bob.commit("Add a noise level")
    steps.append(
        step("Bob", f"commits, {saved}", bob, {}, lambda: bob.make("snapshot", "COMMIT=yes"))
    )

    ada.git("pull", "--quiet", str(bob.root), "main")
    steps.append(step("Ada", "git pull: her results are those of before", ada, LEVEL))
    steps.append(step("Ada", "make restore", ada, {}, lambda: ada.make("restore")))
    if (ada.root / SCORES).read_bytes() != (bob.root / SCORES).read_bytes():
        raise SurpriseError("Ada's table is not Bob's")
    steps.append(step("Ada", "make diff REV=HEAD~2", ada, {}, lambda: show(ada)))
    ada.git("checkout", "--quiet", "HEAD~2")
    back = "git checkout HEAD~2, make restore"
    steps.append(step("Ada", back, ada, {}, lambda: ada.make("restore")))
    if (ada.root / SCORES).read_bytes() != table:
        raise SurpriseError("the table of the first snapshot did not come back")
    print("the first table came back, byte for byte")
    return steps


def step(
    user: str,
    text: str,
    clone: Clone,
    expected: dict[str, int],
    act: Callable[[], Done] = lambda: Done(0, ""),
) -> Step:
    """Do something, and compare the jobs that Snakemake then wants to run, by rule."""
    begin = time.monotonic()
    done = act()
    seconds = time.monotonic() - begin
    if done.status:
        raise SurpriseError(f"{user}: {text} failed\n{done.output}")
    found = counts(clone.planned())
    jobs = sum(found.values())
    print(f"{user:4} {text:42} {seconds:6.1f} s {jobs:4} jobs to run", flush=True)
    if found != expected:
        raise SurpriseError(f"{user}: {text}: expected {expected}, found {found}")
    return Step(user, text, jobs)


def show(ada: Clone) -> Done:
    """Print what changed between the two snapshots, indented."""
    done = ada.make("diff", "REV=HEAD~2")
    print("".join(f"     | {line}\n" for line in done.output.splitlines()), end="")
    return done


if __name__ == "__main__":
    try:
        if len(sys.argv) > 1:
            main(Path(sys.argv[1]).resolve())
        else:
            with tempfile.TemporaryDirectory() as name:
                main(Path(name))
    except SurpriseError as surprise:
        sys.exit(str(surprise))
