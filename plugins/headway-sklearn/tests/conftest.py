import pytest


@pytest.fixture
def context(make_context):
    """The context of a model."""
    return make_context("model")
