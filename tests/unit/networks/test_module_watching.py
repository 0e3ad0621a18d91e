"""Random draws and decisions of a module are noted where they happen."""

import pytest
import torch

from prunescape.networks.module_watching import Decisions, Draws

NAMED = f"{__file__}:function"
IMAGES = torch.tensor([[1.0, 2.0], [3.0, 4.0]])


def noted(function):
    watched = Draws(NAMED, {})
    with watched:
        function()
    return len(watched.found)


@pytest.mark.parametrize(
    ("function", "draws"),
    [
        (lambda: torch.rand(2), 1),
        (lambda: torch.rand(2, generator=torch.Generator().manual_seed(1)), 1),
        (lambda: torch.nn.functional.dropout(IMAGES, 0.5), 1),
        (lambda: torch.nn.functional.dropout(IMAGES, 0.5, training=False), 0),
        (lambda: torch.nn.functional.dropout(IMAGES, 0.0), 0),
        (lambda: IMAGES.mean(), 0),
    ],
)
def test_draws_are_noted_from_any_generator(function, draws):
    assert noted(function) == draws


def test_a_place_is_the_line_of_the_users_file():
    watched = Draws(NAMED, {})
    with watched:
        torch.rand(2)
    line = test_a_place_is_the_line_of_the_users_file.__code__.co_firstlineno + 3
    assert watched.found == [f"{__file__}, line {line}"]


def decided(function, changed=None):
    """Return what a function gives, and whether each number that it reads is a bool."""
    images = IMAGES.clone()
    watched = Decisions(images, NAMED, {}, changed)
    with watched:
        found = function(images)
    return found, [choice for _, choice in watched.found]


def test_numbers_that_derive_from_the_images_are_noted_and_others_not():
    assert decided(lambda x: bool(x.mean() > 2)) == (True, [True])
    assert decided(lambda x: x.max().item())[1] == [False]
    assert decided(lambda x: float(torch.ones(3).sum())) == (3.0, [])
    assert decided(lambda x: len(x)) == (2, [])


def test_numbers_are_followed_through_views_and_operations_in_place():
    assert decided(lambda x: x[0].view(1, 2).mul_(2).sum().item()) == (6.0, [False])
    kept = torch.zeros(2)
    assert decided(lambda x: kept.add_(x[1]).sum().item()) == (7.0, [False])


@pytest.mark.parametrize(
    ("function", "other"),
    [
        (lambda x: bool(x.mean() > 2), False),
        (lambda x: x.argmax().item(), 4),
        (lambda x: x.max().item(), 7.0),
    ],
)
def test_a_decision_is_tried_the_other_way_round(function, other):
    assert decided(function, changed=0)[0] == other
    assert decided(function, changed=1)[0] == decided(function)[0]
