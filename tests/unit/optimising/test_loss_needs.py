"""What losses in files of the user may read, from their source."""

import pytest

from prunescape.optimising import loss_needs


@pytest.fixture
def loss(tmp_path):
    """Return a function that writes a file with a loss and names it."""

    def write(body, given="logits, labels"):
        path = tmp_path / "own.py"
        path.write_text(f"raise SystemExit\ndef loss({given}):\n    {body}\n", encoding="utf-8")
        return f"{path}:loss"

    return write


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("logits", "its parameters are logits; allowed: logits, labels, then weights, and others"),
        ("labels, logits", "its parameters are labels, logits; allowed: logits, labels"),
        ("logits, labels, sigma", "its parameters are logits, labels, sigma; allowed"),
        ("logits, labels, **rest", "allowed: logits, labels, then weights"),
    ],
)
def test_parameters_that_are_none(loss, given, said):
    with pytest.raises(ValueError, match=said):
        loss_needs.of_user(loss("return 1", given))


def test_parameters_and_files_are_read_from_the_source(loss):
    named = loss("return 1", "logits, labels, *, weights, strength=1")
    assert loss_needs.of_user(named) == {"weights"}
    assert loss_needs.files({"kind": "likelihood", "loss": named}) == [named[:-5]]
    assert loss_needs.files({"kind": "likelihood"}) == []
