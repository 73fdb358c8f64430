from collections import Counter

import pytest
from headway.testing.stages import heavy_imports
from headway_tabular.testing import fit_for
from headway_tabular.transforms.vocabulary import Vocabulary
from hypothesis import given
from hypothesis import strategies as st

COUNTS = st.dictionaries(st.text(max_size=3), st.integers(1, 9))


@given(COUNTS, st.integers(1, 9), st.none() | st.integers(1, 5))
def test_the_most_frequent_words_that_are_frequent_enough_get_a_code(counts, least, most):
    words = Vocabulary(least, most).words(counts)
    assert words == sorted(words)
    wanted = [word for word, count in Counter(dict(sorted(counts.items()))).most_common() if count >= least]
    assert set(words) == set(wanted[:most])


@given(COUNTS, st.randoms(use_true_random=False))
def test_the_order_in_which_words_were_counted_does_not_matter(counts, random):
    items = list(counts.items())
    random.shuffle(items)
    vocabulary = Vocabulary(max_size=3)
    assert vocabulary.words(dict(items)) == vocabulary.words(counts)


def test_it_takes_no_block_and_is_light():
    assert Vocabulary.takes == ()
    assert heavy_imports("headway_tabular.transforms.vocabulary") == []
    with pytest.raises(TypeError, match="encoder"):
        Vocabulary().fit(fit_for("code"))
