from PIL import ImageCms

from prunescape.data import own_images
from prunescape.data.readers import colour_profiles
from tests.helpers.images import COLOUR, photograph


def profile(space):
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()


def test_no_profile_and_the_usual_one_need_no_word():
    assert colour_profiles.other(None) is None
    assert colour_profiles.other(b"") is None
    assert colour_profiles.other(profile("sRGB")) is None


def test_another_is_named():
    renamed = profile("sRGB").replace("sRGB".encode("utf-16-be"), "wide".encode("utf-16-be"))
    assert colour_profiles.other(renamed) == "the colour profile wide built-in"
    found = colour_profiles.other(profile("LAB"))
    assert found == "the colour profile Lab identity built-in for Lab numbers"


def test_a_damaged_one_is_told_too():
    for damaged in (b"no profile", profile("sRGB")[:100]):
        assert colour_profiles.other(damaged) == "a colour profile that can't be read"


def test_pictures_with_a_profile_are_read_as_they_are_with_a_note(tmp_path):
    lab = profile("LAB")
    plain = own_images.read(photograph(tmp_path / "plain", COLOUR))
    folder = photograph(
        tmp_path / "lab", COLOUR, save=lambda image, path: image.save(path, icc_profile=lab)
    )
    found = own_images.read(folder)
    assert (found.parts["train"][0] == plain.parts["train"][0]).all()
    assert found.notes[0] == (
        f"{folder}: 30 pictures have the colour profile Lab identity built-in for Lab numbers, "
        "which is passed over, as torchvision does"
    )
