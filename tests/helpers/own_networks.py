"""Networks of the modules that the tests have: how they are named, trained and checked."""

import torch

from prunescape.fitting import training
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.networks import architectures, module_checks
from prunescape.networks.module_checks import Use
from prunescape.networks.module_network import ModuleNetwork
from prunescape.networks.scaling import Scaling
from tests.helpers.fits import AT_ONCE
from tests.helpers.places import ROOT

MODULES = ROOT / "tests/helpers/modules.py"
MIXED, PERCEPTRON = f"{MODULES}:Mixed", f"{MODULES}:perceptron"
ATTENTION, RESNET20 = f"{MODULES}:Attention", f"{ROOT}/docs/examples/resnet.py:resnet20"
VIEWING = f"{MODULES}:Viewing"
DROPPING = [f"{MODULES}:{name}" for name in ("Dropping", "dropping_perceptron", "encoder")]
"""What draws random numbers in training."""
SHAPES = {
    MIXED: (2, 10, 8),
    VIEWING: (1, 8, 8),
    PERCEPTRON: (1, 8, 8),
    ATTENTION: (1, 8, 8),
    RESNET20: (3, 32, 32),
}
"""What works -> the shape of an image."""

UNUSUAL = ROOT / "tests/helpers/unusual_modules.py"
IMAGE = (1, 8, 8)
OWN = Use(4, "adam", "own")

LIKELIHOOD = {
    "objective": {"kind": "likelihood", "softmax": "once"},
    "initial_weights": {"distribution": "he_uniform"},
    "optimiser": {"kind": "adam", "learning_rate": 0.01},
    "batch_size": 8,
    "epochs": 1,
}
VARIATIONAL = LIKELIHOOD | {"objective": AT_ONCE | {"sigma": {"parameter": "log", "initial": 0.02}}}


def unusual(name):
    return ModuleNetwork(f"{UNUSUAL}:{name}", IMAGE)


def refusal(name, use=OWN):
    """Return the line with which a module is refused; "" if it is not."""
    try:
        module_checks.check(unusual(name), IMAGE, use)
    except ValueError as error:
        found = str(error)
    else:
        found = ""
    assert "\n" not in found
    return found


def fitted(named, images, labels, settings, start=None):
    """Return a checkpoint of two replicates, which start as `start` ends if it is given."""
    image, scaling = tuple(images.shape[1:]), Scaling.fit("unit", images)
    network = architectures.network(named, image)
    begun = start and {name: start.arrays[name] for name in [*network.shapes, *network.buffers]}
    found = training.fit(network, scaling, images, labels, settings, (1, "study"), [1, 2], begun)
    return Checkpoint(named, image, scaling, found.arrays, [1, 2], {"train": "1" * 64})


def alone(checkpoint, member):
    """Return the user's own module, in evaluation, with the numbers of one member."""
    network = checkpoint.network
    arrays = {network.paths[name]: checkpoint.arrays.get(name) for name in network.paths}
    module = network.fresh(0).eval()
    module.load_state_dict(
        {path: torch.tensor(array[member]) for path, array in arrays.items() if array is not None}
    )
    return module
