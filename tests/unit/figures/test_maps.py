"""Numbers behind the maps: winners and ties, potentials, layers, compression, networks."""

import pandas as pd
import pytest

from prunescape.figures import (
    error_compression,
    layer_allocation,
    network_noise,
    noise_surface,
    prune_potential,
    winner_map,
)
from prunescape.report import intervals, published_networks
from tests.helpers.figure_rows import DENSE, replicates, row, scores
from tests.helpers.places import ROOT

LITERATURE = ROOT / "workflow/resources/literature.csv"


def at(criterion, accuracies, level=0.9, **changes):
    return replicates(accuracies, criterion=criterion, level=level, kept=100, **changes)


def winners(*arms):
    found = winner_map.numbers(scores([*DENSE, *(each for arm in arms for each in arm)]))
    return list(found["criterion"]), found


def test_a_criterion_that_is_better_on_every_replicate_by_the_same_wins_alone():
    # Paired: the replicates differ by ten points, the criteria by one.
    names, found = winners(
        at("snr", [0.51, 0.61, 0.7101]), at("magnitude", [0.5, 0.6, 0.7]), at("g", [0.4, 0.5, 0.61])
    )
    assert names == ["snr"]
    assert found.iloc[0][["winners", "criteria", "n"]].tolist() == [1, 3, 3]
    assert found.iloc[0]["mean"] == pytest.approx(61.0033, abs=1e-3)


def test_what_cannot_be_told_apart_from_the_best_ties_and_the_rest_does_not():
    names, _ = winners(
        at("snr", [0.50, 0.60, 0.70]), at("magnitude", [0.51, 0.58, 0.70]), at("g", [0.4, 0.5, 0.6])
    )
    assert names == ["snr", "magnitude"]


def test_holm_counts_the_criteria_of_a_cell():
    best, other = [0.60, 0.61, 0.62], [0.59, 0.59, 0.605]
    assert intervals.paired(best, other).p == pytest.approx(0.035, abs=0.001)
    assert winners(at("snr", best), at("magnitude", other))[0] == ["snr"]
    # Three such tests: the smallest p counts three times.
    others = [at(name, other) for name in ("magnitude", "hg", "g")]
    assert winners(at("snr", best), *others)[0] == ["snr", "magnitude", "hg", "g"]


def test_one_replicate_decides_nothing():
    rows = [row(0.9, criterion="snr", level=0.5), row(0.1, criterion="magnitude", level=0.5)]
    assert len(winner_map.numbers(scores([row(0.9), *rows]))) == 2


def test_noise_has_cells_of_its_own_and_begins_with_clean_images():
    noise = {"noise": "grey_raw", "noise_level": 0.3}
    rows = at("snr", [0.5, 0.6, 0.7]) + at("magnitude", [0.4, 0.5, 0.61])
    rows += at("snr", [0.2, 0.3, 0.4], **noise) + at("magnitude", [0.3, 0.4, 0.51], **noise)
    found = winner_map.numbers(scores(DENSE + rows))
    cells = found[["noise", "noise_level", "criterion"]].to_numpy().tolist()
    assert cells == [["grey_raw", 0.0, "snr"], ["grey_raw", 0.3, "magnitude"]]


def test_a_surface_has_the_dense_network_as_its_first_column():
    noise = {"noise": "grey_raw", "noise_level": 0.3}
    rows = at("snr", [0.5, 0.6, 0.7]) + at("snr", [0.2, 0.3, 0.4], **noise)
    rows += replicates([0.7, 0.8, 0.9], **noise)
    found = noise_surface.numbers(scores(DENSE + rows)).sort_values(["level", "noise_level"])
    assert found[["level", "noise_level"]].to_numpy().tolist() == [
        *([0, 0], [0, 0.3], [0.9, 0], [0.9, 0.3]),
    ]
    assert found["mean"].tolist() == pytest.approx([92, 80, 60, 30])


def test_potential_ends_at_the_first_level_that_loses_more_than_a_point():
    def levels(*accuracies):
        return [
            row(accuracy, criterion="snr", level=level, kept=round(1000 * (1 - level)))
            for level, accuracy in zip((0.5, 0.7, 0.9), accuracies, strict=True)
        ]

    def potential(*accuracies):
        return prune_potential.numbers(scores([row(0.92), *levels(*accuracies)]))["mean"].item()

    assert potential(0.92, 0.91, 0.80) == pytest.approx(30)  # exactly a point is within it
    assert potential(0.92, 0.90, 0.92) == pytest.approx(50)  # what recovers later does not count
    assert potential(0.93, 0.92, 0.92) == pytest.approx(10)
    assert potential(0.90, 0.92, 0.92) == pytest.approx(100)


def test_potential_is_of_replicates_that_have_every_level():
    rows = [row(0.92, replicate=r) for r in (1, 2, 3)]
    # Replicate 2 diverged at the first level, and replicate 3 at the last.
    for level, kept, there in ((0.5, 500, (1, 3)), (0.9, 100, (1, 2))):
        rows += [row(0.92, criterion="snr", level=level, kept=kept, replicate=r) for r in there]
    found = prune_potential.numbers(scores(rows))
    assert found[["mean", "n"]].to_numpy().tolist() == [[10, 1]]


def test_potential_compares_with_the_dense_network_under_the_same_noise():
    noise = {"noise": "grey_raw", "noise_level": 0.4}
    rows = [row(0.92), row(0.40, **noise)]
    rows += [row(0.5, criterion="snr", level=0.9, kept=100)]
    rows += [row(0.5, criterion="snr", level=0.9, kept=100, **noise)]
    found = prune_potential.numbers(scores(rows))
    assert found[["noise_level", "mean"]].to_numpy().tolist() == [[0.4, 10.0], [0.0, 100.0]]


def test_a_layer_is_measured_against_its_own_size():
    dense = [row(0.9, replicate=i, kept_by_layer="800 200") for i in (1, 2)]
    arm = {"criterion": "magnitude", "level": 0.9, "kept": 100}
    rows = [
        row(0.8, replicate=1, kept_by_layer="90 10", **arm),
        row(0.8, replicate=2, kept_by_layer="80 20", **arm),
    ]
    folded = [{**each, "effect": "compensate"} for each in rows]  # the same masks again
    found = layer_allocation.numbers(scores([*dense, *rows, *folded]))
    assert found["layer"].tolist() == [1, 2]
    assert found["mean"].tolist() == pytest.approx([(90 + 80) / 16, (10 + 20) / 4])
    assert found["kept_percent"].tolist() == [10, 10]


def test_compression_is_how_many_times_fewer_weights():
    rows = at("snr", [0.98, 0.97, 0.96])
    found = error_compression.numbers(scores(DENSE + rows))
    assert found[["compression", "mean"]].to_numpy().tolist() == [[10.0, pytest.approx(3)]]


def test_published_networks_stand_beside_the_same_architecture_and_data():
    known = error_compression.read(LITERATURE, study="sparse_vd")
    mnist = pd.DataFrame({"dataset": ["mnist"]})
    found = error_compression.published(known, "lenet_300_100", mnist)
    assert len(found) == 12
    assert found["compression"].is_monotonic_increasing
    assert len(error_compression.published(known, "lenet_5_caffe", mnist)) == 10
    assert error_compression.published(known, "logistic", mnist).empty
    assert error_compression.published(known, "lenet_300_100", mnist.replace("mnist", "x")).empty


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("method", "way", "columns"),
        ("quantised and coded", "all", "counts"),
        (",12.5,", ",0.5,", "compression >= 1"),
    ],
)
def test_a_faulty_file_of_literature_is_named(old, new, message, tmp_path):
    path = tmp_path / "literature.csv"
    path.write_text(LITERATURE.read_text().replace(old, new))
    with pytest.raises(ValueError, match=rf"literature.csv: .*{message}"):
        published_networks.read(path)


def test_networks_are_drawn_without_what_was_pruned_or_trained_on():
    noise = {"noise": "occlusion", "noise_level": 0.3}
    rows = DENSE + replicates([0.5, 0.6, 0.7], **noise)
    rows += replicates([0.1, 0.1, 0.1], schedule="fine", **noise) + at("snr", [0, 0, 0], **noise)
    found = network_noise.numbers(scores(rows))
    assert found[["noise_level", "mean"]].to_numpy().tolist() == [
        *([0.0, pytest.approx(92)], [0.3, pytest.approx(60)]),
    ]
