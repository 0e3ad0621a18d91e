"""Errors of a user's module are one line that names the place, in the file and in the network."""

import pytest
import torch
from torch import nn

from prunescape.networks import module_errors
from prunescape.networks.module_errors import RefusedError

NAMED = "own.py:network"


class Failing(nn.Module):
    def forward(self, images):
        raise ValueError("two\nlines")


class Asking(nn.Module):
    """Notes what `running` says while it runs."""

    def forward(self, images):
        self.said = module_errors.running(f"{__file__}:Asking", self.paths)
        return images


def test_an_error_names_the_innermost_module_that_was_running():
    network = nn.Sequential(nn.Flatten(), nn.Sequential(nn.ReLU(), Failing()))
    paths = module_errors.paths_of(network)
    with (
        pytest.raises(RefusedError) as raised,
        module_errors.telling(NAMED, "can't be run", paths),
    ):
        network(torch.ones(2, 3))
    text = str(raised.value)
    assert text.startswith("networks: own.py:network can't be run: 1.1 (Failing): ")
    assert text.endswith("ValueError: two lines")
    assert "\n" not in text


@pytest.mark.parametrize("error", [SystemExit(3), RuntimeError("no such luck")])
def test_whatever_ends_the_users_code_becomes_one_line(error):
    with (
        pytest.raises(
            RefusedError, match=rf"^networks: {NAMED} can.t be made: .*{type(error).__name__}"
        ),
        module_errors.telling(NAMED, "can't be made", {}),
    ):
        raise error


def test_a_line_for_the_user_is_handed_on_as_it_is_and_an_interrupt_too():
    refused = module_errors.refused(NAMED, "", Failing(), "returns nothing; allowed: logits")
    assert (
        str(refused) == f"networks: {NAMED}: the module (Failing) returns nothing; allowed: logits"
    )
    for error in (refused, KeyboardInterrupt()):
        with (
            pytest.raises(type(error)) as raised,
            module_errors.telling(NAMED, "can't be run", {}),
        ):
            raise error
        assert raised.value is error


def test_the_line_of_the_users_file_that_runs_now():
    inner = Asking()
    network = nn.Sequential(nn.ReLU(), inner)
    inner.paths = module_errors.paths_of(network)
    network(torch.ones(1))
    line = Asking.forward.__code__.co_firstlineno + 1
    assert inner.said == f"{__file__}, line {line}: 1 (Asking)"
