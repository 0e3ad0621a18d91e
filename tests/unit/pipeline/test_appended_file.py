"""The file that keeps what was appended: what is refused, and how it goes with the config."""

import json

import pytest

from prunescape.pipeline import appended_file
from prunescape.pipeline.replicates import named
from tests.unit.pipeline.test_replicates import DENSE, config, entry

CHECK = {"network": "wide", "fit": "vi"}


def written(path, *entries):
    path.write_text(json.dumps(entries))


@pytest.fixture
def path(tmp_path):
    (tmp_path / "graves").mkdir()
    return tmp_path / "graves" / "appended.json"


def test_without_the_file_nothing_was_appended(path, tmp_path):
    assert appended_file.read(path) == []
    assert appended_file.merged(config(5), str(tmp_path)) == {**config(5), "appended": {}}


def test_what_is_there_goes_into_the_config(path, tmp_path):
    entries = [entry(6, 10, DENSE), {"first": 11, "last": 20, "rows": [CHECK]}]
    written(path, *entries)
    assert appended_file.read(path) == entries
    found = appended_file.merged(config(5), str(tmp_path))
    assert found["appended"] == {"graves": entries}
    # Of a study that isn't run nothing is read.
    found = appended_file.merged(config(5) | {"studies": ["other"]}, str(tmp_path))
    assert found["appended"] == {}


WRONG = {
    "a mapping": ({"graves": []}, "expected a list of entries"),
    "a list in a list": ([[]], r"\[0\]: expected first, last and rows"),
    "another key": ([{"first": 6, "last": 7}], r"\[0\]: expected first, last and rows"),
    "a float": (
        [entry(6, 10, DENSE), {**entry(6, 7, DENSE), "last": 7.0}],
        r"\[1\]: found the replicates 6 to 7.0, expected 1 < first <= last",
    ),
    "backwards": ([entry(6, 5, DENSE)], "replicates 6 to 5"),
    "from the first": ([entry(1, 5, DENSE)], "replicates 1 to 5"),
    "no rows": ([entry(6, 7)], "expected a list of rows"),
    "a column too few": (
        [{"first": 6, "last": 7, "rows": [{"network": "wide"}]}],
        "expected the columns network, fit, criterion",
    ),
    "a level in words": (
        [{"first": 6, "last": 7, "rows": [named(DENSE) | {"level": "0"}]}],
        "levels with a point",
    ),
    "a step that is none": (
        [{"first": 6, "last": 7, "rows": [named(DENSE) | {"step": True}]}],
        "a whole step",
    ),
}


@pytest.mark.parametrize(("contents", "reason"), WRONG.values(), ids=WRONG)
def test_another_form_is_named(path, contents, reason):
    path.write_text(json.dumps(contents))
    with pytest.raises(ValueError, match=rf"appended\.json: .*{reason}.*without the file") as error:
        appended_file.read(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("contents", [b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_named(path, contents):
    path.write_bytes(contents)
    with pytest.raises(ValueError, match=r"appended\.json: (found no JSON|can't be read)"):
        appended_file.read(path)


@pytest.mark.parametrize("sizes", [(5,), (2, 3), (5, 5), (10, 10), (30,)])
def test_the_config_may_grow_by_whole_blocks(path, sizes):
    written(path, entry(6, 10, DENSE), entry(11, 20, DENSE), entry(6, 10, DENSE))
    appended_file.merged(config(*sizes), str(path.parents[1]))


@pytest.mark.parametrize("sizes", [(3,), (5, 2), (15,)])
def test_replicates_that_fit_no_block_are_named(path, sizes):
    written(path, entry(6, 10, DENSE), entry(11, 20, DENSE))
    reason = (
        rf"^replicates: found {sum(sizes)} for study graves, to which 6-10, 11-20 were appended "
        r"\(.*\); allowed: a sum of 5, 10, 20 or more"
    )
    with pytest.raises(ValueError, match=reason):
        appended_file.merged(config(*sizes), str(path.parents[1]))


@pytest.mark.parametrize("second", [(12, 20), (8, 12), (6, 12)])
def test_blocks_with_a_gap_or_an_overlap_are_named(path, second):
    written(path, entry(6, 10, DENSE), entry(*second, DENSE))
    with pytest.raises(ValueError, match=r"appended.json: found the blocks .*, expected no gap"):
        appended_file.merged(config(5), str(path.parents[1]))
