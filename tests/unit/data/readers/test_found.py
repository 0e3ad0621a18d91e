from prunescape.data.readers.found import Reading


def test_a_reading_has_notes_of_its_own():
    one, other = Reading({}), Reading({})
    one.notes.append("left alone names")
    assert (other.notes, other.names) == ([], None)
