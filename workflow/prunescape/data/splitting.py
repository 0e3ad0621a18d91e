"""Divide the images of a source into training, validation and test sets."""

import hashlib
from collections.abc import Iterable

import numpy as np

from prunescape.data.datasets import FEWEST, Part, Parts
from prunescape.foundations import streams
from prunescape.foundations.choices import choose

REST = "rest"
"""Of `test`: the official test set or, without one, all images that aren't learnt from."""


def split(
    parts: Parts,
    source: str,
    test: int | str,
    seed: int,
    shuffling: str = "stream",
    train: int | None = None,
) -> Parts:
    """Divide the parts of a source into training, validation and test sets.

    The last 10 % (rounded) of the shuffled training part become the validation set, unless the
    source has a validation set, which is kept as it is.

    Args:
        parts: the training part, which may be the whole source, and perhaps validation and test.
        source: name of the source, part of the stream's name.
        test: "official" keeps the official test set as it is; a number pools the training and test
            parts, shuffles them, and makes the last `test` images the test set; "rest" keeps the
            official test set or, where there is none, takes all images but the first `train`.
        seed: the data set's seed.
        shuffling: `stream`: the stream ("split", source, seed) shuffles; `sklearn`: scikit-learn's
            train_test_split does, with test_size=test and random_state=seed, so that training and
            test set, in their order, are those of codes that call it.
        train: how many images are learnt from, with those for validation: the first of the
            shuffled training part; None: all.

    Raises:
        ValueError: if there is no official test set, `test` leaves too few images to train on,
            there are fewer than `train`, or scikit-learn is to make an official test set.
    """
    if test == REST:
        test = "official" if "test" in parts else _rest(parts, source, train)
    images, labels = _divided(parts, source, test)
    by_sklearn = choose({"stream": False, "sklearn": True}, shuffling, "datasets.<name>.split")
    if by_sklearn and isinstance(test, str):
        raise ValueError(
            "datasets.<name>.test: found official with split: sklearn; allowed: a number"
        )
    if by_sklearn:
        from sklearn.model_selection import train_test_split  # takes a second

        order, last = train_test_split(np.arange(len(labels)), test_size=test, random_state=seed)
        held_out = images[last], labels[last]
    else:
        order = streams.generator("split", source, seed).permutation(len(labels))
        if isinstance(test, str):
            held_out = parts["test"]
        else:
            order, last = order[:-test], order[-test:]
            held_out = images[last], labels[last]
    if train is not None:
        _check_train(train, len(order), source)
        order = order[:train]
    if "validation" in parts:
        learnt, validation = order, parts["validation"]
    else:
        learnt, last = np.split(order, [len(order) - round(len(order) / 10)])
        validation = images[last], labels[last]
    return {"train": (images[learnt], labels[learnt]), "validation": validation, "test": held_out}


def repeated_in_test(splits: Parts, parts: Parts) -> int:
    """Return how many test images stand in the training data too, as far as the source has them.

    Args:
        splits: what `split` made of the parts.
        parts: of the source; of an official training set, images that were left out count too.
    """
    learnt = [splits["train"][0], splits["validation"][0]]
    if "test" in parts and len(parts["test"][1]) == len(splits["test"][1]):
        learnt.append(parts["train"][0])
    return repeated(splits["test"][0], learnt)


def repeated(held_out: np.ndarray, learnt: Iterable[np.ndarray]) -> int:
    """Return how many images [N, C, H, W] stand among others too, pixel for pixel."""
    known = {_digest(image) for images in learnt for image in images}
    return sum(_digest(image) in known for image in held_out)


def _digest(image: np.ndarray) -> bytes:
    return hashlib.sha256(image.tobytes()).digest()


def _rest(parts: Parts, source: str, train: int | None) -> int:
    """Return how many images a source without a test set has besides those that are learnt from."""
    if train is None:
        raise ValueError(
            f"datasets.<name>.train: found nothing with test: rest, and {source} has no test set; "
            "allowed: a number"
        )
    images = len(parts["train"][1])
    _check_train(train, images - 1, source)
    return images - train


def _check_train(train: int, most: int, source: str) -> None:
    if not FEWEST <= train <= most:
        raise ValueError(
            f"datasets.<name>.train: {train} of {source}'s images, expected {FEWEST} .. {most}"
        )


def _divided(parts: Parts, source: str, test: int | str) -> Part:
    """Return what is shuffled: the training part, with a number for `test` the test part too.

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
                f"datasets.<name>.test: {source} has no official test set, expected a number"
            )
        return parts["train"]
    pooled = [parts[part] for part in ("train", "test") if part in parts]
    images, labels = (np.concatenate(arrays) for arrays in zip(*pooled, strict=True))
    if not 1 <= test <= len(labels) - FEWEST:
        raise ValueError(
            f"datasets.<name>.test: {test} of {source}'s {len(labels)} images, expected "
            f"{'official or ' if 'test' in parts else ''}1 .. {len(labels) - FEWEST}"
        )
    return images, labels
