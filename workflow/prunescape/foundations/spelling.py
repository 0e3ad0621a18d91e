"""A name, and the user's function that it stands for, as one argument of a script.

`name=path/to/file.py:function`, or the name alone where the library has the function. Names have no
`=`; paths may have whatever a file system takes. Standard library only.
"""

from collections.abc import Iterable


def spell(name: str, named: str = "") -> str:
    """Return the argument for a name and path/to/file.py:function, "" for the library's own."""
    return f"{name}={named}" if named else name


def read(spelled: str) -> tuple[str, str]:
    """Return the name and path/to/file.py:function that `spell` was given."""
    name, _, named = spelled.partition("=")
    return name, named


def read_all(spelled: Iterable[str]) -> dict[str, str]:
    """Return several as name -> path/to/file.py:function."""
    return dict(map(read, spelled))
