"""Networks of the modules that the tests have, and what a check says of them."""

from prunescape.networks import module_checks
from prunescape.networks.module_checks import Use
from prunescape.networks.module_network import ModuleNetwork
from tests.helpers.places import ROOT

UNUSUAL = ROOT / "tests/helpers/unusual_modules.py"
IMAGE = (1, 8, 8)
OWN = Use(4, "adam", "own")


def unusual(name):
    return ModuleNetwork(f"{UNUSUAL}:{name}", IMAGE)


def refusal(name, use=OWN):
    """Return the line with which a module is refused; "" if it is not."""
    try:
        module_checks.check(unusual(name), IMAGE, use)
    except ValueError as error:
        found = str(error)
    else:
        found = ""
    assert "\n" not in found
    return found
