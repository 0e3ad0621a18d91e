"""Names of a training's course, which must meet no parameter's."""

from prunescape.fitting import history_names


def test_all_names_begin_alike_and_differ():
    names = {history_names.LOSS, history_names.CORRECT, history_names.WRONG}
    assert len(names) == 3
    assert all(name.startswith(history_names.PREFIX) for name in names)
