"""The Python examples of the pages run, and links between pages lead somewhere."""

import re

import docutils.core
import numpy as np
import pytest
import torch
import yaml
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from prunescape.configuration import validation
from prunescape.figures import kinds
from prunescape.foundations import user_files
from prunescape.pipeline import plan
from prunescape.pruning import effect_needs, effects
from prunescape.scoring import needs
from prunescape.scoring.input_moments import input_moments
from prunescape.verdicts import claim_files
from tests.helpers.factories import checkpoint, masks, scored, uint8_images
from tests.helpers.places import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder where examples may write; of the project it has what they name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_examples_run_and_configurations_are_valid(page, folder):
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(block, page.name, "exec"), {})
    blocks = re.findall(r"```yaml\n(# (\w+\.yaml)\n.*?)```", text, re.DOTALL)
    for block, name in blocks:
        (folder / name).write_text(block, encoding="utf-8")
    for block, name in blocks:
        stated = yaml.safe_load(block)
        if isinstance(stated, list):
            assert claim_files.read(folder / name)
            continue
        config = load_configfile(ROOT / "config.yaml")
        for before in re.findall(rf'CONFIG="(config/\w+\.yaml) {name}"', text)[:1]:
            update_config(config, load_configfile(ROOT / before))
        update_config(config, stated)
        validation.validate(config)
        assert list(plan.keys(config))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


EXTENDING = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("example", "key"),
    [
        ("sharp", "criteria"),
        ("rescale", "effects"),
        ("sensor", "noises"),
        ("hoyer", "loss"),
        ("cosine", "rise"),
    ],
)
def test_an_example_is_the_file_that_its_configuration_names(example, key):
    [shown] = re.findall(rf"```python\n# {example}.py\n(.*?)```", EXTENDING, re.DOTALL)
    config = yaml.safe_load(re.search(rf"# {example}.yaml\n(.*?)```", EXTENDING, re.DOTALL)[1])
    if key in config:
        [named] = config[key].values()
    else:
        [named] = re.findall(rf"{key}: (docs/[^}}\s]+)", yaml.safe_dump(config))
    path, name = user_files.split(named)
    assert (ROOT / path).read_text(encoding="utf-8").endswith(f"\n\n\n{shown}")
    assert f"def {name}(" in shown


def test_the_example_of_a_criterion_scores_networks():
    fitted, images = checkpoint(), uint8_images(60)
    example = f"sharp={ROOT / 'docs' / 'examples' / 'sharp.py'}:score"
    found, means = scored(fitted, [example, "obd_empirical"], images, (1, "study"))
    weight = fitted.arrays["2.weight"]
    passed = np.abs(weight * means["2"].numpy())
    np.testing.assert_allclose(found["sharp/2"], (found["obd_empirical/2"] + passed) / 2, rtol=1e-5)


def test_the_example_of_an_effect_keeps_norms_and_mean_outputs():
    fitted, images = checkpoint(), uint8_images(60)
    parameters = fitted.parameters(torch.device("cpu"))
    kept = {n: torch.from_numpy(each) for n, each in masks(fitted.network, 3).items()}
    measured = input_moments(fitted.network, parameters, fitted.scaling, images)
    means = {layer: mean for layer, (mean, _) in measured.items()}
    own = {"rescale": f"{ROOT / 'docs' / 'examples' / 'rescale.py'}:rescale"}
    after = effects.apply("rescale", fitted.network, parameters, kept, means, own=own)
    for layer in fitted.network.weighted:
        weight, changed = (each[f"{layer.name}.weight"] for each in (parameters, after))
        assert (changed[~kept[layer.name]] == 0).all()
        some = kept[layer.name].any(2)  # of a unit that keeps nothing, nothing can be scaled
        torch.testing.assert_close(changed.norm(dim=2), weight.norm(dim=2) * some)
        none = torch.zeros(3, layer.shape[0])
        bias, moved = (each.get(f"{layer.name}.bias", none) for each in (parameters, after))
        mean = means[layer.name]
        torch.testing.assert_close(
            (changed * mean).sum(2) + moved, (weight * mean).sum(2) + bias, rtol=1e-4, atol=1e-5
        )


def table(heading):
    """Return the first column of a table of docs/extending.md, and the second."""
    [rows] = re.findall(rf"\| {heading} \|[^\n]*\n\|[-|]+\n((?:\|.*\n)+)", EXTENDING)
    cells = [row.strip("| ").split(" | ", 1) for row in rows.splitlines()]
    return {name.strip("`"): text for name, text in cells}


def test_extending_lists_the_statistics_and_the_criteria():
    assert table("parameter") == needs.STATISTICS
    assert list(table("criterion")) == list(needs.built_in())
    described = dict(list(effect_needs.PARAMETERS.items())[2:])
    assert table("parameter of an effect") == described


CODE = (".py", ".smk")
MADE_UP = {
    "path/to/file.py",
    "nets/resnet.py",
    "helper.py",
    "alone.py",
    "out.py",
    "smaller.py",
    "workflow/scripts/sharpness.py",
}
"""Code that a reader would write."""


def sources():
    """Yield the pages and all that has comments beside the tests' own."""
    yield from (*PAGES, ROOT / "Snakefile", ROOT / "Makefile", ROOT / "config.yaml")
    for folder in ("workflow", "tools", "bench", "config", "envs", "profiles"):
        for suffix in (".py", ".smk", ".yaml", ".js"):
            found = (ROOT / folder).rglob(f"*{suffix}")
            yield from (path for path in found if ".min." not in path.name)  # somebody else's


def test_files_and_tests_that_pages_and_comments_name_are_there():
    folders = [ROOT / name for name in ("workflow", "tools", "bench", "docs", "tests")]
    tree = [path for folder in folders for path in folder.rglob("*.*") if path.suffix in CODE]
    there = {"/".join(path.parts[-depth:]) for path in tree for depth in range(1, 6)}
    functions = {
        name for path in tree for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))
    }
    lost = set()
    for path in sources():
        text = path.read_text(encoding="utf-8")
        named = re.findall(r"(?<![\w./*<>-])((?:[\w.-]+/)*[\w-]+\.(?:py|smk))\b", text)
        tests = re.findall(r"`(test_\w+)`", text) if path in PAGES else []
        lost |= {(path.name, name) for name in named if name not in there | MADE_UP}
        lost |= {(path.name, name) for name in tests if name not in functions}
    assert not lost


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_places_that_a_page_for_contributors_names_are_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w.-]+/[\w./-]+\.\w+|[\w-]+/[\w/-]+/)`", text)) - MADE_UP
    places = (ROOT, ROOT / "workflow", ROOT / "workflow" / "prunescape")
    assert len(named) > 10
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_tables_of_the_code_that_a_page_for_contributors_names_are_there(page):
    named = set(re.findall(r"`(_?[A-Z][A-Z_]{2,})`", (ROOT / page).read_text(encoding="utf-8")))
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources() if path.suffix == ".py")
    code += (ROOT / "tests" / "helpers" / "workplace.py").read_text(encoding="utf-8")
    assert named
    assert {name for name in named if not re.search(rf"\b{name}\b", code)} == set()


def test_the_gallery_has_each_figure_with_its_question_its_line_and_its_picture():
    page = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[(\w+)\]\(#\1\) \| ", page, re.M) == [
        section.partition("\n")[0] for section in page.split("\n## ")[1:]
    ]
    sections = {text.partition("\n")[0]: text for text in page.split("\n## ")[1:]}
    assert sections.keys() == {"forest", *kinds.KINDS}
    for kind, text in sections.items():
        assert re.search(r"^\*\*[A-Z].+\?\*\* ", text, re.M), kind
        assert kind == "forest" or f"`figures: [{kind}]`" in text
        [picture] = re.findall(r"^!\[.+\]\((.+)\)$", text, re.M)
        assert (ROOT / "docs" / picture).exists()


@pytest.mark.parametrize(
    "path", sorted((ROOT / "workflow" / "report").glob("*.rst")), ids=lambda path: path.stem
)
def test_captions_are_clean_restructured_text(path):
    text = path.read_text(encoding="utf-8")
    # Snakemake fills in what stands in braces; what is included is there after a run.
    text = re.sub(r"{%.*?%}|{{.*?}}", "x", text, flags=re.DOTALL)
    text = re.sub(r"^\.\. include::.*$", "", text, flags=re.MULTILINE)
    docutils.core.publish_doctree(text, settings_overrides={"halt_level": 2, "report_level": 5})


def test_every_shipped_configuration_is_described():
    described = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    shipped = {path.name for path in (ROOT / "config").glob("*.yaml")}
    assert set(re.findall(r"`(\w+\.yaml)`", described)) - {"config.yaml"} == shipped
