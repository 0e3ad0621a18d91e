"""An export says of itself which kind it is."""

from prunescape.exports import loading
from prunescape.exports.portable import Portable
from prunescape.exports.portable_modules import PortableModule
from tests.helpers.exported import pruned, pruned_module
from tests.helpers.factories import LOGISTIC


def test_layers_and_modules_are_told_apart(tmp_path):
    for model, kind in ((pruned(LOGISTIC)[0], Portable), (pruned_module()[0], PortableModule)):
        model.save(tmp_path / "model")
        assert type(loading.load(tmp_path / "model")) is kind
