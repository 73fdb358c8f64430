"""Making the next while there is work on the one before."""

import threading
from collections.abc import Iterator

import pytest
from headway_tabular.features.ahead import ahead


def test_items_keep_their_order_and_nothing_stays_nothing() -> None:
    assert list(ahead(iter([3, None, 1, 2]))) == [3, None, 1, 2]
    assert list(ahead([])) == []


def test_the_next_is_made_while_the_caller_works() -> None:
    made = [threading.Event() for _ in range(3)]

    def items() -> Iterator[int]:
        for number, event in enumerate(made):
            event.set()
            yield number

    for number in ahead(items()):
        assert all(event.wait(60) for event in made[: number + 2])


def test_no_more_than_the_next_is_made() -> None:
    made = []

    def items() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            yield number

    for number in ahead(items()):
        assert len(made) <= number + 2


def test_what_making_an_item_raises_comes_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("the second")

    given = ahead(items())
    assert next(given) == 1
    with pytest.raises(ValueError, match="the second"):
        next(given)


def test_a_caller_that_leaves_leaves_no_thread() -> None:
    before = threading.active_count()
    given = ahead(iter(range(10)))
    next(given)
    given.close()  # type: ignore[attr-defined]  # a generator
    assert threading.active_count() == before
