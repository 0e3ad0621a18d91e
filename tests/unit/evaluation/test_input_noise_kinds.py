"""Kinds of noise as far as the workflow knows them: by source alone."""

import re

import pytest

from prunescape.evaluation import input_noise_kinds


def check(folder, parameters):
    path = folder / "own.py"
    path.write_text(f"import nothing_that_is_there\n\ndef blur({parameters}): ...\n")
    input_noise_kinds.check(f"{path}:blur")


@pytest.mark.parametrize(
    "parameters",
    [
        "images, level, generator",
        "images, level, generator, radius=2",
        "images, level, generator=None",
        "images, level, generator, *, radius=2",
        "images: object, level: str, generator: object",
    ],
)
def test_what_takes_images_level_and_generator_is_a_kind(tmp_path, parameters):
    check(tmp_path, parameters)


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ("", "none"),
        ("images, level", "images, level"),
        ("images, generator, level", "images, generator, level"),
        ("images, level, generator, radius", "images, level, generator, radius"),
        ("images, level, generator, *, radius", "images, level, generator"),
        ("images, /, level, generator", "level, generator"),
    ],
)
def test_other_parameters_are_told(tmp_path, parameters, found):
    allowed = "images, level, generator, and others with a default"
    text = f"its parameters are {found}; allowed: {allowed}"
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        check(tmp_path, parameters)


def test_kinds_of_the_users_come_once_with_their_functions():
    config = {"noises": {"blur": "own.py:blur", "fog": "own.py:fog"}}
    kinds = ["none", "blur", "gaussian", "blur"]
    assert input_noise_kinds.spelled(config, kinds) == ["blur=own.py:blur"]
