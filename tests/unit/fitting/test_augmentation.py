"""Augmented images are torchvision's, or those of the papers' codes, from a replicate's streams."""

import numpy as np
import torch
from torch.nn.functional import one_hot

from prunescape.data import torchvision_import
from prunescape.fitting.augmentation import Augmentation, Draws, cut_out
from prunescape.optimising.interfaces import Batch
from prunescape.optimising.objectives import batch_loss

torchvision_import.load()

from torchvision.transforms import v2  # noqa: E402 (after its operators are declared)
from torchvision.transforms.v2 import functional  # noqa: E402

ALL = {
    "crop": {"padding": 4},
    "flip": True,
    "cutout": {"size": 6},
    "mixup": {"alpha": 0.3},
}
ROOT = (1, "study")


def images(members=2, size=9, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (members, size, 3, 12, 10)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def draws(settings, replicates=(1, 2), epoch=0, count=9, steps=1):
    return Augmentation(settings, ROOT).draw(replicates, epoch, count, steps, (12, 10))


def test_crops_and_flips_are_torchvisions():
    settings, given = {"crop": {"padding": 3}, "flip": True}, images()
    drawn = draws(settings)
    found = Augmentation(settings, ROOT).moved(given, drawn)
    assert found.dtype == torch.uint8
    assert drawn.flips.any()
    assert not drawn.flips.all()
    for member in range(2):
        for number in range(9):
            top, left = drawn.crops[member, number].tolist()
            expected = functional.crop(
                functional.pad(given[member, number], [3, 3]), top, left, 12, 10
            )
            if drawn.flips[member, number]:
                expected = functional.horizontal_flip(expected)
            assert torch.equal(found[member, number], expected)


def test_a_square_is_cut_out_as_in_the_papers_code():
    given = images().float() - 128
    centres = draws({"cutout": {"size": 6}}, count=9).holes
    for size in (6, 5, 40):
        expected = given.clone()
        for member, number in np.ndindex(2, 9):
            y, x = centres[member, number].tolist()
            first, last = max(y - size // 2, 0), min(y + size // 2, 12)
            left, right = max(x - size // 2, 0), min(x + size // 2, 10)
            expected[member, number, :, first:last, left:right] = 0.0
        assert torch.equal(cut_out(given, centres, size), expected)


def test_mixed_images_and_their_loss_are_torchvisions():
    given = images().float() / 255
    labels = torch.arange(18).remainder(5).reshape(2, 9)
    shares = torch.tensor([0.3, 0.9], dtype=torch.float64)
    batch = Augmentation({"mixup": {"alpha": 1.0}}, ROOT).mixed(
        Batch(given, labels), Draws(None, None, None, shares)
    )
    logits = torch.randn(2, 9, 5, generator=torch.Generator().manual_seed(1))
    losses = batch_loss(logits, batch, smoothing=0.1)
    mixup = v2.MixUp(num_classes=5)
    for member, share in enumerate(shares.tolist()):
        params = {"lam": share, "labels": labels[member], "batch_size": 9}
        mixed = mixup.transform(given[member], params)
        torch.testing.assert_close(batch.images[member], mixed, rtol=1e-6, atol=1e-6)
        soft = one_hot(labels[member], 5).float()
        soft = share * soft + (1 - share) * soft.roll(1, 0)
        torch.testing.assert_close(
            losses[member],
            torch.nn.functional.cross_entropy(logits[member], soft, label_smoothing=0.1),
            rtol=1e-6,
            atol=1e-6,
        )


def test_draws_are_a_replicates_own_and_every_epochs():
    together, alone = draws(ALL, (1, 2, 3), steps=3), draws(ALL, (2,), steps=3)
    for all_of_them, own in zip(together, alone, strict=True):
        assert torch.equal(all_of_them[1], own[0])
        assert not torch.equal(all_of_them[0], all_of_them[1])
    assert not torch.equal(together.crops[0], draws(ALL, (1,), epoch=1).crops[0])
    # One kind's numbers don't depend on whether another is asked for.
    assert torch.equal(draws({"flip": True}).flips, together.flips[:2])


def test_draws_are_spread_as_they_should_be():
    drawn = draws(ALL, (1,), count=20_000, steps=20_000)
    assert drawn.crops.min() == 0
    assert drawn.crops.max() == 8
    assert abs(drawn.crops.double().mean() - 4) < 0.05
    assert abs(drawn.flips.double().mean() - 0.5) < 0.02
    assert drawn.holes.amax((0, 1)).tolist() == [11, 9]
    # Beta(a, a) has variance 1 / (4 (2 a + 1)).
    assert abs(drawn.shares.var() - 1 / (4 * 1.6)) < 0.01


def test_a_step_has_the_numbers_of_its_images():
    drawn = draws(ALL, count=9, steps=3)
    last = drawn.of_step(2, 4)
    assert torch.equal(last.crops, drawn.crops[:, 8:])
    assert torch.equal(last.shares, drawn.shares[:, 2])
    assert draws({}).of_step(0, 4) == (None, None, None, None)


def test_without_settings_nothing_is_done():
    given = images()
    nothing = Augmentation({}, ROOT)
    assert nothing.moved(given, draws({})) is given
    batch = Batch(given.float(), torch.zeros(2, 9, dtype=torch.long))
    assert nothing.mixed(batch, draws({}))[:2] == batch[:2]
