"""What the script of the page of one's photos asks: a challenge, and whether it was met."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from people.errors import Refusal
from people.images import read_bytes
from recognition.engine import WeightsMissing
from recognition.liveness.refusals import PadUnavailable
from recognition.login import sessions, throttles
from recognition.login.addresses import client_address
from recognition.login.camera import (
    MOST_BYTES_OF_ANSWER,
    as_json,
    bounded,
    refused,
    started,
    too_often,
)
from recognition.login.faces import Sent
from recognition.login.forms import read_frames
from recognition.login.passwords import may_change_own_face
from recognition.me import enrolling
from recognition.me.enrolling import Asking


class LogInAgain(Refusal):
    code = "password_required"

    def __init__(self) -> None:
        super().__init__("Log out, and log in with your password to do this.")


def _asking(request: HttpRequest) -> Asking | None:
    """None for whoever has to log in first, with the password."""
    if isinstance(request.user, AnonymousUser) or not may_change_own_face(request):
        return None
    return Asking(request.user, sessions.bound_to(request), client_address(request))


@require_POST
@login_required
@never_cache
def start(request: HttpRequest) -> HttpResponse:
    """A challenge: what to do before the camera."""
    if not throttles.is_within("challenge", client_address(request), throttles.CHALLENGES):
        return too_often()
    asking = _asking(request)
    if asking is None:
        return _told(LogInAgain())
    try:
        return started(enrolling.start(asking=asking))
    except Refusal as refusal:
        return _told(refusal)


def _refuse(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    if not throttles.is_within("decision", client_address(request), throttles.DECISIONS):
        return too_often()
    enrolling.put_on_record(refusal, user=request.user)
    return _told(refusal)


def _told(refusal: Refusal) -> HttpResponse:
    if isinstance(refusal, WeightsMissing | PadUnavailable):  # what it says is for the operator
        return refused(Refusal("This site cannot look at faces now.", code=refusal.code))
    return refused(refusal)


@bounded(most=MOST_BYTES_OF_ANSWER, refuse=_refuse)
@require_POST
@never_cache
def answer(request: HttpRequest) -> HttpResponse:
    """The frames; the one that looks straight is enrolled when all was done as asked."""
    asking = _asking(request)
    if asking is None:
        return _refuse(request, LogInAgain())
    if not throttles.is_within("decision", asking.address, throttles.DECISIONS):
        return too_often()
    try:
        photo = enrolling.answer(asking=asking, read=lambda: _read(request))
    except Refusal as refusal:
        return _told(refusal)
    sessions.note_added(request, [] if photo is None else [photo])
    thanks = "Thank you. The photo is looked at now; its state shows below."
    messages.success(request, thanks)
    return as_json("enrolled", "Thank you.", status=200, next=reverse("me:photos"))


def _read(request: HttpRequest) -> tuple[Sent, bytes]:
    """Raises BadFrames, BadPhoto."""
    sent = read_frames(request)
    first = request.FILES.getlist("frame")[0]
    first.seek(0)
    return sent, read_bytes(first)
