"""Arms of made-up figures."""

from tests.helpers.figure_rows import replicates
from tests.helpers.places import ROOT

LITERATURE = ROOT / "workflow/resources/literature.csv"


def at(criterion, accuracies, level=0.9, **changes):
    return replicates(accuracies, criterion=criterion, level=level, kept=100, **changes)
