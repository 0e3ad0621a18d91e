"""However many cores there are, results have the same bytes, and more of them rerun nothing."""

import pytest

from tests.helpers.workplace import RUN, Workplace

pytestmark = pytest.mark.slow

PLACE = f"{RUN}/graves/digits/logistic"
CHECKPOINTS = [
    f"{PLACE}/{fit}/r1-2/{stage}/checkpoint.safetensors"
    for fit, stage in (("point", "train"), ("vi", "fit_variational"))
]


def bytes_of(place: Workplace) -> list[bytes]:
    return [(place.root / name).read_bytes() for name in CHECKPOINTS]


def test_more_cores_train_the_same_networks_and_rerun_nothing(tmp_path):
    few = Workplace.fresh(tmp_path / "few")
    more = Workplace.fresh(tmp_path / "more")
    assert few.snakemake("--cores", "2", *CHECKPOINTS).status == 0
    done = more.snakemake("--cores", "4", *CHECKPOINTS)
    assert done.status == 0, done.output
    assert done.output.count("threads: 2") == 2, done.output
    assert bytes_of(more) == bytes_of(few)
    for cores in (["1"], ["16"], ["16", "--max-threads", "1"]):
        assert more.planned("--cores", *cores, *CHECKPOINTS) == []
