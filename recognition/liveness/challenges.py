"""Giving a challenge, and taking it back: once, by the one it was given to, in time."""

from __future__ import annotations

import math
import secrets
from datetime import datetime, timedelta
from random import Random

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from recognition.liveness.pad import require_networks
from recognition.liveness.refusals import (
    ChallengeExpired,
    ChallengeNotYours,
    ChallengeUnknown,
    ChallengeUsed,
    TooManyChallenges,
    TooManyFailed,
)
from recognition.models import LivenessPurpose, LivenessSession, LivenessStep
from recognition.runtime import require_mesh

LASTS = timedelta(seconds=60)
KEPT = timedelta(days=1)
# A recording fits one order of steps. Whoever could ask until that order comes would need no
# other trick, so an address is given only so many challenges that nobody answers. A device is
# counted by itself: those of a building share an address, and people walk away from one of them.
UNANSWERED = 20
UNANSWERED_WITHIN = timedelta(minutes=10)
# A door has no account to lock. After so many answers of a device that failed, and none between
# that was right, each further challenge waits: what a program would try by the hundred takes hours,
# and those who stand there next lose half a minute.
FAILED = 10
FAILED_WITHIN = UNANSWERED_WITHIN
WAITS_AFTER_FAILED = timedelta(seconds=30)

TURNS = (LivenessStep.TURN_LEFT, LivenessStep.TURN_RIGHT)
MOVES = (
    *TURNS,
    LivenessStep.TILT_LEFT,
    LivenessStep.TILT_RIGHT,
    LivenessStep.LOOK_UP,
    LivenessStep.COME_CLOSER,
)


def start(*, purpose: str, bound_to: str, address: str) -> LivenessSession:
    """Give a challenge.

    purpose: a LivenessPurpose. bound_to: a text that only the one who asks can show again, such
    as the hash of the session's key, or the device. address: where the request came from.
    Raises TooManyChallenges, TooManyFailed; WeightsMissing, PadUnavailable when no answer could
    pass; ValueError when it is bound to nothing.
    """
    if not bound_to:
        raise ValueError("A challenge is bound to a session or a device.")
    now = timezone.now()
    if _unanswered(purpose, bound_to, address, now).count() >= UNANSWERED:
        raise TooManyChallenges
    if purpose == LivenessPurpose.CLOCK:
        _require_no_row_of_failures(bound_to, now)
    require_mesh()
    require_networks()
    return LivenessSession.objects.create(
        nonce=secrets.token_urlsafe(32),
        purpose=LivenessPurpose(purpose),
        bound_to=bound_to,
        address=address,
        steps=choose_steps(settings.LIVENESS_STEPS),
        created_at=now,
        expires_at=now + LASTS,
    )


def _unanswered(
    purpose: str, bound_to: str, address: str, now: datetime
) -> QuerySet[LivenessSession]:
    recent = LivenessSession.objects.filter(created_at__gt=now - UNANSWERED_WITHIN, used_at=None)
    if purpose == LivenessPurpose.CLOCK:
        return recent.filter(purpose=purpose, bound_to=bound_to)
    return recent.filter(address=address).exclude(purpose=LivenessPurpose.CLOCK)


def _require_no_row_of_failures(device: str, now: datetime) -> None:
    """Logging in has brakes of its own, by account."""
    answered = LivenessSession.objects.filter(
        purpose=LivenessPurpose.CLOCK,
        bound_to=device,
        created_at__gt=now - FAILED_WITHIN,
        used_at__isnull=False,
    )
    last = list(answered.order_by("-used_at")[:FAILED])
    if len(last) < FAILED or any(session.is_live for session in last):
        return
    since = now - (last[0].used_at or now)
    if since < WAITS_AFTER_FAILED:
        raise TooManyFailed(math.ceil((WAITS_AFTER_FAILED - since).total_seconds()))


def choose_steps(number: int, chance: Random | None = None) -> list[str]:
    """To look straight, then so many different moves in any order, a turn among them.

    chance: only for measuring the same again; otherwise nobody can foresee them.

    A picture can be tilted any way and brought closer, and frames can be mirrored: neither makes a
    turn to the left. So there is no challenge without a turn.
    """
    chance = chance or secrets.SystemRandom()
    while True:
        moves = chance.sample(MOVES, number)
        if any(move in TURNS for move in moves):
            return [LivenessStep.LOOK_STRAIGHT.value, *(move.value for move in moves)]


def take(*, nonce: str, purpose: str, bound_to: str, address: str) -> LivenessSession:
    """Use the challenge up, whatever becomes of it; of many at once exactly one gets it.

    Call it in no transaction that a refusal rolls back: the challenge would be unused again.
    Raises ChallengeUnknown, ChallengeUsed, ChallengeExpired, ChallengeNotYours.
    """
    now = timezone.now()
    given = LivenessSession.objects.filter(nonce=nonce) if _can_be(nonce) else None
    is_first = given is not None and given.filter(used_at=None).update(used_at=now) == 1
    session = given.first() if given is not None else None
    if session is None:
        raise ChallengeUnknown
    asked = (session.purpose, session.bound_to, session.address)
    if asked != (purpose, bound_to, address):
        raise ChallengeNotYours
    if not is_first:
        raise ChallengeUsed
    if now >= session.expires_at:
        raise ChallengeExpired
    return session


def _can_be(nonce: str) -> bool:
    """Postgres refuses texts with a zero byte or half a character: those are unknown as well."""
    return len(nonce) <= 64 and nonce.isascii() and nonce.isprintable()


def forget_old() -> int:
    """Delete challenges that nobody can answer any more. Returns how many."""
    return LivenessSession.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]
