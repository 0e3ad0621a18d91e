"""Run a command in the project's environment, which is made first if it is missing.

    python3 -E workflow/commands/enter.py run|versions|test|audit COMMAND...
    python3 -E workflow/commands/enter.py clean

The first word decides which packages the environment must have. This file runs under any Python, so
that an old one gets a clear message; the rest is in environments.py.
"""

import os
import sys

OLDEST = (3, 11)


def main():
    """Call environments.py; if this Python is too old, start again with the environment's."""
    folder = os.environ.get("PRUNESCAPE_USE_VENV") or os.environ.get("PRUNESCAPE_VENV") or ".venv"
    own = os.path.join(os.path.expanduser(folder), "bin", "python")  # noqa: PTH111, PTH118
    if sys.version_info >= OLDEST:
        import environments

        environments.main(sys.argv[1:])
    elif os.access(own, os.X_OK) and "PRUNESCAPE_ENTERED" not in os.environ:
        os.environ["PRUNESCAPE_ENTERED"] = "1"  # it may be too old as well
        os.execv(own, [own, "-E"] + sys.argv)  # noqa: RUF005
    else:
        sys.exit(
            "make: %s is Python %s; needed: Python >= %d.%d, named by PYTHON=<command>"  # noqa: UP031
            % ((sys.executable, sys.version.split()[0]) + OLDEST)  # noqa: RUF005
        )


if __name__ == "__main__":
    main()
