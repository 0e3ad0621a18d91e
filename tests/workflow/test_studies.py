"""Studies are finished alone, and picked: a change of one leaves the others as they are."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.helpers.workplace import Job, Workplace, counts

pytestmark = pytest.mark.slow

RUN = "results/tiny"
BOTH = ("first", "second")
ARM = {
    "fits": ["point"],
    "criteria": ["magnitude"],
    "scopes": ["global"],
    "selection": "exact_k",
    "effects": ["zero"],
    "schedules": ["oneshot"],
    "levels": ["0.90"],
}
# Of a network, its evaluations, its table, a picture that reads costs, and what is of the run.
ALONE = {"train": 1, "score": 1, "prune": 1, "evaluate": 2, "aggregate": 1, "claims": 1}
PAGES = {"forest": 1, "explorer": 1, "front_page": 1}
WHOLE = {"gather": 1, "gather_claims": 1, "compare_published": 1, **PAGES}
ONE = {**ALONE, "figure": 1, "tabulate": 1, **WHOLE}


def settings(place: Workplace) -> dict:
    """Return a config of two studies that differ in nothing but their names."""
    config = yaml.safe_load((place.root / "config.yaml").read_text(encoding="utf-8"))
    fit = config["catalogue"]["graves"]["fits"]["point"] | {"epochs": 1}
    study = {"dataset": "digits", "fits": {"point": fit}, "arms": [ARM]}
    study |= {"figures": ["cost_accuracy"], "noise": []}
    return {
        "run": "tiny",
        "studies": list(BOTH),
        "replicates": [2],
        "catalogue": dict.fromkeys(BOTH, study),
    }


def studies_in(jobs: list[Job]) -> set[str]:
    """Return the studies of which jobs write something."""
    outputs = [name for job in jobs for name in job.outputs]
    return {study for study in BOTH for name in outputs if name.startswith(f"{RUN}/{study}/")}


def rows(root: Path) -> list[str]:
    """Return the studies that the run's table has, in its order."""
    return pd.read_csv(root / RUN / "scores.csv")["study"].unique().tolist()


def test_a_study_is_picked_and_changed_without_the_others(source, tmp_path):
    place = source.copy(tmp_path / "place")
    config = settings(place)
    config["catalogue"] = {name: dict(config["catalogue"][name]) for name in BOTH}
    place.configure(config)

    done = place.make("run", "STUDIES=second")
    assert done.status == 0, done.output
    assert rows(place.root) == ["second"]
    assert not (place.root / RUN / "first").exists()

    assert "second: no claims" in done.output.splitlines()

    planned = place.planned()
    assert counts(planned) == ONE
    assert studies_in(planned) == {"first"}
    done = place.make("run")
    assert done.status == 0, done.output
    assert rows(place.root) == list(BOTH)
    assert place.planned() == []

    # An epoch more of one study.
    fits = config["catalogue"]["first"]["fits"]
    config["catalogue"]["first"]["fits"] = {"point": fits["point"] | {"epochs": 2}}
    place.configure(config)
    planned = place.planned()
    assert counts(planned) == ONE
    assert studies_in(planned) == {"first"}

    # The other one is worked on: what is there of the changed one stays, in the tables too.
    assert place.planned("--config", 'only=["second"]') == []
    (place.root / RUN / "second" / "scores.parquet").unlink()
    done = place.make("run", "STUDIES=second")
    assert done.status == 0, done.output
    assert rows(place.root) == list(BOTH)
    assert studies_in(place.planned()) == {"first"}


def test_a_study_is_judged_before_the_next_one_begins(source, tmp_path):
    place = source.copy(tmp_path / "place")
    config = settings(place)
    # The study of the claims comes second, against the alphabet.
    config["catalogue"] = {
        "zeroth": config["catalogue"]["first"],
        "graves": config["catalogue"]["first"],
    }
    config["studies"] = ["zeroth", "graves"]
    config["not_tested"] = dict.fromkeys(("g1", "g2", "g3"), "one epoch")
    place.configure(config)

    done = place.make("run", "CORES=1")

    assert done.status == 0, done.output
    lines = done.output.splitlines()
    begun = next(i for i, line in enumerate(lines) if ": results/tiny/graves/" in line)
    judged = lines.index("zeroth: no claims")
    assert judged < begun < lines.index("graves: 3 not tested")
