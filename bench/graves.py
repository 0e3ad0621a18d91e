"""Time study graves, training and evaluation, against a plain reference on real MNIST.

Training: an epoch of the fits `as_published` and `vi` with 1 and 5 replicates, against some steps
of the reference at the same batch size. Evaluation: 5 networks at 5 levels of noise.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import prod
from typing import Any

import _bench
import reference_graves as reference
import torch
import yaml
from _bench import Case

from prunescape import configuration, datasets, evaluation, training
from prunescape.checkpoints import Checkpoint
from prunescape.devices import device
from prunescape.networks import Network
from prunescape.plan import DENSE, NO_NOISE
from prunescape.scaling import Scaling

Layers = Sequence[Mapping[str, Any]]

PUBLIC = 763  # images/s of the study's public code: training, one thread, batch 16
STEPS = 300  # of the reference, in training
EVALUATED = 1000  # images that the reference evaluates at once
LEVELS = ["0.10", "0.20", "0.30", "0.40"]  # of noise, beside clean images
STREAM = (2011, "graves")


def main() -> None:
    """Parse the arguments, measure, report."""
    arguments = _bench.parser(__doc__).parse_args()
    device("cpu")
    config = yaml.safe_load((_bench.ROOT / "config.yaml").read_text())
    configuration.validate(config)
    layers, fits = config["networks"]["logistic"], config["catalogue"]["graves"]["fits"]
    split = load("train")
    cases = [
        *training_cases("as_published", fits["as_published"], layers, split, reference.signed),
        *training_cases("vi", fits["vi"], layers, split, reference.unit),
        *evaluation_cases(layers, load("validation")),
    ]
    _bench.report(_bench.measure(cases, arguments.rounds), arguments.output)


def load(name: str) -> datasets.Split:
    """Return a split of MNIST."""
    path = _bench.ROOT / "data" / "mnist" / f"{name}.safetensors"
    if not path.exists():
        raise SystemExit(
            f"{path} is missing; `make run` makes it, or, in the environment that it creates:\n"
            "    snakemake --cores 1 data/mnist/train.safetensors"
        )
    return datasets.load([str(path)])


def training_cases(
    name: str, fit: Mapping[str, Any], layers: Layers, split: datasets.Split, transform: Callable
) -> list[Case]:
    """Return the reference and the library's fit with 1 and 5 replicates."""
    images, labels = torch.from_numpy(split.images), torch.from_numpy(split.labels)
    network, scaling = Network(layers, images.shape[1:]), Scaling.fit(fit["scaling"], images)
    batch = fit["batch_size"]

    def train(replicates: int) -> None:
        settings, members = fit | {"epochs": 1}, range(1, replicates + 1)
        training.fit(network, scaling, images, labels, settings, STREAM, members)

    # Outputs and the weights' gradients, a product and a sum each; of sampled activations both the
    # means and the variances.
    products = 4 * sum(prod(shape) for shape in network.shapes.values())
    factor = 2 if fit["objective"]["sampling"] == "activations" else 1
    plain = Case(
        "training",
        f"{name}, reference",
        partial(reference.train, split.images, split.labels, transform, batch, STEPS),
        1,
        batch,
        STEPS,
        products,
        public=PUBLIC,
    )
    ours = [
        Case(
            "training",
            f"{name}, R = {replicates}",
            partial(train, replicates),
            replicates,
            batch,
            len(images) / batch,
            products * factor,
            plain,
            PUBLIC,
        )
        for replicates in (1, 5)
    ]
    return [plain, *ours]


def evaluation_cases(layers: Layers, split: datasets.Split) -> list[Case]:
    """Return the plain loop over 5 networks and the levels of noise, and the library's."""
    members = range(1, 6)
    images, labels = torch.from_numpy(split.images), torch.from_numpy(split.labels)
    network, scaling = Network(layers, images.shape[1:]), Scaling.fit("unit", images)
    start = {"distribution": "normal", "scale": 1.0}
    weights = training.initial_weights(network, start, STREAM, members)
    checkpoint = Checkpoint(layers, images.shape[1:], scaling, weights, list(members), {})
    conditions = [NO_NOISE, *(("grey_raw", level) for level in LEVELS)]
    cases = evaluation.cases(checkpoint, [], [], vars(DENSE), [conditions])
    products = 2 * sum(prod(shape) for shape in network.shapes.values())
    plain = Case(
        "evaluation",
        "noise, reference",
        partial(
            reference.evaluate,
            [reference.Logistic() for _ in members],
            split.images[:EVALUATED],
            split.labels[:EVALUATED],
            [float(level) for _, level in conditions],
            EVALUATED,
        ),
        len(members),
        EVALUATED,
        len(conditions),
        products,
    )
    ours = Case(
        "evaluation",
        f"noise, R = {len(members)}",
        partial(evaluation.rows, cases, {}, images, labels, STREAM),
        len(members),
        EVALUATED,
        len(conditions) * len(images) / EVALUATED,
        products,
        plain,
    )
    return [plain, ours]


if __name__ == "__main__":
    main()
