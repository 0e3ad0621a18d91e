"""Studies that are worked on now, among those of a run: the config key `only`.

Standard library only: the workflow imports this when it is parsed.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

Config = Mapping[str, Any]


def picked(config: Config) -> dict[str, Any]:
    """Return the config as if the studies that `only` names, and their exports, were all it has."""
    studies = [study for study in config["studies"] if study in (config["only"] or [study])]
    return {
        **config,
        "studies": studies,
        "exports": {
            name: export for name, export in config["exports"].items() if export["study"] in studies
        },
    }


def gathered(
    names: Iterable[str], worked_on: Container[str], is_there: Callable[[str], bool]
) -> list[str]:
    """Return the names of what a table of the run holds: what is worked on, and what is there."""
    return [name for name in names if name in worked_on or is_there(name)]
