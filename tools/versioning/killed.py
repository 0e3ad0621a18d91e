"""What a killed DVC leaves half written, and the next one cannot read."""

import fcntl
import json
from collections.abc import Iterable
from pathlib import Path

from .store import Store


def clear(store: Store, targets: Iterable[str] = ()) -> None:
    """Remove what a DVC that was killed left: empty pointers of `targets`, a broken list of locks.

    DVC opens both to write them, which empties them, and writes at the end.
    """
    for target in targets:
        pointer = store.root / f"{target}.dvc"
        if pointer.is_file() and pointer.stat().st_size == 0:
            pointer.unlink()
    _clear_locks(store.temporary)


def _clear_locks(folder: Path) -> None:
    """Remove DVC's list of locks if it isn't JSON and no DVC is writing it."""
    listed, guard = folder / "rwlock", folder / "rwlock.lock"
    if not (listed.is_file() and guard.is_file()):
        return
    with guard.open("rb+") as opened:
        # Not by `file_locks` of the library: this package uses nothing of it.
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            json.loads(listed.read_bytes())
        except BlockingIOError:
            return  # a DVC that lives
        except ValueError:
            listed.unlink()
