"""The tutorial's Python and its criterion, as the page has them, on the tiny run."""

import re
import subprocess
import sys

import pandas as pd
import pytest

from tests.helpers.places import ROOT
from tests.helpers.workplace import CONFIG, RUN, counts, jobs

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_its_numbers_are_those_of_the_table(finished):
    script = "".join(blocks("py")).replace("results/quick", RUN)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=finished.place.root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(finished.place.root / RUN / "scores.csv")
    rows = table[(table["fit"] == "vi") & (table["noise"] == "none")]
    rows = rows[rows["prediction"].eq("mean") & rows["effect"].isin(["none", "zero"])]
    rows = rows[rows["selection"] != "threshold"]

    def of(criterion, level):
        found = rows[(rows["criterion"] == criterion) & (rows["level"] == level)]
        return found.set_index("replicate").sort_index()

    mean = of("snr", 0.9)["accuracy"].mean()
    assert re.search(rf"^snr .*\b{mean:.4f}\b", done.stdout, re.MULTILINE)
    difference = 100 * (mean - of("random", 0.9)["accuracy"].mean())
    assert f"{difference:.2f} [" in done.stdout
    [broken, mended] = map(int, re.search(r"broken (\d+), mended (\d+)", done.stdout).groups())
    lost = of("none", 0)["n_correct"] - of("snr", 0.7)["n_correct"]
    assert broken - mended == lost.iloc[0]
    assert "p = " in done.stdout


def test_its_criterion_trains_nothing_again_and_can_be_scored(workplace):
    (workplace.root / "docs" / "examples").mkdir(parents=True)
    (workplace.root / "docs/examples/mine.py").write_text(*blocks("python"), encoding="utf-8")
    (workplace.root / "mine.yaml").write_text(*blocks("yaml"), encoding="utf-8")
    done = workplace.snakemake("--dry-run", "--configfile", CONFIG, "mine.yaml")
    assert done.status == 0, done.output
    planned = jobs(done.output)
    assert counts(planned)["score"] == 1
    assert not {"train", "fit_variational"} & counts(planned).keys()
    scores = f"{RUN}/graves/digits/logistic/vi/r1-2/score/scores.safetensors"
    done = workplace.snakemake("--configfile", CONFIG, "mine.yaml", "--", scores)
    assert done.status == 0, done.output
