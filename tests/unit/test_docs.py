"""The Python examples of the pages run, and links between pages lead somewhere."""

import re
from pathlib import Path

import pytest
import yaml
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from prunescape import configuration, plan

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_examples_run(page):
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, page.name, "exec"), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_configurations_are_valid(page):
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"```yaml\n(# \w+\.yaml\n.*?)```", text, re.DOTALL):
        config = load_configfile(ROOT / "config.yaml")
        update_config(config, yaml.safe_load(block))
        configuration.validate(config)
        assert list(plan.keys(config))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
