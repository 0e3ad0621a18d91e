import pytest
import torch

from prunescape.data import joined_images
from prunescape.data.joined_images import Joined, joined
from prunescape.foundations import scratch
from tests.helpers.factories import uint8_images

WHOLE = uint8_images(61)
PIECES = [WHOLE[:40], WHOLE[40:40], WHOLE[40:51], WHOLE[51:]]

WAYS = {
    "rows": lambda images: images.index_select(0, torch.tensor([60, 3, 39, 40, 40, 51])),
    "no rows": lambda images: images.index_select(0, torch.tensor([], dtype=torch.int64)),
    "other axis": lambda images: images.index_select(2, torch.tensor([1, 0])),
    "range": lambda images: images[38:52],
    "from the end": lambda images: images[-12:],
    "steps": lambda images: images[::7],
    "beyond": lambda images: images[61:80],
    "of columns": lambda images: images[:, :, 1:3],
    "one": lambda images: images[45],
    "chosen": lambda images: images[torch.tensor([[0, 60], [45, 2]])],
    "chunks": lambda images: images.split(13),
    "chunks of rows": lambda images: images.split(3, 2),
    "parts": lambda images: images.tensor_split(4),
    "type": lambda images: images.float(),
    "flat": lambda images: images.flatten(1),
    "largest": lambda images: images.max(),
    "other device": lambda images: images.to("meta").shape,
}


@pytest.fixture(autouse=True)
def _nothing_is_small(monkeypatch):
    monkeypatch.setattr(scratch, "IN_MEMORY", 0)


@pytest.mark.parametrize("way", WAYS)
def test_it_is_the_tensor_in_one_piece(way):
    found, expected = WAYS[way](joined(PIECES)), WAYS[way](WHOLE)
    if isinstance(expected, torch.Tensor):
        found, expected = [found], [expected]
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one.float(), other.float()) if torch.is_tensor(one) else one == other


def test_it_has_the_outside_of_the_tensor_in_one_piece():
    images = joined(PIECES)
    assert (images.shape, images.dtype, len(images)) == (WHOLE.shape, WHOLE.dtype, 61)
    assert (images.device, images.nbytes) == (WHOLE.device, WHOLE.nbytes)


@pytest.mark.parametrize("place", [-1, 61])
def test_a_row_that_is_not_there(place):
    with pytest.raises(IndexError, match=f"{place} .. {place} of 61 images"):
        joined(PIECES).index_select(0, torch.tensor([place]))


def test_what_jobs_ask_for_copies_no_more_than_it_returns(monkeypatch):
    def refuse(*_):
        raise AssertionError("all rows are copied")

    monkeypatch.setattr(joined_images, "tree_map_only", refuse)
    images = joined(PIECES)
    assert images.to("cpu") is images
    assert images.cpu() is images
    for way in ("rows", "range", "from the end", "chunks", "parts", "type", "other device"):
        WAYS[way](images)
    assert images[2:30].data_ptr() == WHOLE[2:].data_ptr()
    assert isinstance(images[2:45], Joined)
    assert [chunk.data_ptr() for chunk in images.split(20)][:2] == [
        chunk.data_ptr() for chunk in WHOLE.split(20)[:2]
    ]


def test_small_images_are_copied_and_one_piece_stays(monkeypatch):
    assert joined([WHOLE]) is WHOLE
    monkeypatch.setattr(scratch, "IN_MEMORY", WHOLE.nbytes)
    assert type(joined(PIECES)) is torch.Tensor
    assert torch.equal(joined(PIECES), WHOLE)
