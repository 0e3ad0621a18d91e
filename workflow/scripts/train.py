"""Fit point estimates of an ensemble of networks; write a checkpoint."""

import _fit
import _script


def main() -> None:
    """Parse the arguments, fit, write."""
    _fit.fit(_fit.parser(__doc__).parse_args())


if __name__ == "__main__":
    _script.run(main)
