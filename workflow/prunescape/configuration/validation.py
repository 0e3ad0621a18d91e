"""The configuration of a run: checked whole before any job, every problem in one line.

Read at every parse of the workflow, so it needs nothing heavier than jsonschema and YAML. The
schema (workflow/schemas/config.schema.yaml) says what each block may hold, cross_checks what blocks
must say of each other. A line has the key's path, what was found and what is allowed:

    catalogue.graves.fits.vi.epochs: found 0; allowed: an integer >= 1
"""

import itertools
import os
from pathlib import Path
from typing import Any

import yaml

from prunescape.configuration.cross_checks import cross_checks
from prunescape.configuration.explanations import explained
from prunescape.configuration.schema import schema, validator, with_defaults
from prunescape.configuration.words import lines, shown
from prunescape.foundations.messages import one_line


def check_file(path: str | os.PathLike) -> None:
    """Look whether Snakemake can read a file of the configuration: it has no words of its own.

    Raises:
        ValueError: the file is not there, no text in UTF-8, no YAML, or no mapping; with the line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        found = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as error:
        raise ValueError(f"{path}: can't be read ({error.strerror}); allowed: a file") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}, line {line}: found bytes that are not UTF-8") from None
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or one_line(error)
        raise ValueError(f"{path}{line}: found no YAML ({what})") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path}: found {shown(found)}; allowed: keys with their values")


def validate(config: Any) -> None:
    """Check `config` and fill in the schema's defaults, in place.

    Raises:
        ValueError: with one line for every problem, as `problems` lists them; then nothing is
            filled in.
    """
    found = problems(config)
    if found:
        raise ValueError("\n".join(found))
    config.update(with_defaults(schema(), config))


def problems(config: Any) -> list[str]:
    """Return a line for everything that is wrong with `config`, ordered by place; [] if valid.

    `config` may be anything that YAML can hold: where a block has the wrong type, that is a line,
    and what depends on the block is not checked.
    """
    found = itertools.chain(
        *(explained(error) for error in validator().iter_errors(config)), cross_checks(config)
    )
    return lines(found)
