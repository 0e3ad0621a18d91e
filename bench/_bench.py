"""What every benchmark shares: the library on the path, the timing, the table.

Cases run back to back in one process on one thread, round after round, so that what else the
machine does meets all alike; figures are medians over the rounds. Time is CPU time. A study's
benchmark is a list of cases: see bench/studies.py.
"""

import argparse
import contextlib
import csv
import ctypes
import io
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from prunescape.running import log_endings  # noqa: E402 (the library is on the path from here on)
from prunescape.running.devices import device  # noqa: E402


@dataclass(frozen=True)
class Case:
    """Something to time.

    Attributes:
        stage: training or evaluation.
        name: as the table calls it.
        run: does the work.
        replicates: how many networks `run` handles.
        batch: images a step and replicate.
        steps: how many `run` makes; a batch that is not full counts as a part of one.
        products: floating-point operations in matrix products, an image and replicate.
        reference: the case that it is compared with, if there is one.
        public: images a second of the study's public code on one thread, where that is known.
    """

    stage: str
    name: str
    run: Callable[[], object]
    replicates: int
    batch: int
    steps: float
    products: int
    reference: "Case | None" = None
    public: float | None = None

    @property
    def images(self) -> float:
        """Images that a run handles, summed over replicates."""
        return self.replicates * self.batch * self.steps


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of the arguments that every benchmark has."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each case runs")
    parser.add_argument("--output", type=Path, help="where to save the table, as csv")
    return parser


def split_file(dataset: str, name: str) -> Path:
    """Return the path of a split of a data set, and end the program if it isn't there."""
    path = ROOT / "data" / dataset / f"{name}.safetensors"
    if not path.exists():
        raise SystemExit(
            f"{path} is missing; `make run` makes it, or, in the environment that it creates:\n"
            f"    snakemake --cores 1 data/{dataset}/{name}.safetensors"
        )
    return path


def measure(cases: Sequence[Case], rounds: int) -> list[dict[str, str | int]]:
    """Run the cases in turn and return a row of the table for each."""
    rates: dict[str, list[float]] = {case.name: [] for case in cases}
    memory = dict.fromkeys(rates, 0.0)
    references = [case.reference for case in cases if case.reference]
    peaks = []
    for turn in range(rounds + 1):
        print(f"round {turn} of {rounds}" if turn else "warming up", file=sys.stderr)
        device("cpu")
        peaks.append(matrix_peak())
        for case in cases:
            device("cpu")
            if case in references:
                torch.set_float32_matmul_precision("highest")  # as torch is when nobody sets it up
            _forget_peak_memory()
            begin = time.process_time()
            with contextlib.redirect_stderr(io.StringIO()):  # progress bars
                case.run()
            rates[case.name].append(case.images / (time.process_time() - begin))
            memory[case.name] = max(memory[case.name], log_endings.peak_memory())
    rates = {name: values[1:] for name, values in rates.items()}
    peak = statistics.median(peaks)
    print(f"matrix products in float32 on one thread: {peak / 1e9:.0f} GFLOP/s")
    return [_row(case, rates, peak, memory[case.name]) for case in cases]


def _row(
    case: Case, rates: dict[str, list[float]], peak: float, memory: float
) -> dict[str, str | int]:
    rate = statistics.median(rates[case.name])
    row = {
        "stage": case.stage,
        "case": case.name,
        "replicates": case.replicates,
        "batch": case.batch,
        "images/s": f"{rate:.0f}",
        "steps/s": f"{rate * case.steps / case.images:.0f}",
        "x reference": "",
        "x at peak": "",
        "x public code": f"{rate / case.public:.1f}" if case.public else "",
        "% of product peak": f"{100 * rate * case.products / peak:.1f}",
        "peak MB": f"{memory:.0f}",
    }
    if case.reference:
        # Taken within a round, where the machine was the same for both.
        pairs = zip(rates[case.name], rates[case.reference.name], strict=True)
        row["x reference"] = f"{statistics.median(mine / other for mine, other in pairs):.1f}"
        # What is left for whoever multiplies at the peak and does all else in no time.
        reference = statistics.median(rates[case.reference.name])
        row["x at peak"] = f"{peak / (reference * case.products):.1f}"
    return row


def show(rows: Sequence[dict[str, str | int]]) -> None:
    """Print rows as a Markdown table."""
    lines = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    for line in lines:
        print("|", " | ".join(f"{cell:{w}}" for cell, w in zip(line, widths, strict=True)), "|")


def save(rows: Sequence[dict[str, str | int]], output: Path) -> None:
    """Save rows as csv."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def matrix_peak(size: int = 1024, repeats: int = 10) -> float:
    """Return the operations a second of a product of square float32 matrices, the best of some."""
    a, b = torch.rand(size, size), torch.rand(size, size)
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        torch.mm(a, b)
        times.append(time.process_time() - begin)
    return 2 * size**3 / min(times)


def _forget_peak_memory() -> None:
    """Start the measurement of peak memory anew (Linux; elsewhere it is that of all so far)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # what the case before has freed, the library keeps
        Path("/proc/self/clear_refs").write_text("5")
