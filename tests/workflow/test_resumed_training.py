"""A long training that is killed near its end goes on there, and ends with the same bits."""

import re
import time

import pytest

from prunescape.foundations import files
from tests.helpers.workplace import LIMIT, RUN, Workplace, child, end, snakemake

CHECKPOINT = f"{RUN}/graves/digits/logistic/point/r1-2/train/checkpoint.safetensors"
EPOCHS = 80


@pytest.fixture
def longer(workplace: Workplace) -> Workplace:
    """A workplace whose training is longer, and is kept after every epoch, not every minute."""
    config = workplace.config()
    config["catalogue"]["graves"]["fits"]["point"]["epochs"] = EPOCHS
    workplace.configure(config)
    module = workplace.root / "workflow" / "prunescape" / "fitting" / "resuming.py"
    text = module.read_text(encoding="utf-8")
    assert "\nINTERVAL = 60.0\n" in text
    module.write_text(text.replace("INTERVAL = 60.0", "INTERVAL = 0.0"), encoding="utf-8")
    return workplace


def test_a_job_that_is_killed_near_its_end(longer, tmp_path):
    undisturbed = longer.copy(tmp_path / "undisturbed")
    done = undisturbed.snakemake(CHECKPOINT)
    assert done.status == 0, done.output

    process = longer.start(*snakemake(CHECKPOINT))
    kept = longer.root / f"{CHECKPOINT}.resume"
    try:
        limit = time.monotonic() + LIMIT
        while not kept.exists() or files.read_tensors(kept)[1]["epochs"] < 0.8 * EPOCHS:
            assert process.poll() is None
            assert time.monotonic() < limit
            time.sleep(0.01)
        child(process, "train").kill()
        output, _ = process.communicate(timeout=LIMIT)
    finally:
        end(process)

    assert process.returncode == 1, output
    assert not (longer.root / CHECKPOINT).exists()
    epochs = files.read_tensors(kept)[1]["epochs"]
    assert 0.8 * EPOCHS <= epochs < EPOCHS
    done = longer.snakemake(CHECKPOINT)
    assert done.status == 0, done.output
    log = (longer.root / f"{RUN}/logs{CHECKPOINT.removeprefix(RUN)}").with_suffix(".log")
    assert re.search(rf"^goes on after epoch {epochs} of {EPOCHS}$", log.read_text(), re.MULTILINE)
    assert (longer.root / CHECKPOINT).read_bytes() == (undisturbed.root / CHECKPOINT).read_bytes()
    assert not kept.exists()
