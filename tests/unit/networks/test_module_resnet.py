"""ResNet-20 in a file of the user, on random images of CIFAR-10's shape, through every stage."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import update_bn

from prunescape.evaluation import evaluating
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.fitting.initial_weights import initial_weights
from prunescape.pruning import arm_masks, retraining, selection
from prunescape.scoring import input_moments, ranking
from tests.helpers import factories, own_networks
from tests.helpers.own_networks import LIKELIHOOD, RESNET20, SHAPES, VARIATIONAL

IMAGE = SHAPES[RESNET20]
IMAGES, LABELS = factories.uint8_images(16, IMAGE), factories.classes(16, 10)
ROOT = (1, "study")
CPU = torch.device("cpu")


def fitted(settings, start=None):
    return own_networks.fitted(RESNET20, IMAGES, LABELS, settings, start)


@pytest.fixture(scope="module")
def point():
    return fitted(LIKELIHOOD)


@pytest.fixture(scope="module")
def posterior(point):
    return fitted(VARIATIONAL, point)


def measured(checkpoint):
    parameters = checkpoint.parameters(CPU)
    return input_moments.input_moments(checkpoint.network, parameters, checkpoint.scaling, IMAGES)


def evaluated(checkpoint, retrained, packed, arm, means):
    found = evaluating.cases(
        checkpoint, retrained, packed, arm, [[("none", "0"), ("gaussian", "0.3")]]
    )
    stream = (1, "random")
    return evaluating.rows(found, means, IMAGES, LABELS, stream, trained_on=IMAGES)


def test_training_moves_weights_norms_and_running_statistics(point):
    network = point.network
    start = initial_weights(network, LIKELIHOOD["initial_weights"], ROOT, [1, 2])
    for name in network.shapes:
        assert np.isfinite(point.arrays[name]).all()
        assert (point.arrays[name] != start[name]).any()
    assert (point.arrays["own.norm.num_batches_tracked"] == 2).all()
    assert (point.arrays["own.norm.running_mean"][0] != 0).all()
    assert (
        point.arrays["own.norm.running_mean"][0] != point.arrays["own.norm.running_mean"][1]
    ).all()


def test_every_prunable_weight_gets_a_posterior_and_nothing_else(posterior):
    sigmas = {name for name in posterior.arrays if name.endswith(".sigma")}
    assert sigmas == {f"{layer.name}.weight.sigma" for layer in posterior.network.weighted}
    assert len(sigmas) == 20
    assert all((posterior.arrays[name] > 0).all() for name in sigmas)
    assert {name for name in posterior.arrays if name.endswith(".rho")} == set()


def test_checkpoints_come_back_from_disk(posterior, tmp_path):
    posterior.save(tmp_path / "checkpoint.safetensors")
    loaded = Checkpoint.load(tmp_path / "checkpoint.safetensors")
    assert loaded.layers == RESNET20
    for name, array in posterior.arrays.items():
        assert np.array_equal(loaded.arrays[name], array)
    other = tmp_path / "other.safetensors"
    other.write_bytes(
        (tmp_path / "checkpoint.safetensors").read_bytes().replace(b":resnet20", b":resnet21")
    )
    with pytest.raises(ValueError, match=r"resnet.py defines no resnet21 "):
        Checkpoint.load(other)


@pytest.mark.parametrize("scope", ["global", "layer", "input_unit"])
def test_masks_are_exact_and_zeros_stay_zeros_in_retraining(point, scope):
    found = measured(point)
    scores = ranking.scores(
        point, ["magnitude", "magnitude_x_std", "random"], LIKELIHOOD, IMAGES, LABELS, found, ROOT
    )
    arms = [("magnitude", scope, 0), ("magnitude_x_std", scope, 0), ("random", scope, 0)]
    packed = arm_masks.masks(scores, arms, "exact_k", "0.90", ROOT, [1, 2])
    shapes = {layer.name: layer.shape for layer in point.network.weighted}
    kept = selection.unpack(arm_masks.layers_of(packed, "magnitude", scope), shapes)
    for r in range(2):
        own = [mask[r] for mask in kept.values()]
        columns = [mask.reshape(*mask.shape[:2], -1).transpose(1, 0, 2) for mask in own[:-1]]
        groups = {
            "global": [np.concatenate([mask.ravel() for mask in own])],
            "layer": own,
            "input_unit": [column.all((1, 2)) for column in columns],
        }
        for group in groups[scope]:
            assert int(group.sum()) == group.size - int(0.9 * group.size + 0.5)
        if scope == "input_unit":
            assert own[-1].all()
            assert all((column.all((1, 2)) == column.any((1, 2))).all() for column in columns)
    trained = [retraining.Trained("magnitude", scope, "zero", "0.90")]
    trained.append(retraining.Trained("none", "none", "none", "0"))
    after = retraining.retrain(
        point, trained, {"0.90": packed}, IMAGES, LABELS, LIKELIHOOD, ROOT, 1
    )
    pruned = after.of_arm("magnitude", scope)
    for layer, mask in kept.items():
        assert not pruned.arrays[f"{layer}.weight"][~mask].any()
    assert (after.arrays["own.norm.num_batches_tracked"] == 4).all()
    arm = {"criterion": "magnitude", "scope": scope, "selection": "exact_k"}
    arm |= {"within": [scope], "schedule": "again", "effects": ["zero"], "points": [(0, "0.90")]}
    rows = evaluated(point, [after], [(packed, [1, 2])], arm, {})
    assert len(rows) == 4  # replicates, clean and noisy
    for row in rows:
        assert row["kept_weights"] == sum(int(m[row["replicate"] - 1].sum()) for m in kept.values())
        assert row["revived_weights"] == 0
        assert np.isfinite(row["nll"])


def test_posteriors_are_pruned_compensated_and_recalibrated(posterior):
    found = measured(posterior)
    scores = ranking.scores(
        posterior, ["snr", "log_alpha"], VARIATIONAL, IMAGES, LABELS, found, ROOT
    )
    packed = arm_masks.masks(scores, [("snr", "global", 0)], "exact_k", "0.50", ROOT, [1, 2])
    arm = {"criterion": "snr", "scope": "global", "selection": "exact_k", "schedule": "oneshot"}
    arm |= {"within": ["global"], "points": [(0, "0.50")]}
    arm["effects"] = ["zero", "compensate", "recalibrate"]
    rows = evaluated(posterior, [], [(packed, [1, 2])], arm, input_moments.means(found))
    assert len(rows) == 12
    second = [row for row in rows if row["replicate"] == 2 and row["noise"] == "none"]
    nll = {row["effect"]: row["nll"] for row in second}
    assert len(set(nll.values())) == 3
    assert {row["sparsity_actual"] for row in rows} == {0.5}
    # The last one by hand: the user's module, its masks, torch's own way of measuring anew.
    module, inputs = own_networks.alone(posterior, 1), posterior.scaling(IMAGES)
    shapes = {layer.name: layer.shape for layer in posterior.network.weighted}
    kept = selection.unpack(arm_masks.layers_of(packed, "snr", "global"), shapes)
    with torch.no_grad():
        for layer in posterior.network.weighted:
            weight = module.get_parameter(f"{layer.path}.weight")
            weight.mul_(torch.from_numpy(kept[layer.name][1]))
        update_bn([inputs], module)
        expected = cross_entropy(module.eval()(inputs), LABELS)
    assert nll["recalibrate"] == pytest.approx(float(expected), rel=1e-5)


def test_a_logit_is_that_of_torch_with_the_pruned_weights(point):
    """The user's own module, loaded with the checkpoint, says the same."""
    inputs = point.scaling(IMAGES)
    logits = point.network.logits(inputs[None], point.parameters(CPU))[1]
    with torch.no_grad():
        expected = own_networks.alone(point, 1)(inputs)
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-4)
