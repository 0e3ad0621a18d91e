"""What a name of the config stands for, and what is said of a name that stands for nothing.

Standard library only.
"""

from collections.abc import Mapping
from typing import TypeVar

Choice = TypeVar("Choice")


def choose(table: Mapping[str, Choice], name: object, key: str) -> Choice:
    """Return what a table has under a name.

    Args:
        table: name -> what it stands for; all that is allowed, in the order to list it.
        name: what was found.
        key: where it was found: the config key, or a table's column.

    Raises:
        ValueError: if the table has no such name; says where, what was found and what is allowed.
    """
    if isinstance(name, str) and name in table:
        return table[name]
    raise ValueError(f"{key}: found {name!r}; allowed: {', '.join(table)}")
