"""Logging in by face: frames in, an account or a refusal out, everything on record."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from people.errors import Refusal
from people.models import EmbeddingModel, Person
from recognition import liveness, services, thresholds
from recognition.engine import FaceRefused, Pixels, WeightsMissing
from recognition.liveness import StepFrame
from recognition.liveness.refusals import PadUnavailable
from recognition.login import accounts, brakes, promise
from recognition.login.accounts import Mode
from recognition.login.brakes import Braked, Ticket
from recognition.models import (
    Attempt,
    AttemptPurpose,
    AttemptSource,
    BrakeKind,
    LivenessPurpose,
    LivenessSession,
)
from recognition.services import Result
from recognition.thresholds import NotCalibrated

# Nothing was compared, and it is nobody's guess: these do not count against the account.
_NOT_COUNTED = (
    FaceRefused,
    WeightsMissing,
    PadUnavailable,
    services.ModelChanged,
    services.ErasedMeanwhile,
    promise.PromiseBroken,
    NotCalibrated,
)
NO_ACCOUNT = "no_account"


class NotOn(Refusal):
    code = brakes.FACE_OFF


class NotStarted(Refusal):
    code = "not_started"

    def __init__(self) -> None:
        super().__init__("This log-in took too long or was not begun here. Start again.")


@dataclass(frozen=True, slots=True)
class Claim:
    """Who wants in. user: whose password was right. name: what was typed. Neither: 1:N.

    bound_to, address: whose challenge it has to be.
    """

    mode: Mode
    bound_to: str
    address: str
    name: str = ""
    user: User | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What the browser answered a challenge with."""

    nonce: str
    frames: Sequence[StepFrame]


@dataclass(frozen=True, slots=True)
class Answer:
    """user: who is in; None when nobody. message: what to say, with no number in it."""

    code: str
    message: str
    user: User | None = None
    seconds: int | None = None


def start_challenge(*, claim: Claim) -> LivenessSession | None:
    """None where the site asks for none.

    Raises NotOn, PromiseBroken, TooManyChallenges, WeightsMissing, PadUnavailable.
    """
    _require_on(claim)
    if settings.FACE_LOGIN_LIVENESS == "off":
        return None
    return liveness.start(
        purpose=LivenessPurpose.LOGIN, bound_to=claim.bound_to, address=claim.address
    )


def answer(*, claim: Claim, read: Callable[[], Sent]) -> Answer:
    """Decide whether this face logs in. Every refusal is on record, and says what to do.

    read: decodes what was sent, or raises Refusal; not called for somebody who has to wait.
    """
    attempt = _Attempted(claim.mode, _whose_face(claim))
    try:
        _require_on(claim)
        ticket = _enter(claim)
        sent = read()
    except Refusal as refusal:
        attempt.record(refusal)
        return refused(refusal, claim)
    attempt.frames = len(sent.frames)
    try:
        result = _decide(claim, attempt.person, sent)
    except Refusal as refusal:  # on record by whoever refused
        if isinstance(refusal, _NOT_COUNTED) and not _cost_a_challenge(refusal):
            brakes.take_back(ticket=ticket)
        return refused(refusal, claim)
    if result.outcome not in (services.MATCH, services.NO_MATCH, services.UNKNOWN):
        brakes.take_back(ticket=ticket)  # a face too poor to be compared
    if not result.is_match:
        return Answer(result.outcome, result.message)
    try:
        return _let_in(claim, attempt.person, result, ticket)
    except Refusal as refusal:
        attempt.record(refusal)
        return refused(refusal, claim)


def _cost_a_challenge(refusal: Refusal) -> bool:
    """A useless picture is no guess, unless it buys another challenge: else whoever holds a
    recording could go on until the moves it shows are asked for."""
    return isinstance(refusal, FaceRefused) and settings.FACE_LOGIN_LIVENESS != "off"


def refuse(*, claim: Claim, refusal: Refusal) -> Answer:
    """What cannot even be read is an attempt, too: counted, and on record."""
    with suppress(Braked):
        _enter(claim)
    _Attempted(claim.mode, _whose_face(claim)).record(refusal)
    return refused(refusal, claim)


@dataclass(slots=True)
class _Attempted:
    """Puts on record what was refused before anybody looked at a face, or in spite of it."""

    mode: Mode
    person: Person | None
    frames: int = 0
    started: float = field(default_factory=time.monotonic)

    def record(self, refusal: Refusal) -> None:
        try:
            with transaction.atomic():
                self._record(refusal.code, self.person)
        except IntegrityError:  # erased meanwhile
            self._record(refusal.code, None)

    def _record(self, outcome: str, person: Person | None) -> None:
        model = EmbeddingModel.objects.current()
        is_search = self.mode == Mode.RECOGNIZE
        Attempt.objects.create(
            purpose=AttemptPurpose.RECOGNIZE if is_search else AttemptPurpose.VERIFY,
            source=AttemptSource.LOGIN,
            claimed=person,
            model=model,
            outcome=outcome,
            threshold=thresholds.for_record(model, search=is_search),
            frames=self.frames,
            duration_ms=round((time.monotonic() - self.started) * 1000),
        )


def _whose_face(claim: Claim) -> Person | None:
    if claim.user is not None:
        return accounts.owner_of(claim.user)
    return accounts.claimed_by(claim.name) if claim.mode == Mode.CLAIMED else None


def _require_on(claim: Claim) -> None:
    """What the operator has turned off since the page was opened is off."""
    # The second factor is asked for in every mode but off; the others only in their own.
    is_on = accounts.mode() == claim.mode or (
        claim.mode == Mode.SECOND_FACTOR and accounts.mode() != Mode.OFF
    )
    if not is_on:
        raise NotOn("The face does not log in here.")
    promise.require(claim.mode)


def _enter(claim: Claim) -> Ticket:
    name = None if claim.mode == Mode.RECOGNIZE else claim.name
    return brakes.enter(kind=BrakeKind.FACE, name=name, address=claim.address)


def _decide(claim: Claim, person: Person | None, sent: Sent) -> Result:
    """Liveness first, then who it is; both put themselves on record."""
    probe: Sequence[Pixels] | services.Probe = [frame.pixels for frame in sent.frames]
    if settings.FACE_LOGIN_LIVENESS != "off":
        probe = liveness.check(
            nonce=sent.nonce,
            purpose=LivenessPurpose.LOGIN,
            bound_to=claim.bound_to,
            address=claim.address,
            frames=sent.frames,
            claimed=person,
            whose=_whose(claim),
        ).probe
    if claim.mode == Mode.RECOGNIZE:
        return services.recognize(probe=probe, source=AttemptSource.LOGIN)
    return services.verify(probe=probe, person=person, source=AttemptSource.LOGIN)


def _whose(claim: Claim) -> str:
    """By the name that was typed, whether somebody has it or not: both take the same time."""
    return "" if claim.mode == Mode.RECOGNIZE else brakes.account_of(claim.name)


def _let_in(claim: Claim, person: Person | None, result: Result, ticket: Ticket) -> Answer:
    """Raises Braked when a lock fell meanwhile, Refusal when the face has no account."""
    user = claim.user
    if user is None:
        if claim.mode == Mode.RECOGNIZE and result.person is not None:
            person = accounts.found_as(result.person.pk)
        user = person.user if person else None
        if user is None:
            raise Refusal("No account belongs to this face. Use your password.", code=NO_ACCOUNT)
        if claim.mode == Mode.RECOGNIZE:
            brakes.check_everywhere(name=user.get_username())
    brakes.succeed(ticket=ticket, with_password=claim.user is not None)
    return Answer(result.outcome, result.message, user=user)


def refused(refusal: Refusal, claim: Claim) -> Answer:
    """What is said of it to the person: never what only the operator can mend."""
    message = refusal.message
    if isinstance(refusal, WeightsMissing | PadUnavailable):  # what it says is for the operator
        message = "This site cannot look at faces now."
    if message != refusal.message or refusal.code == brakes.FACE_OFF:
        message = f"{message} {_way_out(claim)}"
    seconds = refusal.seconds if isinstance(refusal, Braked) else None
    return Answer(refusal.code, message, seconds=seconds)


def _way_out(claim: Claim) -> str:
    is_second = claim.mode == Mode.SECOND_FACTOR
    return "Ask an administrator." if is_second else "Use your password."
