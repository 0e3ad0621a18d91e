"""Kinds of noise that nobody knows are refused: what was found, what is allowed."""

import numpy as np
import pytest

from prunescape.evaluation import input_noise, input_noise_kinds

IMAGES = np.zeros((2, 1, 4, 4), np.float32)
BUILT_IN = ", ".join(input_noise_kinds.BUILT_IN)


@pytest.mark.parametrize(
    ("own", "allowed"), [(None, BUILT_IN), ({"blur": "a.py:blur"}, f"{BUILT_IN}, blur")]
)
def test_an_unknown_kind_of_noise_is_refused(own, allowed):
    with pytest.raises(ValueError, match=f"^noise: found 'wonder'; allowed: {allowed}$"):
        input_noise.corrupt(IMAGES, "wonder", "0.5", 1, own=own)
