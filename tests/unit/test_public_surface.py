"""The public surface, name by name: a change here is a change for every plugin."""

from typing import Literal, get_origin

import headway
from headway import contracts, sweeping


def test_the_names_of_headway():
    assert sorted(headway.__all__) == [
        "Context", "DataError", "HeadwayError", "Pruned", "Registered", "Secret", "Seed", "SourcePath", "Stage",
        "Uncached", "__version__",
    ]  # fmt: skip


def test_every_public_name_exists_and_is_documented():
    for module in (headway, contracts, sweeping):
        for name in module.__all__:
            value = getattr(module, name)
            is_plain = isinstance(value, str | int | tuple | type(contracts.Category)) or get_origin(value) is Literal
            assert is_plain or value.__doc__, name


def test_the_names_of_the_grammar_of_sweeps():
    assert sorted(sweeping.__all__) == [
        "Call", "Node", "Several", "Value", "Word", "read_text", "read_word", "within", "written",
    ]  # fmt: skip
