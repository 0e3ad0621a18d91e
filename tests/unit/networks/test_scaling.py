import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

from prunescape.foundations import files
from prunescape.networks import scaling as scaling_module
from prunescape.networks.scaling import Scaling, intensities
from tests.helpers.factories import uint8_images

KINDS = ["unit", "signed", "normalised", "raw", "standardised"]
ENDS = {"unit": (0, 1), "signed": (-1, 1), "normalised": (-0.42421, 2.82149), "raw": (0, 255)}


@pytest.mark.parametrize(("kind", "ends"), ENDS.items())
def test_black_and_white(kind, ends):
    grey = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1)
    scaled = Scaling.fit(kind, uint8_images(3))(grey)
    assert scaled.dtype == torch.float32
    assert scaled.flatten().tolist() == pytest.approx(ends, abs=1e-5)


@pytest.mark.parametrize("kind", ENDS)
def test_every_grey_equals_the_formula(kind):
    grey = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    scaling = Scaling.fit(kind, grey)
    exact = (np.arange(256) / 255 - scaling.shift.item()) / scaling.scale.item()
    np.testing.assert_allclose(scaling(grey).flatten(), exact, rtol=1e-6, atol=1e-6)
    # Bytes and intensities are two ways to say the same.
    np.testing.assert_allclose(scaling(intensities(grey)).flatten(), exact, rtol=1e-6, atol=1e-6)


def test_standardised_equals_scikit_learn_without_the_constant_pixels():
    digits = load_digits()
    images = torch.from_numpy((digits.images[:, None] * 255 / 16).round().astype(np.uint8))
    train, test = images[:1257], images[1257:]
    scaling = Scaling.fit("standardised", train)
    pixels = train.numpy().reshape(1257, 64) / 255.0
    varied = np.flatnonzero(pixels.std(axis=0) > 0)
    assert scaling.features.tolist() == varied.tolist()
    assert scaling.shape((1, 8, 8)) == (len(varied),)
    assert len(varied) < 64
    reference = StandardScaler().fit(pixels[:, varied])
    for part in (train, test):
        expected = reference.transform(part.numpy().reshape(len(part), 64)[:, varied] / 255.0)
        np.testing.assert_allclose(scaling(part), expected, atol=1e-4)
    scaled = scaling(train)
    assert scaled.mean(0).abs().max() < 1e-5
    np.testing.assert_allclose(scaled.std(0, correction=0), 1, rtol=1e-5)


@pytest.mark.parametrize("shape", [(1, 9, 9), (3, 7, 11), (1, 1, 1), (1, 1, 3)])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_large_images_are_standardised_by_the_same_bits(monkeypatch, shape, dtype):
    images = uint8_images(1437, shape)
    images = images if dtype == torch.uint8 else images / 255
    expected = Scaling.fit("standardised", images, torch.float64).arrays()
    monkeypatch.setattr(scaling_module.scratch, "IN_MEMORY", 1000)
    monkeypatch.setattr(scaling_module, "_STEP", 20_000)
    found = Scaling.fit("standardised", images, torch.float64).arrays()
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].tobytes() == values.tobytes()


@pytest.mark.parametrize("n", [1257, 1000, 3])
def test_a_constant_grey_pixel_is_dropped_whatever_the_grey(n):
    images = uint8_images(n, (1, 16, 16))
    images[:, 0, 1:] = torch.arange(15 * 16).view(15, 16).to(torch.uint8) + 7
    scaling = Scaling.fit("standardised", images)
    assert scaling.features.tolist() == list(range(16))


def test_features_are_taken_from_any_leading_axes():
    images = uint8_images(30, (2, 3, 3))
    images[:, 0, 0, 0] = 9
    scaling = Scaling.fit("standardised", images)
    assert scaling.features.tolist() == list(range(1, 18))
    by_batch = scaling(images.view(5, 6, 2, 3, 3))
    assert by_batch.shape == (5, 6, 17)
    assert torch.equal(by_batch.flatten(0, 1), scaling(images))


def test_images_without_any_variation_cannot_be_standardised():
    with pytest.raises(ValueError, match="every pixel of the training images is constant"):
        Scaling.fit("standardised", torch.full((5, 1, 4, 4), 37, dtype=torch.uint8))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("as_bytes", [True, False])
def test_images_are_left_as_they_were(kind, as_bytes):
    images = uint8_images(10) if as_bytes else uint8_images(10).float() / 255
    before = images.clone()
    scaling = Scaling.fit(kind, images)
    first = scaling(images)
    assert torch.equal(images, before)
    assert torch.equal(scaling(images), first)
    intensities(images)
    assert torch.equal(images, before)


def test_whole_images_keep_their_shape():
    scaling = Scaling.fit("signed", uint8_images(3))
    assert scaling.shape((1, 8, 8)) == (1, 8, 8)
    assert scaling(uint8_images(3)).shape == (3, 1, 8, 8)


def test_intensities():
    images = torch.tensor([0, 51, 255], dtype=torch.uint8)
    assert intensities(images).dtype == torch.float32
    np.testing.assert_array_equal(intensities(images), np.float32([0, 0.2, 1]))
    assert torch.equal(intensities(torch.tensor([0.0, 0.3])), torch.tensor([0.0, 0.3]))


@pytest.mark.parametrize("kind", KINDS)
def test_arrays_and_back(kind):
    images = uint8_images(20)
    images[:, 0, 0] = 5
    scaling = Scaling.fit(kind, images)
    arrays = scaling.arrays()
    assert all(name.startswith("scaling.") for name in arrays)
    back = Scaling.from_arrays(arrays)
    assert torch.equal(back(images), scaling(images))
    assert back.shape((1, 8, 8)) == scaling.shape((1, 8, 8))


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_gives_the_same_numbers(kind, tmp_path):
    scaling = Scaling.fit(kind, uint8_images(20))
    files.write_tensors(tmp_path / "scaling.safetensors", scaling.arrays(), {})
    back = Scaling.from_arrays(files.read_tensors(tmp_path / "scaling.safetensors")[0])
    assert torch.equal(back(uint8_images(20)), scaling(uint8_images(20)))
    assert (back.features is None) == (scaling.features is None)


def test_another_device_gives_an_equal_scaling():
    for kind in ("signed", "standardised"):
        scaling = Scaling.fit(kind, uint8_images(20))
        moved = scaling.to(torch.device("cpu"))
        assert torch.equal(moved(uint8_images(20)), scaling(uint8_images(20)))


CHANNELS = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


def test_mean_and_deviation_of_channels_are_those_of_torchvision(tmp_path):
    images = uint8_images(5, (3, 6, 4))
    scaling = Scaling.fit(CHANNELS, images)
    shift, scale = (np.array(CHANNELS[key])[:, None, None] for key in ("mean", "std"))
    expected = (images.numpy() / 255 - shift) / scale
    np.testing.assert_allclose(scaling(images), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(scaling(intensities(images)), expected, rtol=1e-5, atol=1e-5)
    # Batches of several replicates, as training has them.
    np.testing.assert_array_equal(
        scaling(images[None].expand(2, -1, -1, -1, -1))[1], scaling(images)
    )
    assert scaling.shape((3, 6, 4)) == (3, 6, 4)
    files.write_tensors(tmp_path / "scaling.safetensors", scaling.arrays(), {})
    back = Scaling.from_arrays(files.read_tensors(tmp_path / "scaling.safetensors")[0])
    assert torch.equal(back(images), scaling(images))


def test_means_and_deviations_are_as_many_as_channels():
    with pytest.raises(
        ValueError, match=r"scaling.mean: found 3 numbers, .* each of the 1 channels"
    ):
        Scaling.fit(CHANNELS, uint8_images(2))
    with pytest.raises(
        ValueError, match=r"scaling.std: found 1 numbers, .* each of the 3 channels"
    ):
        Scaling.fit(CHANNELS | {"std": [0.2]}, uint8_images(2, (3, 8, 8)))
