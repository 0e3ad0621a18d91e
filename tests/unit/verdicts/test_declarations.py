"""What is declared, when it is recorded, and what a change of it marks."""

import dataclasses
import json

import pytest

from prunescape.evaluation import table
from prunescape.verdicts import claim_files, claims, declarations
from prunescape.verdicts.declarations import Family
from prunescape.verdicts.looks import Looks
from tests.helpers import scripts
from tests.helpers.evaluations import dense, record, row

GRAVES = [claim for claim in claim_files.read(claim_files.PROJECT) if claim.study == "graves"]
LOOKS = Looks((5, 10), (0.5, 0.5), 0.05)
DESIGN = {
    "seed": 1,
    "split": "final",
    "dataset": {"mnist": {"seed": 2}},
    "floors": [],
    "fits": {"vi": {"epochs": 3}, "point": {"epochs": 4}},
    "networks": {"logistic": []},
    "schedules": {"fine": {}},
}


def checksum(stated=GRAVES, looks=LOOKS, **design):
    return declarations.checksum(declarations.declared(stated, looks, DESIGN | design))


def test_what_decides_a_verdict_changes_the_checksum():
    changed = dataclasses.replace(GRAVES[0], margin=2)
    easier = dataclasses.replace(GRAVES[0], tolerance=0.1, reason="little")
    sums = [
        checksum(),
        checksum(GRAVES[:2]),
        checksum([changed, *GRAVES[1:]]),
        checksum([easier, *GRAVES[1:]]),
        checksum(looks=Looks((5,), (1.0,), 0.05)),
        checksum(looks=Looks((5, 10), (0.5, 0.5), 0.1)),
        checksum(seed=2),
        checksum(split="tune"),
        checksum(fits=DESIGN["fits"] | {"vi": {"epochs": 5}}),
    ]
    assert len(set(sums)) == len(sums)
    assert all(len(each) == declarations.DIGITS for each in sums)


def test_what_no_claim_reads_does_not_and_nor_do_words():
    reworded = dataclasses.replace(GRAVES[0], statement="In other words.")
    assert checksum([*GRAVES[1:], reworded]) == checksum()
    # The claims of graves name the fit vi; of a dense network they name no schedule.
    assert checksum(fits=DESIGN["fits"] | {"point": {"epochs": 9}}) == checksum()
    assert checksum(schedules={"fine": {"kind": "chain"}}) != checksum()


def test_families_are_of_a_study_and_a_file():
    mine = dataclasses.replace(GRAVES[0], id="mine", file="mine.yaml")
    found = declarations.families([*GRAVES, mine], ["graves"], {"g3": "too long"})
    assert {family.name: [claim.id for claim in tested] for family, tested in found.items()} == {
        "graves": ["g1", "g2"],
        "graves in mine.yaml": ["mine"],
    }
    assert declarations.families(GRAVES, ["magnitude"], {}) == {}


def test_the_first_declaration_is_the_one_that_stays():
    family, first, later = Family("graves", "mine.yaml"), {"alpha": 0.05}, {"alpha": 0.1}
    assert not declarations.standing({}, family, first).exploratory
    kept = declarations.recorded({}, {family: first}, [family])
    assert declarations.recorded(kept, {family: later}, [family]) == kept
    assert not declarations.standing(kept, family, first).exploratory
    assert declarations.standing(kept, family, later).exploratory
    assert declarations.recorded({}, {family: first}, []) == {}


@pytest.mark.parametrize("text", ["[]", '{"graves": 1}', "{"])
def test_a_record_that_is_none_is_named(tmp_path, text):
    path = tmp_path / "declarations.json"
    assert declarations.read_record(path) == {}
    path.write_text(text)
    with pytest.raises(ValueError, match=r"declarations\.json"):
        declarations.read_record(path)


@pytest.fixture
def run_script(tmp_path):
    """Return a function that runs the script on a table of n replicates, and reads the verdicts."""

    def run(n, looks=(5, 10), not_tested="{}", records=("declarations.json",)):
        rows = [dense(replicate=r, n_correct=9250 + r % 3) for r in range(1, n + 1)]
        for criterion, by in {"snr": 10, "magnitude": 40, "random": 500}.items():
            for level in (0.7, 0.9, 0.95):
                arm = {"criterion": criterion, "level": level}
                rows += [
                    row(replicate=r, n_correct=9250 - by + r % 2, **arm) for r in range(1, n + 1)
                ]
        table.write_parquet(table.assemble([record(*rows)]), tmp_path / "scores.parquet")
        table.write_csv(table.of_noise_checks([]), tmp_path / "gradient_noise.csv")
        table.write_csv(table.of_diverged([]), tmp_path / "diverged.csv")
        rule = {"alpha": 0.05, "looks": list(looks), "shares": [1 / len(looks)] * len(looks)}
        done = scripts.run(
            "claims.py",
            *("--studies", "graves", "--claims", claim_files.PROJECT, "--not-tested", not_tested),
            *("--table", tmp_path / "scores.parquet"),
            *("--noise-table", tmp_path / "gradient_noise.csv"),
            *("--diverged", tmp_path / "diverged.csv"),
            *("--looks", json.dumps(rule), "--designs", json.dumps({"graves": DESIGN})),
            *("--record", *(tmp_path / name for name in records)),
            *("--parts-output", tmp_path / "claim_parts.csv"),
            *("--output", tmp_path / "claims.csv"),
        )
        assert done.status == 0, done.error
        return claims.read_verdicts(tmp_path / "claims.csv")

    return run


def test_the_script_records_the_first_look_and_marks_what_changed_after_it(run_script, tmp_path):
    found = run_script(2, looks=(5,))
    assert found["exploratory"].tolist() == [False] * 3
    assert not (tmp_path / "declarations.json").exists()
    first = run_script(5)
    assert first["verdict"].tolist() == ["holds"] * 3
    assert first["exploratory"].tolist() == [False] * 3
    kept = declarations.read_record(tmp_path / "declarations.json")
    assert declarations.checksum(kept["graves"]) == first["declaration"].iloc[0]
    later = run_script(5, looks=(4, 8))
    assert later["exploratory"].tolist() == [True] * 3
    assert declarations.read_record(tmp_path / "declarations.json") == kept
    # What is left out isn't tested; a claim fewer is another declaration, too.
    fewer = run_script(5, not_tested='{"g3": "the levels are left out"}')
    assert fewer["verdict"].tolist() == ["holds", "holds", "not tested"]
    assert fewer["exploratory"].tolist()[:2] == [True, True]
    assert fewer["exploratory"].isna().tolist() == [False, False, True]


def test_what_an_earlier_record_declares_counts_and_stays_there(run_script, tmp_path):
    run_script(5)
    kept = (tmp_path / "declarations.json").read_bytes()
    records = ("declarations.json", "of_study.json")
    assert run_script(5, records=records)["exploratory"].tolist() == [False] * 3
    assert run_script(5, looks=(4, 8), records=records)["exploratory"].tolist() == [True] * 3
    assert not (tmp_path / "of_study.json").exists()
    assert (tmp_path / "declarations.json").read_bytes() == kept
