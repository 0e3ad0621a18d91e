"""Time training and evaluation of the five studies against plain references, on their real data.

Every study is timed at the batch size of its public code and at its own; the reference makes some
of the steps, the library an epoch, with one network and with all replicates of a job. Evaluation:
the replicates at some levels of noise. Without names, all studies.
"""

import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import prod
from typing import Any

import _bench
import plain
import torch
import yaml
from _bench import Case

from prunescape.configuration import validation
from prunescape.data import datasets
from prunescape.evaluation import evaluating
from prunescape.evaluation.evaluating import Condition
from prunescape.fitting import training
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.fitting.initial_weights import initial_weights
from prunescape.networks.network import Network, Weighted
from prunescape.networks.scaling import Scaling
from prunescape.pipeline.plan import DENSE, NO_NOISE
from prunescape.pruning import retraining, selection
from prunescape.running.devices import device

LEVELS = ["0.10", "0.20", "0.30", "0.40"]  # of noise, beside clean images
EVALUATED = 1000  # images that the reference evaluates at once
TRAINED = 12_800  # images of an epoch
REPLICATES = 5


class Study:
    """What is timed of a study: its data, and cases of its fits.

    Args:
        name: the study.
        config: the validated default configuration.
        public: images a second of its public code in training, one thread; None: not known.
    """

    def __init__(self, name: str, config: Mapping[str, Any], public: float | None) -> None:
        self.name, self._config, self._public = name, config, public
        self._block = config["catalogue"][name]
        split = load(self._block["dataset"], "train")
        self._images, self._labels = split.images[:TRAINED], split.labels[:TRAINED]
        self.image = self._images.shape[1:]

    def fit(self, name: str, **changes: object) -> dict[str, Any]:
        """Return the settings of a fit, for one epoch, with `changes`."""
        return self._block["fits"][name] | {"epochs": 1} | changes

    def training(
        self,
        label: str,
        fit: Mapping[str, Any],
        network: str,
        reference: Callable[..., None],
        steps: int,
        replicates: Sequence[int] = (1, REPLICATES),
        factor: int = 1,
    ) -> list[Case]:
        """Return the reference, for some steps, and an epoch of a fit with each of `replicates`.

        `factor`: how many matrix products there are where a point estimate has one.
        """
        train, built, image = self.epoch(fit, network)
        whole = len(self._images) / fit["batch_size"]
        runs = [partial(train, members) for members in replicates]
        data = (self._images, self._labels)
        return self._against(
            label,
            partial(reference, *data, fit["batch_size"], steps),
            steps,
            list(zip(replicates, runs, [whole] * len(runs), strict=True)),
            fit["batch_size"],
            factor * operations(built, image, training=True),
        )

    def epoch(
        self, fit: Mapping[str, Any], network: str
    ) -> tuple[Callable[[int], None], Network, Sequence[int]]:
        """Return what trains some replicates, the network, and the shape of its input."""
        images, labels = map(torch.from_numpy, (self._images, self._labels))
        scaling = Scaling.fit(fit["scaling"], images)
        image = scaling.shape(images.shape[1:])
        built = Network(self._config["networks"][network], image)

        def train(members: int) -> None:
            stream = (self._config["seed"], self.name)
            training.fit(built, scaling, images, labels, fit, stream, range(1, members + 1))

        return train, built, image

    def retraining(
        self,
        label: str,
        fit: Mapping[str, Any],
        network: str,
        reference: Callable[..., None],
        steps: int,
        arms: Sequence[retraining.Trained],
    ) -> list[Case]:
        """Return the reference and an epoch of training `arms` under masks that remove half."""
        layers = self._config["networks"][network]
        images, labels = map(torch.from_numpy, (self._images, self._labels))
        scaling = Scaling.fit(fit["scaling"], images)
        built = Network(layers, scaling.shape(images.shape[1:]))
        stream, members = (self._config["seed"], self.name), list(range(1, REPLICATES + 1))
        begun = fit | {"epochs": 1}
        with contextlib.redirect_stderr(io.StringIO()):  # a progress bar
            arrays = training.fit(
                built, scaling, images[:512], labels[:512], begun, stream, members
            ).arrays
        start = Checkpoint(layers, images.shape[1:], scaling, arrays, members, {})
        kept = {
            layer.name: torch.rand(REPLICATES, *layer.shape).numpy() < 0.5
            for layer in built.weighted
        }
        packed = {
            f"{arm.criterion}/{arm.scope}/{name}": bits
            for arm in arms
            for name, bits in selection.pack(kept).items()
        }
        of_levels = {arm.level: packed for arm in arms}
        run = partial(retraining.retrain, start, arms, of_levels, images, labels, fit, stream, 1)
        data = (self._images, self._labels)
        count = len(arms) * REPLICATES
        return self._against(
            label,
            partial(reference, *data, fit["batch_size"], steps),
            steps,
            [(count, run, fit["epochs"] * len(images) / fit["batch_size"])],
            fit["batch_size"],
            operations(built, scaling.shape(images.shape[1:]), training=True),
        )

    def _against(
        self,
        label: str,
        reference: Callable[[], None],
        steps: int,
        ours: Sequence[tuple[int, Callable[[], object], float]],
        batch: int,
        products: int,
    ) -> list[Case]:
        first = Case(
            "training",
            f"{self.name} {label}, reference",
            reference,
            1,
            batch,
            steps,
            products,
            public=self._public,
        )
        return [first] + [
            Case(
                "training",
                f"{self.name} {label}, {count} networks",
                run,
                count,
                batch,
                of_ours,
                products,
                first,
                self._public,
            )
            for count, run, of_ours in ours
        ]

    def evaluation(
        self,
        label: str,
        fit: Mapping[str, Any],
        network: str,
        make: Callable[[], torch.nn.Module],
        transform: Callable,
        public: float | None = None,
    ) -> list[Case]:
        """Return the plain loop over networks and levels of noise, and the library's."""
        conditions = [NO_NOISE, *(("grey_raw", level) for level in LEVELS)]
        evaluate, built, image, split = self.evaluator(fit, network, conditions)
        plainly = partial(
            plain.evaluate,
            [make() for _ in range(REPLICATES)],
            *(split.images[:EVALUATED], split.labels[:EVALUATED]),
            *([float(level) for _, level in conditions], transform, EVALUATED),
        )
        common = (REPLICATES, EVALUATED)
        first = Case(
            "evaluation",
            f"{self.name} {label}, reference",
            plainly,
            *common,
            len(conditions),
            operations(built, image),
            public=public,
        )
        ours = Case(
            "evaluation",
            f"{self.name} {label}, {REPLICATES} networks",
            evaluate,
            *common,
            len(conditions) * len(split.images) / EVALUATED,
            operations(built, image),
            first,
            public,
        )
        return [first, ours]

    def evaluator(
        self, fit: Mapping[str, Any], network: str, conditions: Sequence[Condition]
    ) -> tuple[Callable[[], object], Network, Sequence[int], datasets.Split]:
        """Return what evaluates the replicates on the validation set under each of `conditions`.

        Beside it: the network, the shape of its input, the validation set.
        """
        layers = self._config["networks"][network]
        split = load(self._block["dataset"], "validation")
        images, labels = map(torch.from_numpy, (split.images, split.labels))
        scaling = Scaling.fit(fit["scaling"], images)
        image = scaling.shape(images.shape[1:])
        built = Network(layers, image)
        members = list(range(1, REPLICATES + 1))
        start = {"distribution": "normal", "scale": 0.05}
        stream = (self._config["seed"], self.name)
        arrays = initial_weights(built, start, stream, members)
        arrays |= {name: value.numpy() for name, value in buffers(built).items()}
        checkpoint = Checkpoint(layers, images.shape[1:], scaling, arrays, members, {})
        cases = evaluating.cases(checkpoint, [], [], vars(DENSE), [conditions])
        evaluate = partial(evaluating.rows, cases, {}, images, labels, stream)
        return evaluate, built, image, split


def load(dataset: str, name: str) -> datasets.Split:
    """Return a split of a data set."""
    return datasets.load([str(_bench.split_file(dataset, name))])


def operations(network: Network, image: Sequence[int], *, training: bool = False) -> int:
    """Return the floating-point operations of the products of one image's way through a network.

    In `training` the way back counts too: a product for the slope of each layer's weights, and one
    for that of its inputs but for images.
    """
    found = []

    def count(layer: Weighted, inputs: torch.Tensor) -> None:
        size = layer.shape[2:]  # of a filter, which meets every place where it fits
        places = prod(n - k + 1 for n, k in zip(inputs.shape[3:], size, strict=True)) if size else 1
        found.append(2 * prod(layer.shape) * places)

    parameters = {name: torch.zeros(1, *shape) for name, shape in network.shapes.items()}
    parameters |= network.initial_buffers(1, torch.device("cpu"))
    network.logits(torch.zeros(1, 1, *image), parameters, observe=count)
    return 3 * sum(found) - found[0] if training else sum(found)


def buffers(network: Network) -> dict[str, torch.Tensor]:
    """Return what a network keeps beside its parameters, as it is before training."""
    return network.initial_buffers(REPLICATES, torch.device("cpu"))


def adam(network: torch.nn.Module) -> torch.optim.Optimizer:
    """Return the optimiser of most studies."""
    return torch.optim.Adam(network.parameters(), lr=1e-3)


def graves(config: Mapping[str, Any]) -> list[Case]:
    """Return the cases of study graves: batches of 16, and of 128."""
    study = Study("graves", config, 763)

    def reference(transform, make, images, labels, batch, steps):
        network = make(len(images) / batch)
        plain.train(network, adam(network), images, labels, transform, batch, steps)

    def fitted(_batches):
        return plain.FittedPrior()

    published, own = study.fit("as_published"), study.fit("vi")
    return [
        *study.training(
            "batch 16",
            published,
            "logistic",
            partial(reference, plain.signed, plain.FixedPrior),
            300,
        ),
        *study.training(
            "batch 128", own, "logistic", partial(reference, plain.unit, fitted), 100, factor=2
        ),
        *study.evaluation("noise", own, "logistic", plain.FittedPrior, plain.unit),
    ]


def magnitude(config: Mapping[str, Any]) -> list[Case]:
    """Return the cases of study magnitude: batches of 32 and 128, dense and under masks."""
    study = Study("magnitude", config, 7140)
    sizes = (784, 250, 100, 10)

    def reference(masked, images, labels, batch, steps):
        network = plain.perceptron(*sizes)
        held = plain.half_of(network) if masked else ()
        plain.train(network, adam(network), images, labels, plain.unit, batch, steps, held)

    cases = []
    for batch in (32, 128):
        fit = study.fit("adam", batch_size=batch)
        cases += study.training(
            f"batch {batch}", fit, "mlp_250_100", partial(reference, False), 200
        )
    arms = [retraining.Trained("magnitude", "global", "zero", "0.50")]
    cases += study.retraining(
        "batch 32, masked",
        study.fit("adam", batch_size=32),
        "mlp_250_100",
        partial(reference, True),
        200,
        arms,
    )
    return cases + study.evaluation(
        "noise", fit, "mlp_250_100", partial(plain.perceptron, *sizes), plain.unit
    )


def sgd_noise(config: Mapping[str, Any]) -> list[Case]:
    """Return the case of study sgd_noise: 20 levels of 5 replicates under masks."""
    # 1,275 networks of 3,200 steps in 3,800 CPU seconds.
    study = Study("sgd_noise", config, 1275 * 3200 * 32 / 3800)
    inputs = study.image

    def reference(images, labels, batch, steps):
        network = plain.perceptron(prod(inputs), 32, 10, activation=torch.nn.Tanh)
        held = plain.half_of(network)
        plain.train_preconditioned(network, images, labels, batch, steps, held, 0.1, 1e-3)

    levels = [f"{level / 100:.2f}" for level in range(50, 70)]
    arms = [retraining.Trained("magnitude", "layer", "zero", level) for level in levels]
    fit = study.fit("psgd", epochs=10)
    return study.retraining("batch 32, masked", fit, "tanh_32", reference, 300, arms)


def k_winners(config: Mapping[str, Any]) -> list[Case]:
    """Return the cases of study k_winners: the dense and the sparse net, batches of 64."""
    study = Study("k_winners", config, 2000)
    fit = study.fit("sgd")

    def reference(sparse, images, labels, batch, steps):
        network = plain.Convolutional(sparse)
        optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.5)
        data = (images, labels, plain.normalised)
        plain.train(network, optimiser, *data, batch, steps, network.masks)

    cases = []
    for network in ("small_dense", "small_sparse"):
        sparse = network == "small_sparse"
        make = partial(plain.Convolutional, sparse)
        cases += study.training(
            f"{network}, batch 64", fit, network, partial(reference, sparse), 100, [REPLICATES]
        )
        # 10,000 images in 3.45 CPU seconds.
        cases += study.evaluation(network, fit, network, make, plain.normalised, 10_000 / 3.45)
    return cases


def sparse_vd(config: Mapping[str, Any]) -> list[Case]:
    """Return the cases of study sparse_vd: batches of 100 and 200."""
    study = Study("sparse_vd", config, 6300)

    def reference(images, labels, batch, steps):
        network = plain.Relevance()
        plain.train(network, adam(network), images, labels, plain.unit, batch, steps)

    cases = []
    for batch in (100, 200):
        fit = study.fit("ard", batch_size=batch)
        cases += study.training(
            f"batch {batch}", fit, "lenet_300_100", reference, 100, [REPLICATES], factor=2
        )
    return cases + study.evaluation("noise", fit, "lenet_300_100", plain.Relevance, plain.unit)


STUDIES = {each.__name__: each for each in (graves, magnitude, sgd_noise, k_winners, sparse_vd)}


def main() -> None:
    """Parse the arguments, measure, report."""
    parser = _bench.parser(__doc__)
    parser.add_argument("studies", nargs="*", metavar="STUDY", help=f"some of {', '.join(STUDIES)}")
    arguments = parser.parse_args()
    if unknown := set(arguments.studies) - set(STUDIES):
        parser.error(f"unknown study {', '.join(sorted(unknown))}")
    device("cpu")
    config = yaml.safe_load((_bench.ROOT / "config.yaml").read_text())
    validation.validate(config)
    rows = []
    for name in arguments.studies or STUDIES:
        of_study = _bench.measure(STUDIES[name](config), arguments.rounds)
        _bench.show(of_study)
        rows += of_study
        if arguments.output:
            _bench.save(rows, arguments.output)


if __name__ == "__main__":
    main()
