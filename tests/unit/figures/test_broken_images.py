"""Images that pruning breaks: which arms and pictures are drawn, and what stands below them."""

import pandas as pd
import pytest

from prunescape.drawing import style
from prunescape.figures import broken_images
from prunescape.foundations import files
from prunescape.report import flips
from tests.helpers.image_outcomes import IMAGES, LABELS, outcomes

TABLE = pd.DataFrame({"n_images": [200]})


@pytest.fixture
def pictures(tmp_path):
    """The pictures as read, with costs at which some levels count as cheap."""
    path = tmp_path / "broken_images.safetensors"
    files.write_tensors(path, *flips.broken_images(outcomes(), IMAGES, LABELS))
    found = broken_images.read(path, study="graves")
    cheap = (found["level"] == 0.5) | (found["schedule"] == "tuned")
    return found.assign(difference=cheap.map({True: -1.5, False: -9.0}))


def test_pictures_are_read_with_their_arms(pictures):
    assert set(pictures["criterion"]) == {"snr", "magnitude", "random"}
    first = pictures.iloc[0]
    assert (first["image"] == IMAGES[first["position"], 0] / 255).all()
    assert first["label"] == LABELS[first["position"]]


def test_arms_that_prune_nearly_for_free_are_drawn(pictures):
    found = broken_images.numbers(pictures)
    arms = found[["criterion", "level", "schedule"]].drop_duplicates()
    assert sorted(arms.itertuples(index=False, name=None)) == [
        ("magnitude", 0.5, "oneshot"),
        ("snr", 0.5, "oneshot"),
        ("snr", 0.9, "tuned"),
    ]
    assert found["broken_in_most"].is_monotonic_decreasing


def test_arms_that_break_the_same_images_are_drawn_once(pictures):
    snr = pictures[(pictures["criterion"] == "snr") & (pictures["level"] == 0.5)]
    twin = snr.assign(scope="floor", row=snr["row"] + 1000)
    other = twin.iloc[1:].assign(scope="layer", row=twin["row"] + 1000)
    found = broken_images.numbers(pd.concat([pictures, twin, other]))
    drawn = found[(found["criterion"] == "snr") & (found["level"] == 0.5)]
    assert set(drawn["scope"]) == {snr["scope"].iloc[0], "layer"}


def test_a_study_that_breaks_nothing_nearly_for_free_says_so(pictures):
    dear = pictures.assign(difference=-2.1)
    assert broken_images.numbers(dear).empty
    figure = broken_images.draw(TABLE, style.Settings(), dear)
    assert "No image that most pruned" in " ".join(text.get_text() for text in figure.texts)


def test_pictures_have_class_and_counts(pictures):
    figure = broken_images.draw(TABLE, style.Settings(), pictures)
    found = broken_images.numbers(pictures)
    assert len(figure.axes) == len(found)
    words = [text.get_text() for text in figure.texts]
    first = found.iloc[0]
    assert f"{first['label']}: {first['wrong']}, {first['right']}" in words
    assert f": {first['broken_in_most']} images, −1.50 points" in " ".join(words)
    assert "of n = 3" in " ".join(words)


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    files.write_tensors(path, {"images": IMAGES}, {})
    with pytest.raises(ValueError, match=r"other\.safetensors: no file of broken images: 'row'"):
        broken_images.read(path, study="graves")


def test_pictures_in_colour_are_drawn_in_colour():
    shown = broken_images._shown(IMAGES[:3, 0])
    assert shown.shape == (5, 5, 3)
    assert (shown[..., 1] == IMAGES[1, 0] / 255).all()
