"""Graphs one after another, each by its own runtime."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
from headway.contracts import CHAIN, Chain, Graph, Runtime, chain, parts_of
from headway.errors import UsageError
from headway.plugins import Registry


@dataclass(frozen=True)
class Lengths(Runtime):
    """Texts → their lengths, and how many vowels they have."""

    factor: int

    @classmethod
    def load(cls, files, lookup):
        return cls(json.loads(files["state.json"]))

    def run(self, feeds):
        texts = feeds["text"]
        return {
            "length": np.array([len(text) * self.factor for text in texts]),
            "vowels": np.array([sum(letter in "aeiou" for letter in text) for text in texts]),
        }


@dataclass(frozen=True)
class Strict(Runtime):
    """Adds a number to its only input, and refuses others."""

    added: int

    @classmethod
    def load(cls, files, lookup):
        return cls(json.loads(files["state.json"]))

    def run(self, feeds):
        assert set(feeds) == {"length"}
        return {"length": feeds["length"] + self.added}


@pytest.fixture
def registry():
    found = Registry()
    for name, runtime in {CHAIN: Chain, "lengths": Lengths, "strict": Strict}.items():
        found.add("runtime", name, runtime)
    return found


FIRST, SECOND = Graph("lengths", {"state.json": b"2"}), Graph("strict", {"state.json": b"1"})
TEXTS = {"text": np.array(["abc", ""], dtype=object)}


def test_each_part_gets_what_it_takes_of_what_the_one_before_gave(registry):
    found = chain(FIRST, SECOND, ["length"]).open(registry).run(TEXTS)
    assert {name: array.tolist() for name, array in found.items()} == {"length": [7, 1]}


def test_chains_are_links_of_chains(registry):
    longer = chain(chain(FIRST, SECOND, ["length"]), Graph("strict", {"state.json": b"100"}), ["length"])
    assert longer.open(registry).run(TEXTS)["length"].tolist() == [107, 101]
    assert [part.runtime for part in parts_of(longer)] == ["lengths", "strict", "strict"]
    assert parts_of(longer)[:2] == (FIRST, SECOND)
    assert parts_of(FIRST) == (FIRST,)


def test_a_chain_is_saved_and_loaded_as_any_graph(registry, tmp_path):
    made = chain(FIRST, SECOND, ["length"])
    made.save(tmp_path / "graph")
    assert sorted(path.name for path in (tmp_path / "graph").iterdir()) == [
        "1-state.json", "2-state.json", "chain.json",
    ]  # fmt: skip
    loaded = Graph.load(tmp_path / "graph", CHAIN)
    assert loaded.digest == made.digest
    assert loaded.open(registry).run(TEXTS)["length"].tolist() == [7, 1]


def test_every_part_decides_the_digest():
    made = chain(FIRST, SECOND, ["length"])
    assert chain(SECOND, FIRST, ["length"]).digest != made.digest
    assert chain(FIRST, Graph("strict", {"state.json": b"2"}), ["length"]).digest != made.digest
    assert chain(FIRST, Graph("other", {"state.json": b"1"}), ["length"]).digest != made.digest
    assert chain(FIRST, SECOND, ["vowels"]).digest != made.digest


def test_a_runtime_that_is_not_registered_is_named(registry):
    with pytest.raises(UsageError, match="'tokens'"):
        chain(Graph("tokens", {}), SECOND, ["length"]).open(registry)
