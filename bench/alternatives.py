"""Time what one would take instead, in a plain loop, against this library at equal work.

    torch-prune      study magnitude: half of the weights go, and the network is trained on, by
                     torch.nn.utils.prune.global_unstructured
    bayesian-torch   study graves: LinearReparameterization, a posterior with a sample a batch
    cplxmodule       study sparse_vd: LinearARD, local reparameterisation under the ARD prior

The last two are packages: pip install --no-deps bayesian-torch cplxmodule. What isn't installed is
told and left out.
"""

from collections.abc import Callable, Mapping
from typing import Any

import _bench
import plain
import studies
import torch
import yaml
from _bench import Case
from torch import nn
from torch.nn.utils import prune

from prunescape.configuration import validation
from prunescape.pruning.retraining import Trained
from prunescape.running.devices import device


class Bayesian(nn.Module):
    """Layers of a package, with ReLU between them, and a divergence that `penalty` reads off."""

    def __init__(self, layers: list[nn.Module], penalty: Callable[[nn.Module], torch.Tensor]):
        super().__init__()
        self.layers, self._penalty = nn.ModuleList(layers), penalty

    def forward(self, x):
        """Return logits."""
        outputs = self.layers[0](x.flatten(1))
        for layer in self.layers[1:]:
            outputs = layer(outputs.relu())
        return outputs

    def kl(self):
        """Divergence from the prior."""
        return sum(map(self._penalty, self.layers))


def torch_prune(config: Mapping[str, Any]) -> list[Case]:
    """Return the cases of magnitude pruning with training after it, batches of 32."""
    study = studies.Study("magnitude", config, None)

    def reference(images, labels, batch, steps):
        network = plain.perceptron(784, 250, 100, 10)
        weights = [(each, "weight") for each in network if isinstance(each, nn.Linear)]
        prune.global_unstructured(weights, prune.L1Unstructured, amount=0.5)
        plain.train(network, studies.adam(network), images, labels, plain.unit, batch, steps)

    fit = study.fit("adam", batch_size=32)
    arms = [Trained("magnitude", "global", "zero", "0.50")]
    return study.retraining("torch.nn.utils.prune", fit, "mlp_250_100", reference, 200, arms)


def bayesian_torch(config: Mapping[str, Any]) -> list[Case]:
    """Return the cases of a variational logistic regression, batches of 128."""
    from bayesian_torch.layers import LinearReparameterization

    class Logistic(LinearReparameterization):
        def forward(self, x):
            return super().forward(x, return_kl=False)

    def reference(images, labels, batch, steps):
        layers = [Logistic(784, 10, bias=False)]
        network = Bayesian(layers, lambda layer: layer.kl_loss())
        plain.train(network, studies.adam(network), images, labels, plain.unit, batch, steps)

    study = studies.Study("graves", config, None)
    return study.training(
        "bayesian-torch", study.fit("vi"), "logistic", reference, 100, [5], factor=2
    )


def cplxmodule(config: Mapping[str, Any]) -> list[Case]:
    """Return the cases of LeNet-300-100 under the ARD prior, batches of 200."""
    from cplxmodule.nn.relevance import LinearARD

    def reference(images, labels, batch, steps):
        layers = [LinearARD(784, 300), LinearARD(300, 100), LinearARD(100, 10)]
        network = Bayesian(layers, lambda layer: layer.penalty.sum())
        plain.train(network, studies.adam(network), images, labels, plain.unit, batch, steps)

    study = studies.Study("sparse_vd", config, None)
    fit = study.fit("ard", batch_size=200)
    return study.training("cplxmodule", fit, "lenet_300_100", reference, 100, [5], factor=2)


ALTERNATIVES = (torch_prune, bayesian_torch, cplxmodule)


def main() -> None:
    """Parse the arguments, measure, report."""
    arguments = _bench.parser(__doc__).parse_args()
    device("cpu")
    config = yaml.safe_load((_bench.ROOT / "config.yaml").read_text())
    validation.validate(config)
    rows = []
    for alternative in ALTERNATIVES:
        try:
            cases = alternative(config)
        except ModuleNotFoundError as error:
            print(f"{alternative.__name__}: not installed ({error})")
            continue
        rows += _bench.measure(cases, arguments.rounds)
    _bench.show(rows)
    if arguments.output:
        _bench.save(rows, arguments.output)


if __name__ == "__main__":
    main()
