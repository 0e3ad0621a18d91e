"""Look whether files of a configuration can be read, before Snakemake stumbles over them."""

import _script
from prunescape.configuration import validation


def main() -> None:
    """Parse the arguments, look."""
    parser = _script.parser(__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", help="as given to --configfile")
    for path in parser.parse_args().files:
        validation.check_file(path)


if __name__ == "__main__":
    _script.run(main, timed=False)
