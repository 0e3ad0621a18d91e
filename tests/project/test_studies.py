"""The pages of the studies: one each, with the fits of its block and the verdicts of the README."""

import re

import pytest
import yaml

from tests.helpers.places import ROOT

CATALOGUE = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["catalogue"]
STATED = yaml.safe_load(
    (ROOT / "workflow" / "resources" / "claims.yaml").read_text(encoding="utf-8")
)
HEADINGS = ["What the source did", "What is done here", "Results", "Claims", "What surprised"]
WORDS = {"hold": "holds", "fail": "fails"}


def page(study):
    return (ROOT / "docs" / "studies" / f"{study}.md").read_text(encoding="utf-8")


def readme():
    """Return the verdict and the n of each claim as the README's table has them."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z]\d) \| .* \| (\d*) ?\| ([a-z ]+) \|$", text, re.M)
    return {claim: (verdict, n) for claim, n, verdict in rows}


def told(sentence):
    """Return claim -> verdict of words such as `g1, g2 hold; v5 is not tested`."""
    found = {}
    for part in sentence.split(";"):
        word = re.search(r"holds?|fails?|equal|undecided|not tested", part)[0]
        found |= dict.fromkeys(re.findall(r"\b[a-z]\d\b", part), WORDS.get(word, word))
    return found


@pytest.mark.parametrize("study", CATALOGUE)
def test_a_study_has_a_page_with_its_question_and_how_to_rerun_it(study):
    text = page(study)
    assert text.startswith(f"# {study}: ")
    assert re.match(r"\*\*.+\?\*\*", text.split("\n\n")[1], re.DOTALL)
    assert re.findall(r"^## (.+)$", text, re.M) == [*HEADINGS, "Run it again"]
    assert f"`catalogue: {study}`" in text
    assert f"\n    make run STUDIES={study}\n" in text


@pytest.mark.parametrize("study", CATALOGUE)
def test_a_page_names_every_fit_of_its_study(study):
    fits = CATALOGUE[study]["fits"]
    assert [fit for fit in fits if f"`{fit}`" not in page(study)] == []


@pytest.mark.parametrize("study", CATALOGUE)
def test_a_page_has_the_verdict_of_each_claim_as_the_readme_has_it(study):
    claims = page(study).partition("\n## Claims\n")[2].partition("\n## ")[0]
    found = {}
    for sentence, n in re.findall(r"^- \*\*(.+?)\*\*(?: \(n = (\d+))?", claims, re.M):
        found |= {claim: (verdict, n) for claim, verdict in told(sentence).items()}
    assert sorted(found) == sorted(claim["id"] for claim in STATED if claim["study"] == study)
    assert found == {claim: readme()[claim] for claim in found}


def test_the_index_has_the_verdicts_of_the_readme():
    index = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| \[(\w+)\]\(studies/\1\.md\) \| .+ \| (.+) \|$", index, re.M))
    pages = {path.stem for path in (ROOT / "docs" / "studies").glob("*.md")}
    assert rows.keys() == pages - {"published"}  # of all studies' public codes
    found = {}
    for study in CATALOGUE:
        found |= told(rows[study])
    assert found == {claim: verdict for claim, (verdict, _) in readme().items()}
    assert found.keys() == {claim["id"] for claim in STATED}
