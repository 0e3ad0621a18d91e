"""An entry of `networks` stands for layers, or for a name in a file of the user."""

from prunescape.networks import architectures
from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.network import Network
from tests.helpers.factories import CONVOLUTIONAL
from tests.helpers.places import ROOT

RESNET = f"{ROOT}/docs/examples/resnet.py:resnet20"


def test_layers_are_a_network_of_the_library():
    found = architectures.network(CONVOLUTIONAL, (1, 8, 8))
    assert isinstance(found, Network)
    assert found.shapes == Network(CONVOLUTIONAL, (1, 8, 8)).shapes


def test_a_name_in_a_file_is_built_once_for_each_shape_of_images():
    found = architectures.network(RESNET, (3, 16, 16))
    assert isinstance(found, ModuleNetwork)
    assert found.outputs == 10
    assert architectures.network(RESNET, [3, 16, 16]) is found
    assert architectures.network(RESNET, (3, 12, 12)) is not found
