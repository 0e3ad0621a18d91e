"""Numbers as people read them. Standard library only."""


def short(value: float) -> str:
    """Return a number with four significant digits.

    Below a millionth it is 0: means of rounded numbers stray by so little.
    """
    return f"{round(value, 6) + 0.0:.4g}"  # + 0.0: no minus before 0


def typeset(value: float) -> str:
    """Return the same with a minus instead of a hyphen, for pages and figures."""
    return short(value).replace("-", "−")
