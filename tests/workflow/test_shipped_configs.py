"""Every configuration that the project ships can be planned from nothing."""

import re
import shutil
import sys

import numpy as np
import pytest
import yaml

from tests.helpers.places import ROOT
from tests.helpers.workplace import Workplace

pytestmark = pytest.mark.slow

CLAIMS = ROOT / "config" / "claims"
CONFIGS = sorted(set((ROOT / "config").rglob("*.yaml")) - set(CLAIMS.iterdir()))


def files_of_the_user(config):
    """Return the images that a configuration takes from where it runs; planning reads none."""
    sources = yaml.safe_load(config.read_text(encoding="utf-8")).get("sources") or {}
    places = [place for each in sources.values() for place in each]
    return [place.removeprefix("file:") for place in places if place.startswith("file:")]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_a_configuration_plans_a_table_and_verdicts(config, tmp_path):
    # Networks and claims in files are looked for where a run works, by default in the project.
    for folder in (ROOT / "docs" / "examples", CLAIMS):
        shutil.copytree(folder, tmp_path / folder.relative_to(ROOT))
    for name in files_of_the_user(config):
        nothing = np.zeros([0, 32, 32, 3], np.uint8), np.zeros([0], np.uint8)
        parts = ("train_images", "train_labels", "test_images", "test_labels")
        np.savez(tmp_path / name, **dict(zip(parts, nothing * 2, strict=True)))
    snakemake = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1"]
    files = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", str(config)]

    done = Workplace(tmp_path).run(*snakemake, *files, "--directory", str(tmp_path))

    assert done.status == 0, done.output
    rules = dict(re.findall(r"^(\w+) +(\d+)$", done.output, re.MULTILINE))
    trained = [int(rules.get(rule, 0)) for rule in ("train", "fit_variational")]
    assert int(rules["evaluate"]) >= sum(trained) > 0
    assert rules["aggregate"] == rules["claims"]
    assert (rules["gather"], rules["gather_claims"]) == ("1", "1")
