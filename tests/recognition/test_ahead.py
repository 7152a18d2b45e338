"""The networks are a batch ahead of the database, and nothing else is."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from recognition.ahead import in_batches, one_ahead

PATIENCE_S = 10


def same(number: int) -> int:
    return number


def test_every_part_comes_once_and_in_order() -> None:
    found = one_ahead(range(5), lambda part: part * 10, lambda work: work + 1)
    assert list(found) == [(0, 1), (10, 11), (20, 21), (30, 31), (40, 41)]


def test_nothing_to_do_is_nothing() -> None:
    assert list(one_ahead([], same, same)) == []


def test_the_next_is_computed_while_the_caller_deals_with_one() -> None:
    begun = [threading.Event() for _ in range(3)]

    def compute(number: int) -> None:
        begun[number].set()

    for number, _nothing in one_ahead(range(3), same, compute):
        if number < 2:
            assert begun[number + 1].wait(PATIENCE_S)


def test_the_next_is_prepared_while_one_is_computed() -> None:
    prepared = [threading.Event() for _ in range(3)]

    def prepare(number: int) -> int:
        prepared[number].set()
        return number

    def compute(number: int) -> bool:
        return number == 2 or prepared[number + 1].wait(PATIENCE_S)

    assert list(one_ahead(range(3), prepare, compute)) == [(0, True), (1, True), (2, True)]


def test_what_is_prepared_stays_in_the_callers_thread() -> None:
    prepared, computed = set[int](), set[int]()
    list(
        one_ahead(
            range(3),
            lambda _part: prepared.add(threading.get_ident()),
            lambda _work: computed.add(threading.get_ident()),
        )
    )
    assert prepared == {threading.get_ident()}
    assert len(computed) == 1
    assert computed != prepared


def test_a_part_alone_stays_in_the_callers_thread() -> None:
    found = one_ahead([7], same, lambda _work: threading.get_ident())
    assert list(found) == [(7, threading.get_ident())]


def test_an_error_comes_after_the_parts_before_it() -> None:
    found = one_ahead([2, 1, 0, 5], same, lambda number: 2 // number)
    assert [next(found), next(found)] == [(2, 1), (1, 2)]
    with pytest.raises(ZeroDivisionError):
        next(found)


def test_who_leaves_early_waits_for_what_is_being_computed() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def compute(number: int) -> None:
        if number == 1:
            begun.set()
            assert may_end.wait(PATIENCE_S)
            ended.set()

    found = one_ahead(range(3), same, compute)
    next(found)
    assert begun.wait(PATIENCE_S)
    with ThreadPoolExecutor(1) as another:
        closing = another.submit(found.close)  # type: ignore[attr-defined]
        assert not ended.is_set()
        may_end.set()
        closing.result(PATIENCE_S)
    assert ended.is_set()


def test_batches_hold_everything_once() -> None:
    assert in_batches([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]
    assert in_batches([], 2) == []
