"""What is said to the user (standard library only)."""


def one_line(error: object) -> str:
    """Return the text of an error, however it is laid out, in one line."""
    return " ".join(str(error).split())
