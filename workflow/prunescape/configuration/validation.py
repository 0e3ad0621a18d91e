"""Check a run's whole configuration before any job; every problem is one line.

Every parse of the workflow imports this module, so it needs nothing heavier than jsonschema and
YAML. The schema (workflow/schemas/config.schema.yaml) checks a block's contents, `cross_checks` the
relations between blocks. A line has the key's path, what was found and what is allowed:

    catalogue.graves.fits.vi.epochs: found 0; allowed: an integer >= 1 and <= 1000000
"""

import itertools
from collections.abc import Sequence
from typing import Any

from prunescape.configuration.budgets import check_budgets
from prunescape.configuration.claim_rows import check_claim_rows
from prunescape.configuration.cross_checks import cross_checks
from prunescape.configuration.explanations import explained
from prunescape.configuration.given_weights import with_replicates
from prunescape.configuration.own_files import with_plain_paths
from prunescape.configuration.schema import schema, validator, with_defaults
from prunescape.configuration.words import lines
from prunescape.evaluation.noise_suites import with_suites
from prunescape.pipeline.own_rises import with_rises


def validate(config: Any, files: Sequence[str] = ()) -> None:
    """Check `config` and fill in the schema's defaults, in place.

    Args:
        config: the whole configuration; suites of noise become their kinds.
        files: the config files that it came from, for messages.

    Raises:
        ValueError: if there are problems, with the lines of `problems`; nothing is filled in.
    """
    found = problems(config, files)
    if found:
        raise ValueError("\n".join(found))
    config.update(with_plain_paths(with_replicates(_whole(config))))


def problems(config: Any, files: Sequence[str] = ()) -> list[str]:
    """Return a line for every problem of `config`, ordered by place; [] if it is valid.

    `config` may be anything that YAML can hold. A block of the wrong type is a problem; what
    depends on the block is then not checked.
    """
    found = itertools.chain(
        *(explained(error) for error in validator().iter_errors(config)),
        cross_checks(with_suites(config), files),
    )
    if wrong := lines(found):
        return wrong
    # A table's rows and trainings are known only if the configuration has no other problem.
    whole = _whole(config)
    return lines(itertools.chain(check_budgets(whole), check_claim_rows(whole)))


def _whole(config: Any) -> dict[str, Any]:
    """Return a valid config with defaults, the kinds of suites, and chains for rises."""
    return with_rises(with_defaults(schema(), with_suites(config)))
