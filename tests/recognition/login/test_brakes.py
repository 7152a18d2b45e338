"""Guessing is slowed down, exactly, and nobody is locked out by somebody elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from recognition.login import brakes
from recognition.login.brakes import Braked, Ticket
from recognition.models import BrakeKind, LoginBrake

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


def enter(name: str | None = "ada", address: str = HERE) -> Ticket:
    return brakes.enter(kind=BrakeKind.FACE, name=name, address=address)


def fail(times: int, name: str | None = "ada", address: str = HERE) -> list[str]:
    """What each of so many wrong attempts met: "" when it was looked at."""
    met = []
    for _ in range(times):
        try:
            enter(name, address)
            met.append("")
        except Braked as braked:
            met.append(braked.code)
    return met


def counted(address: str = HERE) -> int:
    rows = LoginBrake.objects.filter(account=brakes.account_of("ada"), address=address)
    return rows.get().failures


def let_time_pass(by: timedelta) -> None:
    for row in LoginBrake.objects.exclude(waits_until=None):
        assert row.waits_until is not None
        LoginBrake.objects.filter(pk=row.pk).update(waits_until=row.waits_until - by)


@pytest.mark.django_db
def test_after_five_failures_the_sixth_waits_half_a_minute() -> None:
    assert fail(5) == [""] * 5
    with pytest.raises(Braked) as braked:
        enter()
    assert braked.value.seconds is not None
    assert 28 <= braked.value.seconds <= 30
    assert "30 seconds" in str(braked.value)


@pytest.mark.django_db
def test_each_further_failure_waits_twice_as_long_up_to_a_limit() -> None:
    fail(5)
    waits = []
    for _ in range(8):
        let_time_pass(timedelta(hours=1))
        enter()
        row = LoginBrake.objects.exclude(waits_until=None).get()
        assert row.waits_until is not None
        waits.append(round((row.waits_until - timezone.now()).total_seconds()))
    assert waits == [60, 120, 240, 480, 900, 900, 900, 900]


@pytest.mark.django_db
def test_somebody_elsewhere_does_not_make_me_wait() -> None:
    fail(20, address=ELSEWHERE)
    assert fail(1) == [""]


@pytest.mark.django_db
def test_after_fifty_failures_from_anywhere_the_face_is_off_until_released() -> None:
    for number in range(10):
        fail(5, address=f"192.0.2.{number + 10}")
    assert fail(1) == ["face_login_off"]
    brakes.release(name="ada")
    assert fail(1) == [""]


@pytest.mark.django_db
def test_a_success_forgets_the_failures_here_and_not_those_of_everywhere() -> None:
    fail(3)
    brakes.succeed(ticket=enter())
    assert counted() == 0
    assert counted(brakes.EVERYWHERE) == 3


@pytest.mark.django_db
def test_whoever_gave_the_password_too_begins_the_count_of_everywhere_anew() -> None:
    fail(3)
    fail(3, address=ELSEWHERE)
    brakes.succeed(ticket=enter(), with_password=True)
    assert (counted(), counted(brakes.EVERYWHERE)) == (0, 0)
    assert counted(ELSEWHERE) == 3, "who guesses elsewhere waits as before"


@pytest.mark.django_db
def test_somebody_who_fails_now_and_then_is_never_turned_off() -> None:
    for _ in range(60):
        fail(1)
        brakes.succeed(ticket=enter(), with_password=True)
    assert fail(1) == [""]


@pytest.mark.django_db
def test_a_face_alone_does_not_begin_the_count_anew_for_who_guesses_between() -> None:
    met = []
    for number in range(50):
        met += fail(1, address=f"198.51.100.{number}")
        if number < 49:
            brakes.succeed(ticket=enter())
    assert met == [""] * 50
    assert fail(1) == ["face_login_off"]


@pytest.mark.django_db
def test_password_and_face_do_not_lift_a_lock_that_fell_during_the_look() -> None:
    slow = enter(address=ELSEWHERE)
    for number in range(50):
        fail(1, address=f"198.51.100.{number}")
    with pytest.raises(Braked, match="any more"):
        brakes.succeed(ticket=slow, with_password=True)
    assert counted(brakes.EVERYWHERE) > 49


@pytest.mark.django_db
def test_one_account_does_not_begin_the_count_of_another_anew() -> None:
    fail(3)
    brakes.succeed(ticket=enter("bob"), with_password=True)
    assert counted(brakes.EVERYWHERE) == 3


@pytest.mark.django_db
def test_what_is_taken_back_was_not_counted() -> None:
    fail(4)
    brakes.take_back(ticket=enter())
    assert counted() == 4
    assert counted(brakes.EVERYWHERE) == 4
    assert fail(1) == [""]


@pytest.mark.django_db
def test_without_a_name_only_the_address_is_counted() -> None:
    assert fail(6, name=None) == [""] * 5 + ["too_many_attempts"]
    assert fail(1, name=None, address=ELSEWHERE) == [""]
    assert not LoginBrake.objects.filter(address=brakes.EVERYWHERE).exists()


@pytest.mark.django_db
def test_nothing_that_was_typed_is_kept() -> None:
    enter("a secret typed into the wrong field")
    kept = [str(row) for row in LoginBrake.objects.values_list("account", "address")]
    assert "secret" not in "".join(kept)


@pytest.mark.django_db
def test_old_counts_are_forgotten_and_a_face_that_is_off_stays_off() -> None:
    fail(3, name="bob")
    for number in range(10):
        fail(5, address=f"192.0.2.{number + 10}")
    LoginBrake.objects.update(updated_at=timezone.now() - timedelta(days=2))
    brakes.forget_old()
    assert LoginBrake.objects.count() == 1
    assert fail(1) == ["face_login_off"]


def in_parallel(times: int, act: Callable[[], None]) -> None:
    def once(_number: int) -> None:
        try:
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(once, range(times)))


@pytest.mark.django_db(transaction=True)
def test_fifty_wrong_attempts_at_once_count_as_exactly_fifty_and_five_are_looked_at() -> None:
    looked_at: list[str] = []
    in_parallel(50, lambda: looked_at.extend(met for met in fail(1) if met == ""))
    assert counted(brakes.EVERYWHERE) == 50
    assert counted() == len(looked_at) == 5
    assert fail(1) == ["face_login_off"]


@pytest.mark.django_db(transaction=True)
def test_a_success_that_is_slower_than_a_lockout_does_not_log_in() -> None:
    slow, looked_at = enter(address=ELSEWHERE), []
    in_parallel(50, lambda: looked_at.extend(fail(1)))
    with pytest.raises(Braked, match="any more"):
        brakes.succeed(ticket=slow)


@pytest.mark.django_db(transaction=True)
def test_of_a_success_among_failures_at_the_same_address_the_brake_wins() -> None:
    slow = enter()
    fail(4)
    with pytest.raises(Braked, match="Wait"):
        brakes.succeed(ticket=slow)


@pytest.mark.django_db
def test_the_brake_an_attempt_put_on_itself_does_not_refuse_its_success() -> None:
    fail(4)
    brakes.succeed(ticket=enter())
    assert counted() == 0


@pytest.mark.django_db
def test_the_fiftieth_attempt_may_still_succeed() -> None:
    for number in range(49):
        fail(1, address=f"198.51.100.{number}")
    brakes.succeed(ticket=enter())
    assert fail(1) == [""]
