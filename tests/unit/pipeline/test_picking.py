"""What is worked on, and what the run's tables hold."""

from prunescape.pipeline import picking

CONFIG = {
    "studies": ["a", "b", "c"],
    "only": [],
    "exports": {"one": {"study": "b"}, "other": {"study": "c"}},
    "seed": 1,
}


def test_nothing_picked_is_everything():
    assert picking.picked(CONFIG) == CONFIG


def test_picked_studies_keep_the_order_of_the_config_and_their_exports():
    found = picking.picked(CONFIG | {"only": ["c", "a"]})
    assert found["studies"] == ["a", "c"]
    assert found["exports"] == {"other": {"study": "c"}}
    assert found["seed"] == 1
    assert picking.picked(CONFIG | {"only": ["a"]})["exports"] == {}


def test_what_is_there_of_others_is_gathered_too():
    assert picking.gathered(CONFIG["studies"], ["b"], {"c"}.__contains__) == ["b", "c"]
    assert picking.gathered(CONFIG["studies"], ["b"], lambda _: False) == ["b"]
