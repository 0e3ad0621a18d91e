"""Look whether files of a configuration can be read, before Snakemake stumbles over them."""

import _command
from prunescape.configuration import validation


def main() -> None:
    """Parse the arguments, look."""
    parser = _command.parser(__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", help="as given to --configfile")
    for path in parser.parse_args().files:
        validation.check_file(path)


if __name__ == "__main__":
    _command.run(main)
