"""Statistics measured anew are those of torch's own update_bn."""

import copy

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import update_bn

from prunescape.networks import architectures
from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.scaling import Scaling
from tests.helpers import factories
from tests.helpers.own_networks import IMAGE

FILE = """
from torch import nn
from torch.nn.functional import relu


class Net(nn.Module):
    def __init__(self, norm=nn.BatchNorm2d, **options):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3)
        self.norm = norm(6, **options)
        self.dropout = nn.Dropout(0.5)
        self.hidden = nn.Linear(6 * 6 * 6, 5)
        self.twice = nn.BatchNorm1d(5, affine=False)
        self.last = nn.Linear(5, 4)

    def forward(self, images):
        values = self.dropout(relu(self.norm(self.conv(images)))).flatten(1)
        values = self.twice(self.hidden(values))
        return self.last(self.twice(relu(values)))


def tenth(): return Net(momentum=0.1)
def mean(): return Net(momentum=None)
def plain(): return Net(affine=False, eps=0.01)
def synchronised(): return Net(nn.SyncBatchNorm)
def instances(): return Net(nn.InstanceNorm2d, track_running_stats=True)


def group():
    layers = nn.Conv2d(1, 6, 3), nn.GroupNorm(2, 6), nn.InstanceNorm2d(6)
    return nn.Sequential(*layers, nn.Flatten(), nn.LayerNorm(216), nn.Linear(216, 4))
"""
BATCHES = factories.uint8_images(110).split([40, 40, 30])
SCALING = Scaling.fit("signed", BATCHES[0])


@pytest.fixture
def made(tmp_path):
    """Return a function that makes a network, and starts three replicates of it, used a little."""

    def make(name):
        (tmp_path / "net.py").write_text(FILE)
        network = ModuleNetwork(f"{tmp_path / 'net.py'}:{name}", IMAGE)
        starts = [network.start(seed) for seed in range(3)]
        values = {k: torch.stack([torch.as_tensor(s[k]) for s in starts]) for k in starts[0]}
        for key, value in values.items():
            if "running" in key:
                value += torch.rand(value.shape, generator=torch.Generator().manual_seed(1))
        return network, values

    return make


def expected(network, values, member):
    """Return path -> statistics as torch measures them in the module of one member."""
    module = network.fresh(7)
    module.load_state_dict({path: values[name][member] for name, path in network.paths.items()})
    module.dropout = nn.Identity()  # update_bn puts the whole module into training
    update_bn([SCALING(batch) for batch in BATCHES], module)
    return dict(module.named_buffers())


@pytest.mark.parametrize("name", ["tenth", "mean", "plain", "synchronised"])
def test_statistics_are_those_of_torch_and_of_each_member_alone(made, name):
    network, values = made(name)
    before = copy.deepcopy(values)
    found = network.measured_statistics(values, BATCHES, SCALING)
    assert {network.paths[key] for key in found} == {
        f"{layer}.{each}"
        for layer in ("norm", "twice")
        for each in ("running_mean", "running_var", "num_batches_tracked")
    }
    for member in range(3):
        torchs = expected(network, values, member)
        # Images lie as the network is evaluated, so sums have another order than torch's.
        for key, value in found.items():
            torch.testing.assert_close(value[member], torchs[network.paths[key]])
        alone = network.measured_statistics(factories.member(values, member), BATCHES, SCALING)
        assert all(torch.equal(alone[key][0], value[member]) for key, value in found.items())
    assert found["own.norm.num_batches_tracked"].tolist() == [3] * 3
    assert found["own.twice.num_batches_tracked"].tolist() == [6] * 3  # it runs twice an image
    assert all(torch.equal(value, before[key]) for key, value in values.items())


def test_instances_are_averaged_over_all_batches(made):
    network, values = made("instances")
    found = network.measured_statistics(values, BATCHES, SCALING)
    for member in range(3):
        weight, bias = values["1.weight"][member], values["1.bias"][member]
        outputs = [nn.functional.conv2d(SCALING(each), weight, bias) for each in BATCHES]
        means = torch.stack([each.mean((0, 2, 3)) for each in outputs]).mean(0)
        deviations = torch.stack([each.flatten(2).var(2).mean(0) for each in outputs]).mean(0)
        torch.testing.assert_close(found["own.norm.running_mean"][member], means)
        torch.testing.assert_close(found["own.norm.running_var"][member], deviations)


def test_what_keeps_no_statistics_has_none(made):
    network, values = made("group")
    assert network.measured_statistics(values, BATCHES, SCALING) == {}
    layers = architectures.network(factories.PERCEPTRON, IMAGE)
    assert layers.measured_statistics({}, BATCHES, SCALING) == {}


def test_a_batch_that_cannot_be_normalised_is_told_in_one_line(made):
    network, values = made("tenth")
    one_image = [BATCHES[0][:1]]
    line = r":tenth can't have its normalisation measured anew: twice \(BatchNorm1d\): .*Expected"
    with pytest.raises(ValueError, match=line) as raised:
        network.measured_statistics(values, one_image, SCALING)
    assert "\n" not in str(raised.value)
