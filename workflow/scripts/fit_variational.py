"""Fit a diagonal Gaussian posterior of an ensemble of networks; write a checkpoint.

The checkpoint holds the posterior's means and, as `<weight>.sigma`, its standard deviations.
"""

import _fit
import _script
from prunescape.fitting.checkpoints import Checkpoint


def main() -> None:
    """Parse the arguments, fit, write."""
    parser = _fit.parser(__doc__)
    parser.add_argument("--start", nargs="?", help="checkpoint of point estimates to start from")
    arguments = parser.parse_args()
    _fit.fit(arguments, arguments.start and Checkpoint.load(arguments.start))


if __name__ == "__main__":
    _script.run(main)
