"""Divide the images of a source into the parts of a data set."""

import hashlib
from collections.abc import Iterable

import numpy as np

from prunescape.data import array_names, image_rows, prepared_parts
from prunescape.data.datasets import FEWEST, Part, Parts
from prunescape.data.image_rows import Images
from prunescape.foundations import streams
from prunescape.foundations.choices import choose

REST = "rest"
"""Of `test`: the official test set or, without one, all images that nothing else takes."""


def split(
    parts: Parts,
    source: str,
    test: int | str,
    seed: int,
    shuffling: str = "stream",
    train: int | None = None,
    calibration: int = 0,
) -> Parts:
    """Divide the parts of a source into training, validation, calibration and test sets.

    The last 10 % (rounded) of the shuffled training part become the validation set, unless the
    source has a validation set, which is kept as it is. With `train` 0 there are neither.

    Args:
        parts: the training part, which may be the whole source, and perhaps validation and test.
            With `train` 0 any of the three may be all: images for calibration are then of the
            first one, and evaluated are the test part or, without one, the rest.
        source: name of the source, part of the stream's name.
        test: "official" keeps the official test set as it is; a number pools the training and test
            parts, shuffles them, and makes the last `test` images the test set; "rest" keeps the
            official test set or, where there is none, takes all images but those that `train` and
            `calibration` count.
        seed: the data set's seed.
        shuffling: `stream`: the stream ("split", source, seed) shuffles; `sklearn`: scikit-learn's
            train_test_split does, with test_size=test and random_state=seed, so that training and
            test set, in their order, are those of codes that call it.
        train: how many images are learnt from, with those for validation: the first of the
            shuffled training part; None: all but those for calibration; 0: nothing is learnt.
        calibration: how many images are set apart: of the shuffled training part those behind the
            ones that are learnt from. If there is a test part alone, they are drawn from it, and
            the others stay in their order.

    Returns:
        The parts that `prepared_parts.of` names; no image is in two of them.

    Raises:
        ValueError: if there is no official test set, no training part to learn from, fewer images
            than are asked for, or scikit-learn is to make an official test set.
    """
    first = _first(parts, source, train)
    if test == REST:
        test = "official" if "test" in parts else _rest(parts[first], source, train, calibration)
    by_sklearn = choose({"stream": False, "sklearn": True}, shuffling, "datasets.<name>.split")
    images, labels = _divided(parts, first, source, test, _least(train, calibration, by_sklearn))
    order, held_out = _shuffled(len(labels), source, test, seed, by_sklearn)
    only_test = first == "test" and isinstance(test, str)
    _check_counts(source, train, calibration, len(order) - only_test)
    count = len(order) - calibration if train is None else train
    learnt, apart, others = np.split(order, [count, count + calibration])

    found = _learnt(parts, images, labels, learnt) if train != 0 else {}
    if train == 0 or calibration:
        found[prepared_parts.CALIBRATION] = _part(images, labels, apart)
    if isinstance(test, str) and not only_test:
        return found | {"test": parts["test"]}
    evaluated = np.sort(others) if only_test else held_out
    return found | {"test": _part(images, labels, evaluated)}


def _part(images: Images, labels: np.ndarray, places: np.ndarray) -> Part:
    return image_rows.taken(images, places), labels[places]


def repeated_in_test(splits: Parts, parts: Parts) -> int:
    """Return how many test images stand in the training or calibration data too.

    Args:
        splits: what `split` made of the parts.
        parts: of the source; of an official training set, images that were left out count too.
    """
    learnt = [images for name, (images, _) in splits.items() if name != "test"]
    official = "test" in parts and len(parts["test"][1]) == len(splits["test"][1])
    if official and "train" in parts:
        learnt.append(parts["train"][0])
    return repeated(splits["test"][0], learnt)


def repeated(held_out: Images, learnt: Iterable[Images]) -> int:
    """Return how many images [N, C, H, W] stand among others too, pixel for pixel."""
    known = {_digest(image) for images in learnt for image in images}
    return sum(_digest(image) in known for image in held_out)


def _digest(image: np.ndarray) -> bytes:
    return hashlib.sha256(image.tobytes()).digest()


def _first(parts: Parts, source: str, train: int | None) -> str:
    """Return the part from which images are learnt or set apart; ValueError if it isn't there."""
    first = array_names.first_part(parts)
    if first != "train" and train != 0:
        raise ValueError(
            f"datasets.<name>.train: found {train or 'nothing'}, but {source} has no images to "
            f"learn from (it has {' and '.join(parts)}); allowed: 0, to evaluate alone"
        )
    return first


def _least(train: int | None, calibration: int, by_sklearn: bool) -> int:
    """Return how many images of a shuffled whole are no test images at least."""
    # scikit-learn makes no test set of all images.
    return max((0 if train == 0 else FEWEST) + calibration, int(by_sklearn))


def _rest(part: Part, source: str, train: int | None, calibration: int) -> int:
    """Return how many images a source without a test set has besides those that others take."""
    if train is None:
        raise ValueError(
            f"datasets.<name>.train: found nothing with test: rest, and {source} has no test set; "
            "allowed: a number"
        )
    images = len(part[1])
    _check_counts(source, train, calibration, images - 1)
    return images - train - calibration


def _check_counts(source: str, train: int | None, calibration: int, most: int) -> None:
    """Raise ValueError unless there are as many images to learn from and to set apart."""
    room = most - (0 if train == 0 else FEWEST)
    if calibration > room:
        raise ValueError(
            f"datasets.<name>.calibration: {calibration} of {source}'s images, expected at most "
            f"{max(room, 0)}"
        )
    if train and not FEWEST <= train <= most - calibration:
        raise ValueError(
            f"datasets.<name>.train: {train} of {source}'s images, expected {FEWEST} .. "
            f"{most - calibration}"
        )


def _divided(parts: Parts, first: str, source: str, test: int | str, least: int) -> Part:
    """Return what is shuffled: the first part, with a number for `test` the test part too.

    Args:
        parts: of the source.
        first: the one from which images are learnt or set apart.
        source: name of the source.
        test: "official" or a number.
        least: how many images a number must leave.

    Raises:
        ValueError: as `split`.
    """
    if isinstance(test, str):
        if test != "official":
            raise ValueError(
                f"datasets.<name>.test: found {test!r}; allowed: official, rest, a number"
            )
        if "test" not in parts:
            raise ValueError(
                f"datasets.<name>.test: {source} has no official test set, expected a number, or "
                "rest beside train"
            )
        return parts[first]
    pooled = [parts[part] for part in dict.fromkeys([first, "test"]) if part in parts]
    images = image_rows.joined([images for images, _ in pooled])
    labels = np.concatenate([labels for _, labels in pooled])
    if not 1 <= test <= len(labels) - least:
        raise ValueError(
            f"datasets.<name>.test: {test} of {source}'s {len(labels)} images, expected "
            f"{'official or ' if 'test' in parts else ''}1 .. {len(labels) - least}"
        )
    return images, labels


def _shuffled(
    images: int, source: str, test: int | str, seed: int, by_sklearn: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return shuffled positions of images, and of those that a number for `test` evaluates."""
    if by_sklearn:
        if isinstance(test, str):
            raise ValueError(
                "datasets.<name>.test: found official with split: sklearn; allowed: a number"
            )
        from sklearn.model_selection import train_test_split  # takes a second

        order, last = train_test_split(np.arange(images), test_size=test, random_state=seed)
        return order, last
    order = streams.generator("split", source, seed).permutation(images)
    first, last = np.split(order, [images if isinstance(test, str) else images - test])
    return first, last


def _learnt(parts: Parts, images: Images, labels: np.ndarray, order: np.ndarray) -> Parts:
    """Return the training and validation sets, given the positions of what is learnt from."""
    if "validation" in parts:
        return {"train": _part(images, labels, order), "validation": parts["validation"]}
    learnt, last = np.split(order, [len(order) - round(len(order) / 10)])
    return {"train": _part(images, labels, learnt), "validation": _part(images, labels, last)}
