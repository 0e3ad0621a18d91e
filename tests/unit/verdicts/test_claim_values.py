"""What a claim reads of a table: values, replicates, the smallest step of a value."""

import numpy as np
import pytest

from prunescape.evaluation import table
from prunescape.verdicts import claim_files, claim_values
from tests.helpers.evaluations import dense, record, row


def parts(rows, diverged=(), **statistic):
    stated = claim_files.Claim(
        id="c1",
        study="graves",
        origin="this project",
        source="prunescape",
        statement="Something.",
        statistic={"measure": "accuracy", "of": {"criterion": "none"}} | statistic,
        comparison="<=",
        margin=1.0,
    )
    return claim_values.parts({"scores": table.assemble([record(*rows)])}, stated, diverged)


def replicates(make, *numbers, **columns):
    return [make(replicate=r, n_correct=9000 + r, **columns) for r in numbers]


def test_values_are_differences_of_the_replicates_that_both_sides_have():
    rows = replicates(dense, 1, 2, 3, 4) + replicates(row, 1, 3, n_images=20_000)
    [part] = parts(rows, diverged={2}, minus={"criterion": "snr"})
    assert part.replicates.tolist() == [1, 3]
    right = np.array([9001, 9003])
    assert part.values == pytest.approx(right / 100 - right / 200)
    # The other side has replicates up to 3, 2 of which diverged.
    assert (part.reached, part.missing(3), part.missing(1)) == (3, [2], [])
    assert part.first(1) == pytest.approx(part.values[:1])


def test_a_gap_that_no_training_explains_is_an_error():
    with pytest.raises(ValueError, match=r"claim c1: .*no rows for replicates \[2\] with .*none"):
        parts(replicates(dense, 1, 3))
    assert parts(replicates(dense, 1, 3), diverged={2})[0].reached == 3
    assert parts(replicates(dense, 1, 3), diverged={2, 4})[0].reached == 4


@pytest.mark.parametrize(
    ("measure", "resolution"),
    [("accuracy", 0.01), ("error", 0.01), ("n_correct", 1), ("nll", 0)],
)
def test_the_resolution_is_one_image(measure, resolution):
    [part] = parts(replicates(dense, 1, 2), measure=measure)
    assert part.resolution == pytest.approx(resolution)


def test_each_part_has_its_filters_in_words():
    rows = [*replicates(row, 1), *replicates(row, 1, level=0.7), *replicates(dense, 1)]
    several = {"of": {"criterion": "snr"}, "each": {"level": ["0.70", "0.90"]}}
    assert [part.label for part in parts(rows, **several)] == ["level 0.70", "level 0.90"]
    assert parts(rows)[0].label == ""


def test_averages_over_samples_are_read_only_where_they_are_named():
    rows = replicates(dense, 1, 2)
    rows += [each | {"n_correct": 8000, "accuracy": 0.8, "prediction": "sampled"} for each in rows]
    [means] = parts(rows)
    [averages] = parts(rows, of={"criterion": "none", "prediction": "sampled"})
    assert means.values.tolist() == [90.01, 90.02]
    assert averages.values.tolist() == [80, 80]
