"""Distillation: torch's divergence, teachers by replicate, and a plain loop."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from prunescape.fitting import parallel_training, training
from prunescape.optimising import distillation
from prunescape.optimising.distillation import Teacher
from tests.helpers.factories import checkpoint

SETTINGS = {"temperature": 3.0, "weight": 0.7}
FITTED = checkpoint(
    [{"kind": "linear", "units": 6}, {"kind": "tanh"}, {"kind": "linear", "units": 10}],
    replicates=[1, 2, 3],
)
TEACHER = Teacher(FITTED.network, FITTED.parameters("cpu"), FITTED.replicates)
DRAW = np.random.default_rng(4)
IMAGES = torch.from_numpy(DRAW.integers(0, 255, (40, 1, 8, 8), dtype=np.uint8))
LABELS = torch.from_numpy(DRAW.integers(0, 10, 40))


def drawn(*shape):
    return torch.from_numpy(DRAW.normal(0, 2, shape)).float()


def test_the_divergence_is_torch_s_times_the_squared_temperature():
    student, teacher = drawn(3, 5, 10), drawn(3, 5, 10)
    found = distillation.divergence(student, teacher, 3.0)
    for member in range(3):
        inputs = (student[member] / 3).log_softmax(1)
        plain = F.kl_div(inputs, (teacher[member] / 3).softmax(1), reduction="batchmean")
        assert found[member].item() == pytest.approx(9 * plain.item(), rel=1e-5)
    same = distillation.divergence(student, student + 1.5, 3.0)
    np.testing.assert_allclose(same, 0, atol=1e-5)


def test_a_teacher_answers_for_the_replicates_that_are_left():
    images = drawn(3, 5, 1, 8, 8)
    everyone = TEACHER.logits(images)
    assert torch.equal(TEACHER.of([2, 3]).logits(images[1:]), everyone[1:])
    assert torch.equal(TEACHER.of([3, 1]).logits(images[[2, 0]]), everyone[[2, 0]])
    one = FITTED.network.logits(images, FITTED.parameters("cpu"))
    assert torch.equal(everyone, one)


def trained(replicates, processes=0, **changes):
    settings = {
        "objective": {"kind": "likelihood", "distillation": SETTINGS},
        "optimiser": {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.0},
        "initial_weights": {"distribution": "he_uniform"},
        "batch_size": 8,
        "epochs": 2,
    } | changes
    teacher = TEACHER.of(list(dict.fromkeys(replicates)))
    given = (FITTED.network, FITTED.scaling, IMAGES, LABELS, settings, (1, "study"), replicates)
    if processes:
        return parallel_training.fit(*given, processes=processes, teacher=teacher)
    return training.fit(*given, teacher=teacher, shown=False)


def test_training_is_that_of_a_plain_loop():
    found = trained([2])
    begun = training.fit(
        FITTED.network,
        FITTED.scaling,
        IMAGES,
        LABELS,
        {
            "objective": {"kind": "likelihood"},
            "optimiser": {"kind": "sgd", "learning_rate": 1e-30, "momentum": 0.0},
            "initial_weights": {"distribution": "he_uniform"},
            "batch_size": 40,
            "epochs": 1,
        },
        (1, "study"),
        [2],
        shown=False,
    )
    names = ["1.weight", "1.bias", "2.weight", "2.bias"]
    own = [torch.tensor(begun.arrays[name][0], requires_grad=True) for name in names]
    wise = [torch.from_numpy(FITTED.arrays[name][1]) for name in names]
    scaled = FITTED.scaling(IMAGES).flatten(1)

    def logits(parameters, inputs):
        w1, b1, w2, b2 = parameters
        return F.linear(torch.tanh(F.linear(inputs, w1, b1)), w2, b2)

    for epoch in range(2):
        order = training.batch_order(40, (1, "study"), [2], epoch)[0]
        for chosen in order.split(8):
            student = logits(own, scaled[chosen])
            target = (logits(wise, scaled[chosen]) / 3).softmax(1)
            soft = F.kl_div((student / 3).log_softmax(1), target, reduction="batchmean")
            loss = 0.3 * F.cross_entropy(student, LABELS[chosen]) + 0.7 * 9 * soft
            for each, slope in zip(own, torch.autograd.grad(loss, own), strict=True):
                each.data -= 0.1 * slope
    for name, plain in zip(names, own, strict=True):
        np.testing.assert_allclose(found.arrays[name][0], plain.detach(), atol=1e-5)


def test_bits_depend_on_no_company_and_no_processes():
    together = trained([1, 2, 3, 1, 2, 3])
    alone = trained([2])
    spread = trained([1, 2, 3, 1, 2, 3], processes=2)
    for name, array in together.arrays.items():
        np.testing.assert_array_equal(array[1], alone.arrays[name][0])
        np.testing.assert_array_equal(array[4], alone.arrays[name][0])
        np.testing.assert_array_equal(array, spread.arrays[name])


def test_mixed_images_are_shown_to_the_teacher_as_they_are():
    found = trained([1], augmentation={"mixup": {"alpha": 0.4}})
    assert not np.array_equal(found.arrays["1.weight"], trained([1]).arrays["1.weight"])
    assert np.isfinite(found.arrays["1.weight"]).all()
