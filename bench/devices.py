"""Train every fit of the five studies another way than on a CPU in float32, and compare.

    make bench-gpu                                            a GPU
    python bench/devices.py --device cpu --precision medium   bfloat16, where the CPU has it
    python bench/devices.py --device cpu graves               the CPU again: tries this program

Each fit's first network, 5 replicates, EPOCHS epochs of TRAINED images; then the validation images.
The random numbers of batches and of the start are the same both times; on a GPU posteriors' samples
are not. A fit agrees where the mean difference of accuracies is shown, with 95 % confidence, to be
within TOLERANCE points. Within an epoch nothing may wait for a GPU: torch tells every such wait,
and an epoch of twice as many steps must have as many. Ends with status 1 if a fit fails either.
"""

import contextlib
import io
import sys
import time
import warnings
from collections.abc import Mapping
from typing import Any

import _bench
import torch
import yaml

from prunescape.configuration import validation
from prunescape.data import image_tensors
from prunescape.data.image_tensors import ImageTensors
from prunescape.evaluation import evaluating
from prunescape.fitting import ensemble_fits
from prunescape.fitting.checkpoints import Checkpoint
from prunescape.pipeline.plan import DENSE, NO_NOISE
from prunescape.report import intervals
from prunescape.running.devices import device

STUDIES = ("graves", "k_winners", "sgd_noise", "magnitude", "sparse_vd")
TRAINED = 12_800
EPOCHS = 2
REPLICATES = range(1, 6)
TOLERANCE = 1.0
"""Points of accuracy."""


class Fit:
    """A fit of the config, shortened, with its data.

    Args:
        config: the validated configuration.
        study: one of its studies.
        name: one of the study's fits.
    """

    def __init__(self, config: Mapping[str, Any], study: str, name: str) -> None:
        block = config["catalogue"][study]
        self._settings = block["fits"][name] | {"epochs": EPOCHS}
        self.network = self._settings["networks"][0]
        self._layers = config["networks"][self.network]
        self._stream = (config["seed"], study)
        self._train, self._validation = (
            image_tensors.load([_bench.split_file(block["dataset"], part)])
            for part in ("train", "validation")
        )

    def train(self, where: torch.device, images: int = TRAINED, **changes: object) -> Checkpoint:
        """Return the ensemble after training on the first images."""
        few = self._train
        few = ImageTensors(few.images[:images], few.labels[:images], few.classes, few.opened)
        settings = self._settings | changes
        with contextlib.redirect_stderr(io.StringIO()):  # a progress bar
            return ensemble_fits.fit(
                few, self._layers, settings, self._stream, REPLICATES, device=where
            )

    def accuracies(self, trained: Checkpoint, where: torch.device) -> dict[int, float]:
        """Return replicate -> accuracy on the validation images, in per cent."""
        there = self._validation.to(where)
        cases = evaluating.cases(trained, [], [], vars(DENSE), [[NO_NOISE]])
        rows = evaluating.rows(cases, {}, there.images, there.labels, self._stream)
        return {row["replicate"]: 100 * row["n_correct"] / row["n_images"] for row in rows}

    def waits(self, where: torch.device, images: int) -> int:
        """Return how often the processor waits for the GPU in one epoch of so many images."""
        torch.cuda.set_sync_debug_mode("warn")
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                self.train(where, images, epochs=1)
        finally:
            torch.cuda.set_sync_debug_mode("default")
        return sum("synchroniz" in str(each.message) for each in caught)


def compare(fit: Fit, name: str, precision: str) -> dict[str, str | int]:
    """Return a row of the table: seconds both ways, difference of accuracy, waits, what fails."""
    seconds, found = {}, {}
    # A GPU works beside the processor; without one CPU time leaves out what else the machine does.
    clock = time.process_time if name == "cpu" else time.perf_counter
    fit.train(device(name, precision), 1280, epochs=1)  # what is compiled or loaded at first
    for way, settings in (("plain", ("cpu", "highest")), ("other", (name, precision))):
        where = device(*settings)
        begin = clock()
        trained = fit.train(where)  # which copies the weights back, and so waits for the end
        seconds[way] = clock() - begin
        found[way] = fit.accuracies(trained, where)
    both = sorted(found["plain"].keys() & found["other"].keys())
    differences = [found["other"][each] - found["plain"][each] for each in both]
    interval = intervals.mean(differences)
    fails = []
    if len(both) < len(REPLICATES) or max(map(abs, (interval.low, interval.high))) > TOLERANCE:
        fails.append("differs")
    waits = ""
    if where.type == "cuda":
        whole, half = fit.waits(where, TRAINED), fit.waits(where, TRAINED // 2)
        waits = str(whole)
        if whole != half:
            fails.append(f"waits within an epoch ({whole} of it, {half} of half of it)")
    return {
        "network": fit.network,
        "plain s": f"{seconds['plain']:.2f}",
        "other s": f"{seconds['other']:.2f}",
        "x plain": f"{seconds['plain'] / seconds['other']:.1f}",
        "accuracy %": f"{sum(found['other'].values()) / max(1, len(found['other'])):.2f}",
        "other - plain": f"{interval.mean:.2f} [{interval.low:.2f}, {interval.high:.2f}]",
        "waits": waits,
        "fails": ", ".join(fails),
    }


def main() -> None:
    """Parse the arguments, compare, report."""
    parser = _bench.parser(__doc__)
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"), help="what is tried")
    parser.add_argument("--precision", default="highest", help="of the other way; see the config")
    parser.add_argument("studies", nargs="*", metavar="STUDY", help=f"some of {', '.join(STUDIES)}")
    arguments = parser.parse_args()
    if unknown := set(arguments.studies) - set(STUDIES):
        parser.error(f"unknown study {', '.join(sorted(unknown))}")
    try:
        where = device(arguments.device, arguments.precision)
    except ValueError as error:
        parser.error(str(error))
    config = yaml.safe_load((_bench.ROOT / "config.yaml").read_text())
    validation.validate(config)
    name = torch.cuda.get_device_name() if where.type == "cuda" else "CPU"
    print(f"other: {name}, precision {arguments.precision}; torch {torch.__version__}", flush=True)
    rows: list[dict[str, str | int]] = []
    for study in arguments.studies or STUDIES:
        for fit in config["catalogue"][study]["fits"]:
            found = compare(Fit(config, study, fit), arguments.device, arguments.precision)
            rows.append({"study": study, "fit": fit} | found)
            print(*rows[-1].values(), flush=True)
            if arguments.output:
                _bench.save(rows, arguments.output)
    _bench.show(rows)
    sys.exit(any(row["fails"] for row in rows))


if __name__ == "__main__":
    main()
