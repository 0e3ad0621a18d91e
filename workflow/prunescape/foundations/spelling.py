"""Write a name and the user's function behind it as one script argument, and read it back.

The argument is `name=path/to/file.py:function`, or the name alone for a function of the library.
Names have no `=`; paths may have any character. Standard library only.
"""

from collections.abc import Iterable


def spell(name: str, named: str = "") -> str:
    """Return the argument for a name and its path/to/file.py:function; "" for the library's."""
    return f"{name}={named}" if named else name


def read(spelled: str) -> tuple[str, str]:
    """Return the name and path/to/file.py:function that `spell` was given."""
    name, _, named = spelled.partition("=")
    return name, named


def read_all(spelled: Iterable[str]) -> dict[str, str]:
    """Return several arguments as name -> path/to/file.py:function."""
    return dict(map(read, spelled))
