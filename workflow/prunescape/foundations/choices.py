"""Look a name of the config up in a table; an unknown name is an error that lists the known ones.

Standard library only.
"""

from collections.abc import Mapping
from typing import TypeVar

Choice = TypeVar("Choice")


def choose(table: Mapping[str, Choice], name: object, key: str) -> Choice:
    """Return the table's entry for a name.

    Args:
        table: name -> entry: every allowed name, in the order in which the error lists them.
        name: the name that was found.
        key: where it was found: the config key, or a table's column.

    Raises:
        ValueError: if the table has no such name, with `key`, `name` and the allowed names.
    """
    if isinstance(name, str) and name in table:
        return table[name]
    raise ValueError(f"{key}: found {name!r}; allowed: {', '.join(table)}")
