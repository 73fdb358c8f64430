import numpy as np
import pytest
from headway_tabular.testing import TransformSuite, fit_for, open_modules
from headway_tabular.transforms.one_hot import OneHot
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder

FIT = fit_for("code")
SIZES = FIT.block.cardinalities


class TestOneHot(TransformSuite):
    @pytest.fixture
    def transform(self):
        return OneHot()


@pytest.fixture(scope="module")
def run():
    return open_modules({"y": OneHot().fit(FIT).module}, FIT.block)


@given(rows=st.lists(st.tuples(*[st.integers(0, size - 1) for size in SIZES]), min_size=1, max_size=40))
def test_each_known_category_has_the_column_that_scikit_learn_gives_it(run, rows):
    known = [list(range(size - 1)) for size in SIZES[:2]]
    reference = OneHotEncoder(categories=known, handle_unknown="ignore", sparse_output=False)
    wanted = reference.fit([[0, 0]]).transform(np.array(rows)[:, :2])
    np.testing.assert_array_equal(run(np.array(rows))["y"], wanted)


def test_columns_are_named_by_their_categories_and_the_last_code_has_none():
    names = ("sex=Female", "sex=Male", "size=L", "size=M", "size=S", "size=XL")
    assert OneHot().fit(FIT).block.names == names
