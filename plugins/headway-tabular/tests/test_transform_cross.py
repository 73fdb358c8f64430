import dataclasses
from collections import Counter

import numpy as np
import pytest
from headway import DataError
from headway_tabular.testing import TransformSuite, fit_for, open_modules
from headway_tabular.transforms import Block
from headway_tabular.transforms.cross import Cross
from hypothesis import given
from hypothesis import strategies as st

FIT = fit_for("code", rows=60)


class TestCross(TransformSuite):
    @pytest.fixture
    def transform(self):
        return Cross(min_frequency=4)


@pytest.fixture(scope="module")
def run():
    return open_modules({str(least): Cross(least).fit(FIT).module for least in (1, 5)}, FIT.block)


@pytest.mark.parametrize("least", [1, 5])
@given(rows=st.lists(st.tuples(*[st.integers(0, size - 1) for size in FIT.block.cardinalities]), min_size=1))
def test_combinations_that_training_had_often_enough_have_codes_in_order(run, least, rows):
    counts = Counter(map(tuple, FIT.values.tolist()))
    known = sorted(combination for combination, count in counts.items() if count >= least)
    wanted = [known.index(row) if row in known else len(known) for row in rows]
    assert run(np.array(rows))[str(least)][:, 0].tolist() == wanted


def test_codes_are_called_by_their_parts():
    block = Cross().fit(FIT).block
    assert block.names == ("sex & size & only",)
    assert block.categories[0][0] == "Female & L & (unseen)"
    assert block.categories[0][-1] == "(unseen)"


def test_tables_that_are_too_large_are_refused():
    words = tuple(map(str, range(3000)))
    fit = dataclasses.replace(FIT, block=Block("code", ("a", "b"), (words, words)), values=FIT.values[:, :2])
    with pytest.raises(DataError, match=r"9,000,000 combinations \(a 3,000 x b 3,000\)"):
        Cross().fit(fit)
    alone = dataclasses.replace(FIT, block=Block("code", ("a",), (words,)), values=FIT.values[:, :1])
    with pytest.raises(DataError, match="'a' is alone"):
        Cross().fit(alone)
