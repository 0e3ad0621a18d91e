from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prunescape.foundations import streams

# Words that look like the separators and types of a key's text.
WORDS = st.integers(0, 30) | st.text("1:;intsr", max_size=4)
NAMES = st.lists(WORDS, min_size=1, max_size=4).map(tuple)


def test_the_numbers_of_a_name_are_settled():
    # Another key or generator would change every result of every run.
    name = (2011, "graves", "noise", 1)
    assert streams.key(*name) == 28357781845507519941556261864927025429
    assert streams.seed(*name) == 768639217094231259
    drawn = streams.generator(*name).integers(0, 2**32, 4)
    assert drawn.tolist() == [3287446824, 1231381370, 1241008926, 2989241401]


@given(NAMES, NAMES)
def test_different_names_have_different_keys(one, other):
    same = [(type(x), x) for x in one] == [(type(x), x) for x in other]
    assert (streams.key(*one) == streams.key(*other)) == same


def test_names_that_read_alike():
    names = [(1,), ("1",), (12, 3), (1, 23), (123,), ("ab", "c"), ("a", "bc"), ("abc",)]
    names += [("ab", "c", ""), ("a", 1), (1, "a"), ("int1:1;",), ("",), (True,)]
    assert len({streams.key(*name) for name in names}) == len(names)


def test_a_generator_starts_its_stream_anew():
    first = streams.generator(1, "x").random(5)
    streams.generator(1, "y").random(100)
    np.testing.assert_array_equal(streams.generator(1, "x").random(5), first)


def test_streams_of_replicates_are_independent():
    n = 20_000
    draws = [streams.generator(2011, "test", r).standard_normal(n) for r in range(6)]
    for one, other in combinations(draws, 2):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4.5 / np.sqrt(n)
        assert not np.intersect1d(one, other).size


def test_seeds_are_what_torch_takes():
    seeds = [streams.seed(2011, "test", r) for r in range(200)]
    assert len(set(seeds)) == 200
    assert min(seeds) >= 0
    assert max(seeds) < 2**63
    assert max(seeds) > 2**62  # all bits are used
