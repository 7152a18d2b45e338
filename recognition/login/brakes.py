"""Guessing is slowed down, counted exactly however many try at once.

An attempt is counted as failed before it is looked at, under a lock of its rows, and taken back
when it succeeds. So of fifty guesses sent at the same moment five are looked at, not fifty.

By account and address together: whoever guesses from elsewhere does not lock anybody out. For the
face there is a count of all addresses, too; at MOST_FAILURES the face no longer logs this account
in until a password has. A log-in with password and face begins that count anew, or somebody who
fails now and then would get there in months. Locks are taken in one order: the account, then the
account at an address.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from people.errors import Refusal
from recognition.models import BrakeKind, LoginBrake

FREE_FAILURES = 5  # the fifth makes the next one wait
FIRST_WAIT = timedelta(seconds=30)  # doubled with each further failure
LONGEST_WAIT = timedelta(minutes=15)
MOST_FAILURES = 50  # of one account by face, from anywhere
FORGOTTEN_AFTER = timedelta(days=1)

EVERYWHERE = ""
FACE_OFF = "face_login_off"


class Braked(Refusal):
    """seconds: until the next attempt is looked at; None when waiting does not help."""

    code = "too_many_attempts"

    def __init__(self, message: str, *, code: str | None = None, seconds: int | None) -> None:
        super().__init__(message, code=code)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Ticket:
    """An attempt that is counted. failures, total: what it made of the two counts."""

    kind: BrakeKind
    account: str
    address: str
    failures: int
    total: int


def account_of(name: str) -> str:
    return salted_hmac("recognition.login.brakes", name, algorithm="sha256").hexdigest()


def enter(*, kind: BrakeKind, name: str | None, address: str) -> Ticket:
    """Count an attempt as failed before it is looked at. name: None where none is asked for.

    Raises Braked: it is counted, and not to be looked at.
    """
    account = account_of(name) if name is not None else ""
    with transaction.atomic():
        total, here = _lock(kind, account, address)
        fault = _fault(total, here, timezone.now())
        total.failures += 1
        if fault is None:
            here.failures += 1
            here.waits_until = _wait_after(here.failures)
        _save(total, here)
    if fault is not None:
        raise fault
    return Ticket(kind, account, address, here.failures, total.failures)


def succeed(*, ticket: Ticket, with_password: bool = False) -> None:
    """The attempt was right: take it back. Raises Braked when a lock fell meanwhile.

    with_password: it was right, too. Then what failed anywhere counts no more. A face alone takes
    back itself and no other: whoever may be taken for the person could guess on and on.
    """
    with transaction.atomic():
        total, here = _lock(ticket.kind, ticket.account, ticket.address)
        # The brake this attempt itself put on does not count against it; another's does.
        fault = _fault(total, here, timezone.now(), ticket)
        if fault is None:
            total.failures = 0 if with_password else max(total.failures - 1, 0)
            here.failures, here.waits_until = 0, None
            _save(total, here)
    if fault is not None:
        raise fault


def take_back(*, ticket: Ticket) -> None:
    """Nothing was compared, and not by a fault of who asked: as if it had not been."""
    with transaction.atomic():
        total, here = _lock(ticket.kind, ticket.account, ticket.address)
        total.failures = max(total.failures - 1, 0)
        if here.failures == ticket.failures:
            here.waits_until = None
        here.failures = max(here.failures - 1, 0)
        _save(total, here)


def check_everywhere(*, name: str) -> None:
    """For a face that was found without a name. Raises Braked when the account's face is off."""
    row = LoginBrake.objects.filter(
        kind=BrakeKind.FACE, account=account_of(name), address=EVERYWHERE
    ).first()
    if row is not None and row.failures >= MOST_FAILURES:
        raise _off()


def release(*, name: str, kinds: Sequence[BrakeKind] = tuple(BrakeKind)) -> None:
    """Nothing counts against this account any more. Rows are locked as by whoever counts."""
    with transaction.atomic():
        rows = LoginBrake.objects.filter(account=account_of(name), kind__in=kinds)
        locked = list(rows.order_by("kind", "address").select_for_update().values_list("pk"))
        LoginBrake.objects.filter(pk__in=[pk for (pk,) in locked]).update(
            failures=0, waits_until=None
        )


def allow_password_alone(*, name: str, minutes: int) -> datetime:
    """For somebody whose face cannot be asked for now. Returns until when."""
    until = timezone.now() + timedelta(minutes=minutes)
    LoginBrake.objects.update_or_create(
        kind=BrakeKind.FACE,
        account=account_of(name),
        address=EVERYWHERE,
        defaults={"password_alone_until": until, "failures": 0, "waits_until": None},
    )
    return until


def is_password_alone(*, name: str) -> bool:
    return LoginBrake.objects.filter(
        kind=BrakeKind.FACE,
        account=account_of(name),
        address=EVERYWHERE,
        password_alone_until__gt=timezone.now(),
    ).exists()


def forget_old() -> None:
    """What nobody added to for a day. An account whose face is off stays so."""
    LoginBrake.objects.filter(updated_at__lt=timezone.now() - FORGOTTEN_AFTER).exclude(
        address=EVERYWHERE, failures__gte=MOST_FAILURES
    ).delete()


def _lock(kind: BrakeKind, account: str, address: str) -> tuple[LoginBrake, LoginBrake]:
    """The rows (everywhere, here), made if missing, locked until the transaction ends."""
    # Only of an account is there a count everywhere: nobody can lock out all others.
    places = [EVERYWHERE, address] if account and kind == BrakeKind.FACE else [address]
    LoginBrake.objects.bulk_create(
        [LoginBrake(kind=kind, account=account, address=place) for place in places],
        ignore_conflicts=True,
    )
    rows = LoginBrake.objects.select_for_update().filter(
        kind=kind, account=account, address__in=places
    )
    found = {row.address: row for row in rows.order_by("address")}
    return found.get(EVERYWHERE) or LoginBrake(), found[address]


def _save(total: LoginBrake, here: LoginBrake) -> None:
    for row in (total, here):
        if row.pk is not None:
            row.save(update_fields=["failures", "waits_until", "updated_at"])


def _fault(
    total: LoginBrake, here: LoginBrake, now: datetime, own: Ticket | None = None
) -> Braked | None:
    if total.failures >= MOST_FAILURES and (own is None or total.failures > own.total):
        return _off()
    is_own = own is not None and here.failures == own.failures
    if here.waits_until is None or here.waits_until <= now or is_own:
        return None
    seconds = math.ceil((here.waits_until - now).total_seconds())
    return Braked(
        f"Too many attempts failed. Wait {in_words(seconds)}, then try again.", seconds=seconds
    )


def _off() -> Braked:
    return Braked(
        "Too many attempts failed, so the face does not log in here any more.",
        code=FACE_OFF,
        seconds=None,
    )


def _wait_after(failures: int) -> datetime | None:
    if failures < FREE_FAILURES:
        return None
    doublings = min(failures - FREE_FAILURES, 10)
    return timezone.now() + min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def in_words(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} second{'' if seconds == 1 else 's'}"
    return f"{math.ceil(seconds / 60)} minutes"
