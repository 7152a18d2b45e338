"""What `bench --only login` makes of the times it takes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recognition.evaluation import login_timing
from recognition.evaluation.login_timing import measure


class Clock:
    """Stands still but for what is done; says who did it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.done: list[str] = []

    def perf_counter(self) -> float:
        return self.now

    def act(self, name: str, milliseconds: Callable[[int], float]) -> Callable[[], None]:
        """It takes so long the first time, the second, …"""

        def run() -> None:
            self.now += milliseconds(self.done.count(name)) / 1000
            self.done.append(name)

        return run


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(login_timing, "time", clock)
    return clock


def test_each_pair_does_both_and_another_goes_first(clock: Clock) -> None:
    measure(
        wrong_face=clock.act("wrong", lambda number: 1 + number % 2),
        unknown_name=clock.act("unknown", lambda _: 1),
        pairs=8,
    )
    assert clock.done == ["unknown", "wrong", "wrong", "unknown"] * 4


def test_a_name_that_is_refused_sooner_shows_as_the_difference(clock: Clock) -> None:
    found = measure(
        wrong_face=clock.act("wrong", lambda number: 100 + number % 5),
        unknown_name=clock.act("unknown", lambda number: 70 + number % 3),
        pairs=45,
    )
    assert found.pairs == 45
    assert found.wrong_face == pytest.approx((101, 102, 103))
    assert found.unknown_name == pytest.approx((70, 71, 72))
    assert found.difference == pytest.approx(-31)
    assert found.low <= found.difference <= found.high < 0
    assert found.noise == pytest.approx(2)


def test_what_differs_by_less_than_either_wavers_is_in_the_noise(clock: Clock) -> None:
    found = measure(
        wrong_face=clock.act("wrong", lambda number: 100 + 10 * (number % 2)),
        unknown_name=clock.act("unknown", lambda number: 101 + 12 * (number % 2)),
        pairs=40,
    )
    assert found.noise == pytest.approx(10)
    assert found.difference == pytest.approx(2)
    assert found.low <= found.difference <= found.high
