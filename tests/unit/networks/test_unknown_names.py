"""Kinds that the library doesn't know are refused: what was found, what is allowed."""

import re

import pytest
import torch

from prunescape.networks.network import Network
from prunescape.networks.scaling import Scaling

IMAGES = torch.zeros(3, 1, 4, 4, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("call", "key", "allowed"),
    [
        (
            lambda: Network([{"kind": "relu"}, {"kind": "wonder"}], (4,)),
            "networks: layer 2: kind",
            "linear, conv, max_pool, relu, tanh, k_winners",
        ),
        (
            lambda: Scaling.fit("wonder", IMAGES),
            "scaling",
            "unit, signed, normalised, raw, standardised",
        ),
    ],
    ids=["layer", "scaling"],
)
def test_an_unknown_name_is_refused(call, key, allowed):
    with pytest.raises(ValueError, match=re.escape(f"{key}: found 'wonder'; allowed: {allowed}")):
        call()
