"""Runs in conda environments: their files as they are, made by a stand-in for conda.

Real conda and conda-forge are not here; see the stand-in.
"""

import os
import sys
from pathlib import Path

import pytest

from tests.helpers import channel
from tests.helpers.workplace import RUN, Workplace

pytestmark = pytest.mark.slow

STANDIN = Path(__file__).parent / "standin"
ENVIRONMENTS = ("images", "numpy", "table", "torch")


@pytest.fixture(scope="module")
def conda(tmp_path_factory) -> dict[str, str]:
    """Return the variables with which the stand-in is found, and its channel."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the environments ask for Python 3.11, and this channel has only our own")
    if not channel.can_be_packed():
        pytest.skip("Debian's Python lies in several folders, of which no package can be made")
    folder = tmp_path_factory.mktemp("conda")
    channel.build(folder / "channels" / "conda-forge", folder / "staged")
    path = [str(STANDIN / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    return {
        "PATH": os.pathsep.join(path),
        "STANDIN_PYTHON": sys.executable,
        "CONDA_CHANNEL_ALIAS": (folder / "channels").as_uri(),
        "CONDA_PKGS_DIRS": str(folder / "packages"),
    }


def test_a_run_in_conda_environments_makes_the_same_table(conda, tmp_path):
    place = Workplace.fresh(tmp_path / "here")
    plain = place.copy(tmp_path / "plain")

    done = place.snakemake("--sdm", "conda", **conda)

    assert done.status == 0, done.output
    assert plain.snakemake(f"{RUN}/scores.csv").status == 0
    table = f"{RUN}/scores.csv"
    assert (place.root / table).read_bytes() == (plain.root / table).read_bytes()
    # One environment for each file; each rule ran in its own: its Python has what the file lists.
    made = sorted((place.root / ".snakemake" / "conda").glob("*.yaml"))
    assert len(made) == len(ENVIRONMENTS)
    for file in made:
        listed = {line.strip(" -").split("==")[0] for line in file.read_text().splitlines()}
        script = "import importlib.metadata as m; print(*(d.name for d in m.distributions()))"
        has = place.run(str(file.with_suffix("") / "bin" / "python"), "-c", script).output.split()
        assert ("torch" in has) == ("torch" in listed)
        assert ("pandas" in has) == ("pandas" in listed)
        assert "snakemake" not in has
    # What is there is not made again, with or without conda.
    assert place.planned("--sdm", "conda", **conda) == []
