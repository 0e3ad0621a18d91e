"""Data sources that nobody knows are refused: what was found, what is allowed."""

import pytest

from prunescape.data import own_sources, sources, torchvision_collections


def test_an_unknown_source_is_refused(tmp_path):
    with pytest.raises(ValueError, match=f"found 'wonder'; allowed: {', '.join(sources.FILES)}$"):
        sources.fetch("wonder", ["torchvision"], [tmp_path / "raw"])


def test_an_unknown_collection_is_refused(tmp_path):
    allowed = ", ".join(own_sources.COLLECTIONS)
    with pytest.raises(ValueError, match=f"found 'wonder'; allowed: {allowed}$"):
        torchvision_collections.fetch("wonder", tmp_path / "images.safetensors")
