"""Results that were copied without Snakemake's records of them."""

import json
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from prunescape.running.snakemake_records import unseen_changes

RESULTS = Path("results/mini")
CONFIG = {"run": "mini", "fits": {"vi": {"epochs": 5}}, "levels": ["0.5"]}
CHANGED = {**CONFIG, "fits": {"vi": {"epochs": 9}}}


@pytest.fixture
def copied(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    RESULTS.mkdir(parents=True)
    (RESULTS / "scores.parquet").touch()
    (RESULTS / "environment.json").write_text(json.dumps({"config": CONFIG}))


def record(output):
    folder = Path(".snakemake/metadata")
    folder.mkdir(parents=True)
    (folder / urlsafe_b64encode(str(output).encode()).decode()).touch()


def test_settings_that_changed_are_named(copied):
    told = unseen_changes(RESULTS, CHANGED)
    assert "(fits.vi.epochs: 5, now 9)" in told
    assert "make restore" in told
    assert "\n" not in told


def test_a_setting_that_came_later_has_its_default(copied):
    later = {**CONFIG, "width": 7}
    assert "(width: null, now 7)" in unseen_changes(RESULTS, later)
    assert unseen_changes(RESULTS, later, lambda stated: {"width": 7, **stated}) == ""
    told = unseen_changes(RESULTS, {**CHANGED, "width": 7}, lambda stated: stated["none"])
    assert "(fits.vi.epochs: 5, now 9, width: null, now 7)" in told


def test_the_same_settings_need_no_word(copied):
    assert unseen_changes(RESULTS, CONFIG) == ""


def test_what_snakemake_has_records_of_is_its_own_to_judge(copied):
    record(RESULTS / "scores.parquet")
    assert unseen_changes(RESULTS, CHANGED) == ""


def test_records_of_another_run_are_none(copied):
    record("results/other/scores.parquet")
    assert unseen_changes(RESULTS, CHANGED)


def test_settings_that_nothing_tells(copied):
    for text in ("{", "[]", "{}"):
        (RESULTS / "environment.json").write_text(text)
        assert "nothing says which settings" in unseen_changes(RESULTS, CONFIG)


def test_a_run_of_which_only_checkpoints_are_there(copied):
    (RESULTS / "scores.parquet").unlink()
    assert unseen_changes(RESULTS, CHANGED) == ""
    long = RESULTS / ("a" * 200) / "train" / "checkpoint.safetensors"
    long.parent.mkdir(parents=True)
    long.touch()
    assert unseen_changes(RESULTS, CHANGED)
    name = urlsafe_b64encode(str(long).encode()).decode()
    folder = Path(".snakemake/metadata", f"@{name[:254]}")
    folder.mkdir(parents=True)
    (folder / name[254:]).touch()
    assert unseen_changes(RESULTS, CHANGED) == ""
