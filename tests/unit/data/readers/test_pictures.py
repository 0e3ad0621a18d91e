import numpy as np
import pytest
from PIL import Image

from prunescape.data import own_images
from prunescape.data.readers.preparing import Preparation
from tests.helpers.images import COLOUR, GREY, LABELS, N, photograph

ORDER = np.argsort(LABELS, kind="stable")


def train(folder, background="white"):
    read = own_images.read(folder, Preparation(background))
    return read.parts["train"][0], read.notes


def test_grey_pictures_among_coloured_become_coloured(tmp_path):
    folder = photograph(tmp_path)
    Image.fromarray(GREY[0]).save(folder / "a" / "zz.png")
    images, notes = train(folder)
    assert (images[10] == GREY[0]).all()
    assert notes[0] == (
        f"{folder}: 1 of 31 pictures are grey ({folder}/a/zz.png); all are read as colour"
    )


def test_16_bits_are_scaled_to_floats(tmp_path):
    deep = GREY.astype(np.uint16) * 257
    images, _ = train(photograph(tmp_path, deep))
    assert images.dtype == np.float32
    assert np.allclose(images[:, 0], GREY[ORDER] / 255)
    Image.fromarray(GREY[0]).save(tmp_path / "a" / "zz.png")
    with pytest.raises(ValueError, match=r"1 of 31 pictures are grey .*zz\.png.*16 bits a pixel"):
        own_images.read(tmp_path)


def strokes(ink, count=N):
    """Pictures that show something in their alpha alone."""
    pixels = np.full((count, 4, 4, 6), ink, np.uint8)
    pixels[:, 3] = GREY[:count]
    return pixels


@pytest.mark.parametrize(
    ("ink", "background", "expected"), [(0, "white", 255 - GREY), (255, "black", GREY)]
)
def test_what_only_alpha_shows_is_composed(tmp_path, ink, background, expected):
    images, notes = train(photograph(tmp_path, strokes(ink)), background)
    assert (images == expected[ORDER][:, None]).all()
    assert notes[0] == f"{tmp_path}: 30 pictures have alpha, composed over {background}"


@pytest.mark.parametrize(("ink", "background", "other"), [(255, "white", "black")])
def test_what_vanishes_on_the_background_is_refused(tmp_path, ink, background, other):
    photograph(tmp_path, strokes(ink))
    with pytest.raises(ValueError, match=rf"one colour .*datasets\.<name>\.background: {other}"):
        own_images.read(tmp_path, Preparation(background))


def test_grey_and_palettes_with_transparency_are_composed_too(tmp_path):
    def save_grey(image, path):
        Image.merge("LA", (image.point(lambda _: 0), image)).save(path)

    def save_palette(image, path):
        # Colour 0 is black and transparent, where the image is dark.
        indices = image.point(lambda pixel: int(pixel > 99))
        palette = indices.convert("P")
        palette.putpalette([0, 0, 0, 90, 90, 90] + [0] * 762)
        palette.save(path, transparency=0)

    grey, _ = train(photograph(tmp_path / "grey", GREY, save=save_grey))
    assert (grey[:, 0] == 255 - GREY[ORDER]).all()
    colours, _ = train(photograph(tmp_path / "palette", GREY, save=save_palette))
    assert (colours == np.where(GREY[ORDER] > 99, 90, 255)[:, None]).all()


def test_pictures_are_turned_as_their_exif_says(tmp_path):
    def save(image, path):
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned by 90 degrees to the right
        image.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)

    images, notes = train(photograph(tmp_path, save=save))
    assert (images == COLOUR[ORDER]).all()
    assert notes[0] == f"{tmp_path}: 30 pictures are turned as their EXIF says"


def test_other_modes(tmp_path):
    bits, _ = train(
        photograph(
            tmp_path / "1", GREY, save=lambda i, path: i.point(lambda p: p > 99, "1").save(path)
        )
    )
    assert (bits[:, 0] == (GREY[ORDER] > 99) * 255).all()
    smooth = np.broadcast_to(COLOUR[:, :, :1, :1], COLOUR.shape).copy()
    smooth[:, :, 2:] = 255 - smooth[:, :, 2:]
    cmyk, notes = train(
        photograph(
            tmp_path / "cmyk", smooth, suffix="tif", save=lambda i, p: i.convert("CMYK").save(p)
        )
    )
    assert (cmyk == smooth[ORDER]).all()
    assert "30 pictures are CMYK" in notes[0]


def test_several_frames_are_refused(tmp_path):
    folder = photograph(tmp_path, GREY)
    frames = [Image.fromarray(image) for image in GREY[:3]]
    frames[0].save(folder / "a" / "zz.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(ValueError, match=r"zz\.gif \(3 frames, expected one\)"):
        own_images.read(folder)


def test_all_broken_pictures_are_named_and_sizes_beside(tmp_path):
    folder = photograph(tmp_path)
    (folder / "b" / "empty.png").touch()
    (folder / "c" / "head.png").write_bytes(b"\x89PNG")
    (folder / "a" / "lfs.png").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    cut = folder / "a" / "00.png"
    cut.write_bytes(cut.read_bytes()[:60])
    with pytest.raises(ValueError, match="4 are no readable pictures") as told:
        own_images.read(folder)
    for text in ("b/empty.png (0 bytes)", "c/head.png (of another format, or damaged)", "a/00.png"):
        assert text in str(told.value)
    assert "a/lfs.png (it is a pointer to the file; `git lfs pull` brings" in str(told.value)
    Image.new("RGB", (12, 9)).save(folder / "b" / "larger.png")
    Image.new("RGB", (12, 10)).save(folder / "b" / "another.png")
    with pytest.raises(ValueError, match="pictures of several sizes") as told:
        own_images.read(folder)
    for text in ("30 of 4 x 6 pixels", "larger.png", "another.png", "besides, ", "b/empty.png"):
        assert text in str(told.value)
    for number in range(20):
        (folder / "a" / f"x{number}.png").touch()
    with pytest.raises(
        ValueError, match=r"23 are no readable pictures: .* and 18 more; expected PNG"
    ):
        own_images.read(folder)


def test_a_folder_of_equal_pictures_is_refused(tmp_path):
    photograph(tmp_path, COLOUR[:1].repeat(N, 0))
    with pytest.raises(ValueError, match="30 of 30 images are equal"):
        own_images.read(tmp_path)


def test_pictures_of_several_sizes_are_brought_to_one(tmp_path):
    generator = np.random.default_rng(1)
    for name, shape in (("a", (30, 41)), ("b", (52, 30, 3))):
        (tmp_path / name).mkdir()
        for number in range(8):
            pixels = generator.integers(0, 256, shape, dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    with pytest.raises(ValueError, match=r"several sizes, .*: datasets\.<name>\.resize and crop"):
        own_images.read(tmp_path)
    how = Preparation(resize=24, crop=20)
    images, _ = own_images.read(tmp_path, how).parts["train"]
    assert images.shape == (16, 3, 20, 20)
    with Image.open(tmp_path / "b/3.png") as opened:
        small = np.asarray(opened.resize((24, 41), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(np.moveaxis(images[11], 0, 2), small[10:30, 2:22])
    with pytest.raises(ValueError, match=r"is 30 x 41 pixels, less than datasets.<name>.crop: 40"):
        own_images.read(tmp_path, Preparation(crop=40))


def test_grey_pictures_become_coloured_where_that_is_asked(tmp_path):
    photograph(tmp_path, GREY)
    grey, _ = own_images.read(tmp_path).parts["train"]
    colour, _ = own_images.read(tmp_path, Preparation(colour=True)).parts["train"]
    np.testing.assert_array_equal(colour, np.concatenate([grey] * 3, axis=1))
