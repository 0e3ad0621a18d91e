import pandas as pd

from prunescape.foundations.table_rows import named_rows


def test_rows_have_the_columns_by_name_and_the_index():
    table = pd.DataFrame({"fit": ["vi", "adam"], "level": [0.5, 0.9]}, index=[3, 7])
    rows = list(named_rows(table))
    assert [(row.Index, row.fit, row.level) for row in rows] == [(3, "vi", 0.5), (7, "adam", 0.9)]


def test_a_table_without_rows_has_none():
    assert list(named_rows(pd.DataFrame({"fit": []}))) == []
