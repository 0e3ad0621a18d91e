"""`make decide` on a finished run: which jobs it starts, that it ends, and what it leaves."""

import csv
import os
import re
import signal
import time

import pytest

from tests.helpers.expected_jobs import NETWORK, REPORT
from tests.helpers.workplace import CONFIG, LIMIT, RUN, Job, Workplace, child, counts, end, make

pytestmark = pytest.mark.slow

# A network differs from itself by nothing: `equal` once it is shown, or open for ever.
CLAIMS = """
- id: same
  study: graves
  origin: this project
  source: a test
  statement: A posterior's networks equal themselves.
  statistic: {measure: accuracy, where: {fit: vi}, of: {criterion: none}, minus: {criterion: none}}
  comparison: ">"
  margin: 0
  tolerance: 0.4
  reason: It is decided at the second look, by the resolution of one image in 540.
- id: never
  study: graves
  origin: this project
  source: a test
  statement: With noise, point estimates beat themselves.
  statistic:
    measure: accuracy
    where: {fit: point, noise: grey_raw, noise_level: "0.20"}
    of: {criterion: none, schedule: none}
    minus: {criterion: none, schedule: none}
  comparison: ">"
  margin: 0
"""
DENSE = "evaluate/none/none/none/none/b1/rows.json"
LINE = ("fit", "criterion", "noise", "noise_level")


@pytest.fixture
def claiming(fresh: Workplace) -> Workplace:
    """A small run with two claims of a user, and three looks at them."""
    config = fresh.config()
    config["fits"] = ["point", "vi"]
    config["claims"] = ["mine.yaml"]
    config["not_tested"] = dict.fromkeys(("g1", "g2", "g3"), "not here")
    config["verdicts"] = {"looks": [2, 4, 6], "shares": [0.4, 0.3, 0.3]}
    study = config["catalogue"]["graves"]
    study["arms"] = [study["arms"][0] | {"criteria": ["snr"], "effects": ["zero"]}]
    study["figures"] = ["accuracy_sparsity"]
    fresh.configure(config)
    (fresh.root / "mine.yaml").write_text(CLAIMS, encoding="utf-8")
    done = fresh.make("run")
    assert done.status == 0, done.output
    return fresh


def rows(place: Workplace, name: str) -> list[dict[str, str]]:
    with (place.root / RUN / name).open(encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def lines(place: Workplace) -> set[str]:
    return set((place.root / RUN / "scores.csv").read_text(encoding="utf-8").splitlines())


def trained(planned: list[Job]) -> set[str]:
    """Return the fits and blocks that are trained."""
    stages = ("train", "fit_variational")
    outputs = [job.outputs[0] for job in planned if job.rule in stages]
    return {"/".join(name.removeprefix(f"{NETWORK}/").split("/")[:2]) for name in outputs}


def append(place: Workplace) -> tuple[int, str]:
    """Append once, beside plain Snakemake."""
    done = place.run("python", "workflow/commands/deciding.py", CONFIG)
    return done.status, done.output


def interrupted(place: Workplace) -> str:
    """Start `make decide`, interrupt it while it trains, and return what it printed."""
    process = place.start(*make("decide"))
    try:
        limit = time.monotonic() + LIMIT
        while not child(process, "fit_variational"):
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < limit
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=LIMIT)
    finally:
        end(process)
    assert process.returncode != 0
    # A job that was interrupted while Python started has a traceback, and Snakemake shows its log.
    output = re.sub(r"Logfile [^\n]*:\n *=+\n.*?\n *=+\n", "", output, flags=re.DOTALL)
    # Snakemake has one of its own where it closes event loops in which threads are still at work.
    frames = r"(?: .*\n)*"
    own = rf"Traceback \(.*\n{frames}? .*/asyncio/runners\.py\b.*\n{frames}\S.*\n"
    return re.sub(own, "", output)


def test_claims_are_decided_look_by_look(claiming, tmp_path):
    before = lines(claiming)
    check_jobs(claiming.copy(tmp_path / "beside"))

    output = interrupted(claiming)

    assert "to decide, at most:\n  graves (same, never) to 6 replicates: about " in output
    assert "appending replicates 3 to 4 of 2 rows of graves\n" in output
    assert "the same command\ngoes on there" in output
    assert "Traceback" not in output

    done = claiming.make("decide")

    assert done.status == 0, done.output
    assert "\nsame  equal " in done.output
    assert "appending replicates 5 to 6 of 1 row of graves\n" in done.output
    assert "appending replicates 3 to 4" not in done.output
    assert "\nnever  undecided      6     6 " in done.output
    verdicts = {row["id"]: row for row in rows(claiming, "claims.csv")}
    names = ("verdict", "look", "n")
    assert [verdicts["same"][name] for name in names] == ["equal", "4", "4"]
    assert [verdicts["never"][name] for name in names] == ["undecided", "6", "6"]

    # The table has what it had, and just the rows that were read.
    assert before < lines(claiming)
    later = [row for row in rows(claiming, "scores.csv") if int(row["replicate"]) > 2]
    assert {(*(row[name] for name in LINE), row["replicate"]) for row in later} == {
        *(("point", "none", "grey_raw", "0.2", str(number)) for number in (3, 4, 5, 6)),
        *(("vi", "none", "none", "0.0", str(number)) for number in (3, 4)),
    }
    assert len(later) == 6
    assert claiming.planned() == []
    assert claiming.make("run").status == 0
    check_growth(claiming)


def check_jobs(place: Workplace) -> None:
    """The jobs are those of rows that undecided claims read."""
    found = append(place)

    assert found == (0, "appended replicates 3 to 4 of 2 rows of graves\n")
    planned = place.planned()
    assert counts(planned) == {
        "train": 1,
        "fit_variational": 1,
        "evaluate": 2,
        **REPORT,
        "figure": 1,
    }
    assert trained(planned) == {"point/r3-4", "vi/r3-4"}
    assert {job.outputs[0] for job in planned if job.rule == "evaluate"} == {
        f"{NETWORK}/{fit}/r3-4_1/{DENSE}" for fit in ("point", "vi")
    }
    appended = (place.root / RUN / "graves" / "appended.json").read_bytes()
    assert append(place) == (0, "what was appended is still to be run\n")
    assert (place.root / RUN / "graves" / "appended.json").read_bytes() == appended


def check_growth(place: Workplace) -> None:
    """A config that grows takes over, with the same networks and bits."""
    before = lines(place)
    place.configure(place.config() | {"replicates": [2, 2]})
    planned = place.planned()
    assert trained(planned) == set()
    assert not [job for job in planned if "r5-6" in job.outputs[0]]
    done = place.snakemake(f"{RUN}/scores.csv")
    assert done.status == 0, done.output
    assert before < lines(place)
