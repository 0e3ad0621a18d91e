"""The configuration of a run: checked whole before any job, every problem in one line.

Read at every parse of the workflow, so it needs nothing heavier than jsonschema and YAML. The
schema (workflow/schemas/config.schema.yaml) says what each block may hold, cross_checks what blocks
must say of each other. A line has the key's path, what was found and what is allowed:

    catalogue.graves.fits.vi.epochs: found 0; allowed: an integer >= 1 and <= 1000000
"""

import itertools
from collections.abc import Sequence
from typing import Any

from prunescape.configuration.claim_rows import check_claim_rows
from prunescape.configuration.cross_checks import cross_checks
from prunescape.configuration.explanations import explained
from prunescape.configuration.schema import schema, validator, with_defaults
from prunescape.configuration.words import lines


def validate(config: Any, files: Sequence[str] = ()) -> None:
    """Check `config` and fill in the schema's defaults, in place.

    Args:
        config: the whole configuration.
        files: where it came from, for messages.

    Raises:
        ValueError: with one line for every problem, as `problems` lists them; then nothing is
            filled in.
    """
    found = problems(config, files)
    if found:
        raise ValueError("\n".join(found))
    config.update(with_defaults(schema(), config))


def problems(config: Any, files: Sequence[str] = ()) -> list[str]:
    """Return a line for everything that is wrong with `config`, ordered by place; [] if valid.

    `config` may be anything that YAML can hold: where a block has the wrong type, that is a line,
    and what depends on the block is not checked.
    """
    found = itertools.chain(
        *(explained(error) for error in validator().iter_errors(config)),
        cross_checks(config, files),
    )
    # What there is to do can be known only of a configuration that has no other fault.
    return lines(found) or lines(check_claim_rows(with_defaults(schema(), config)))
