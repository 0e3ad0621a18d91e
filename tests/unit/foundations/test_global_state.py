"""What a file changes for the process is put back; what it draws is refused."""

import random
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from prunescape.foundations import global_state, user_files

CHANGES = """
import os, random, sys, warnings
import numpy as np
import torch
random.seed(1)
np.random.seed(1)
torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
torch.set_default_device("meta")
torch.set_num_threads(torch.get_num_threads() + 1)
torch.set_grad_enabled(False)
torch.set_float32_matmul_precision("medium")
torch.set_flush_denormal(True)
torch.use_deterministic_algorithms(True)
torch.backends.cudnn.benchmark = True
np.seterr(all="raise")
os.chdir("/")
sys.path.insert(0, "/nowhere")
sys.argv.append("x")
sys.setrecursionlimit(300)
sys.stdout = sys.stderr = None
warnings.simplefilter("error")
f = 1
"""


def settings():
    states = [setting.read() for setting in global_state._settings()]
    python = [sys.path[:], sys.argv[:], sys.getrecursionlimit(), sys.stdout, sys.stderr]
    return [global_state.random_states(), states, Path.cwd(), *python]


def test_what_a_file_changes_for_the_process_is_put_back(write):
    write(net=CHANGES)
    before, filters = settings(), warnings.filters[:]
    user_files.load("net.py:f")
    assert settings() == before
    assert warnings.filters == filters
    assert torch.zeros(1).device.type == "cpu"


def test_what_a_file_draws_when_it_is_imported_is_the_same_in_every_process(write):
    write(
        net="""
            import random
            import numpy as np, torch
            f = [random.random(), np.random.rand(), torch.rand(()).item()]
        """
    )
    first = user_files.load("net.py:f")
    random.random(), np.random.rand(), torch.rand(3)  # noqa: NPY002
    assert user_files.load("net.py:f") == first


def test_a_function_that_draws_from_a_global_generator_is_refused(write):
    for draw, name in (
        (random.random, "random"),
        (np.random.rand, "numpy.random"),
        (lambda: torch.rand(3), "torch"),
    ):
        before = global_state.random_states()
        with (
            pytest.raises(
                ValueError, match=f"own.py: f draws from the global random numbers of {name}"
            ),
            user_files.calling("own.py:f", "the parameter uniform"),
        ):
            draw()
        assert global_state.random_states() == before
    with user_files.calling("own.py:f", "the parameter uniform"):
        np.random.default_rng(3).random()
        torch.rand(3, generator=torch.Generator())
