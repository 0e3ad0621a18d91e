"""Compare label.json with numbers found otherwise. It imports nothing of this project."""

import math
import sys

TOLERANCE = 1e-5  # networks add up in other orders, in single precision


def leaves(tree, path=""):
    """Return path -> text, number, or None of all that a tree of JSON has."""
    if not isinstance(tree, dict | list):
        return {path: tree}
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree)
    return {k: v for name, part in parts for k, v in leaves(part, f"{path}.{name}").items()}


def compare(told, found):
    """Print how many numbers agree, or those that don't, and end with an error.

    Of `told` texts may be missing in `found`, and nothing else.
    """
    told, found = leaves(told), leaves(found)
    needed = {path for path, value in told.items() if not isinstance(value, str)}
    wrong = [f"{path}: nothing recomputes {told[path]}" for path in sorted(needed - found.keys())]
    wrong += [f"{path}: it isn't there" for path in sorted(found.keys() - told.keys())]
    for path in sorted(told.keys() & found.keys()):
        if not _agree(path, told[path], found[path]):
            wrong.append(f"{path}: label.json has {told[path]}, found {found[path]}")
    print(*(wrong or [f"all {len(needed)} numbers agree"]), sep="\n")
    sys.exit(bool(wrong))


def _agree(path, told, found):
    if isinstance(told, str) or None in (told, found):
        return told == found
    if path.startswith(".measured.latency"):  # other programs may have slowed down what was timed
        return told > found / 5 and (told < 5 * found or not path.endswith(".low"))
    return math.isclose(told, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
