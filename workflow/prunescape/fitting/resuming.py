"""Long trainings that were killed go on from their last epoch, with the same bits (needs torch).

After an epoch, at most once a minute, a training writes its state to a file beside its output:
parameters, buffers, the optimiser's state, the states of the generators (batches need none: the
epoch's number names their random stream), masks that have changed and the history. If the same
training is started again it goes on from there; when it ends it removes the file. A training in
several parts has a file a part; one that was divided among processes goes on in the same parts,
however many processes it then has.
"""

import copy
import glob
import hashlib
import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from prunescape.fitting import divergence
from prunescape.fitting.divergence import Divergence
from prunescape.fitting.members import Members
from prunescape.foundations import files
from prunescape.optimising import optimisers
from prunescape.running import log_endings

WORKFLOW = Path(__file__).resolve().parents[2]
"""The folder with the library and the rules' scripts."""
INTERVAL = 60.0
"""Least number of seconds between two writes."""


class Progress:
    """The file in which a training keeps its state.

    Attributes:
        path: the file.
    """

    def __init__(self, output: str, *identity: object, interval: float = INTERVAL) -> None:
        """Name the training.

        Args:
            output: path that the training writes when it ends; the file is `<output>.resume`.
            identity: JSON values that determine the training. A file that was written with other
                values, other code or another version of torch is ignored.
            interval: least number of seconds between two writes.
        """
        self.path = Path(f"{output}.resume")
        self._identity = _digest(*identity)
        self._interval = interval
        self._written = time.monotonic()
        self._shares = 1
        self._begun, self._before = time.process_time(), 0.0

    @classmethod
    def of_files(cls, output: str, read: Iterable[str], *identity: object) -> "Progress":
        """Name a training that the bytes of some files determine too; otherwise as `Progress`."""
        return cls(output, *identity, [files.sha256(path) for path in read])

    def part(self, number: int) -> "Progress":
        """Return the progress of a part of the training; `end` removes its file too."""
        found = copy.copy(self)
        found.path = Path(f"{self.path}.{number}")
        found._written = time.monotonic()
        return found

    def shares(self, count: int) -> list["Progress"]:
        """Return the progress of each process's share of the members, if there are `count`."""
        if count == 1:
            return [self]
        found = [self.part(number) for number in range(count)]
        for each in found:
            each._shares = count
        return found

    def begun(self) -> int:
        """Return in how many shares the same training was begun; 0 if nothing of it is kept."""
        for path in (self.path, *_beside(self.path)):
            with suppress(OSError, ValueError):
                metadata = files.read_metadata(path)
                if metadata.get("identity") == self._identity:
                    return int(metadata["shares"])
        return 0

    def resume(self, members: Members) -> tuple[Members, int, list[Divergence]]:
        """Return the kept members, the number of epochs that they had, and the divergences so far.

        The CPU time that these epochs took counts in the ending of the log.

        Args:
            members: the members before training, which are returned if no state was kept.
        """
        self._begun = time.process_time()
        if not self.path.exists():
            return members, 0, []
        try:
            arrays, metadata = files.read_tensors(self.path)
        except ValueError:
            return members, 0, []
        if metadata.get("identity") != self._identity:
            return members, 0, []
        self._before = metadata["cpu_seconds"]
        log_endings.count_earlier(self._before)
        diverged = [Divergence.of(each) for each in metadata["diverged"]]
        members = members.without({each.replicate for each in diverged})
        ensemble = members.ensemble
        with torch.no_grad():
            ensemble.flat.copy_(torch.from_numpy(arrays["flat"]))
        ensemble.load(_under("buffer", arrays))
        if kept := _under("kept", arrays):
            device = ensemble.flat.device
            members.rewire({k: torch.from_numpy(mask).to(device) for k, mask in kept.items()})
        optimisers.load(members.optimiser, ensemble, _under("optimiser", arrays))
        members.history = {name: arrays[name] for name in members.history}
        for index, generator in enumerate(members.generators):
            generator.set_state(torch.from_numpy(arrays[f"generator.{index}"]))
        return members, metadata["epochs"], diverged

    def keep(self, epochs: int, members: Members, diverged: Sequence[Divergence]) -> None:
        """Write the training's state after so many epochs, unless the last write is too recent."""
        if time.monotonic() - self._written < self._interval:
            return
        ensemble = members.ensemble
        state = {f"buffer.{name}": value for name, value in ensemble.buffers.items()}
        kept = optimisers.state(members.optimiser)
        state |= {f"optimiser.{name}": value for name, value in kept.items()}
        state |= {f"generator.{i}": each.get_state() for i, each in enumerate(members.generators)}
        state["flat"] = ensemble.flat.detach()
        if members.rewired:
            state |= {f"kept.{name}": mask for name, mask in members.kept.items()}
        arrays = {name: value.cpu().numpy() for name, value in state.items()} | members.history
        metadata = {"identity": self._identity, "epochs": epochs, "shares": self._shares}
        metadata["diverged"] = divergence.records(diverged)
        metadata["cpu_seconds"] = self._before + time.process_time() - self._begun
        files.write_tensors(self.path, arrays, metadata)
        self._written = time.monotonic()

    def end(self) -> None:
        """Remove the files, once the training's output is written."""
        for path in (self.path, *_beside(self.path)):
            path.unlink(missing_ok=True)


def _beside(path: Path) -> list[Path]:
    """Return the files of a training's parts, and of the parts' shares."""
    found = path.parent.glob(f"{glob.escape(path.name)}.*")
    return sorted(each for each in found if re.fullmatch(r"(\.\d+)+", each.name[len(path.name) :]))


def code() -> list[Path]:
    """Return the files whose code may decide a training: the library's and the rules' scripts."""
    folders = (WORKFLOW / name for name in ("prunescape", "scripts"))
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def _digest(*identity: object) -> str:
    """Return a digest of JSON values, the library's code and the version of torch."""
    found = hashlib.sha256(json.dumps([*identity, torch.__version__], sort_keys=True).encode())
    for path in code():
        found.update(path.read_bytes())
    return found.hexdigest()


def _under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    start = f"{prefix}."
    return {name[len(start) :]: each for name, each in arrays.items() if name.startswith(start)}
