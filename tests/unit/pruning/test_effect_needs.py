"""What effects read, found in their source; nothing of the user is executed."""

import pytest

from prunescape.pruning import effect_needs, effects


@pytest.fixture
def own(tmp_path):
    """Return a function that writes a file of the user and names one of its functions."""

    def write(source, name="fade"):
        path = tmp_path / "own.py"
        path.write_text(source, encoding="utf-8")
        return f"{path}:{name}"

    return write


def test_effects_of_the_library_and_what_is_measured_for_them():
    assert list(effect_needs.BUILT_IN) == list(effects.EFFECTS)
    read = {name: effect_needs.of({}, name) for name in ("none", *effect_needs.BUILT_IN)}
    assert {name for name in read if effect_needs.MOMENTS & read[name]} == {"compensate"}
    on_images = {name for name in read if effect_needs.ON_IMAGES & read[name]}
    assert on_images == {"recalibrate", "reconstruct"}


def test_parameters_say_what_is_read_and_nothing_is_executed(own):
    named = own("raise RuntimeError\ndef fade(weight, mask, bias, *, input_mean, by=2): pass\n")
    config = {"effects": {"fade": named, "other": "x.py:f"}}
    assert effect_needs.of(config, "fade") == {"bias", "input_mean"}
    assert effect_needs.spelled(config, ["zero", "fade", "fade"]) == [f"fade={named}"]
    assert effect_needs.files(config, ["zero", "fade"]) == [named.removesuffix(":fade")]


@pytest.mark.parametrize(
    "parameters", ["weight", "mask, weight", "weight, mask, inputs", "weight, mask, *rest", "", "*"]
)
def test_other_parameters_are_refused(own, parameters):
    if parameters == "*":
        parameters = "weight, mask, *, inputs"
    allowed = "allowed: weight, mask, then any of bias, input_mean, second_moment, and others with"
    with pytest.raises(ValueError, match=allowed):
        effect_needs.of_user(own(f"def fade({parameters}): pass\n"))


def test_an_unknown_effect_is_refused():
    with pytest.raises(ValueError, match="effect: found 'wonder'; allowed: none, zero, comp"):
        effect_needs.of({"effects": {}}, "wonder")
