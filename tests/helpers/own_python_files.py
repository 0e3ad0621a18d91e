"""What a file of the user is refused with."""

import pytest

from prunescape.foundations import user_files


def problem(named, look=user_files.load):
    with pytest.raises(ValueError, match=r"\.py") as raised:
        look(named)
    assert "\n" not in str(raised.value)
    assert "user_file_" not in str(raised.value)
    return str(raised.value)
