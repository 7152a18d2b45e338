"""The log-in pages: a password, a face, or one after the other."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from people.errors import Refusal
from people.images import decode, read_bytes
from recognition.engine import WeightsMissing
from recognition.login import (
    accounts,
    backends,
    faces,
    hints,
    pending,
    promise,
    sessions,
    throttles,
)
from recognition.login.accounts import Mode
from recognition.login.addresses import client_address
from recognition.login.camera import (
    MOST_BYTES_OF_ANSWER,
    STATUS,
    Forged,
    as_json,
    bounded,
    refused,
    started,
    too_often,
    with_camera,
)
from recognition.login.faces import Answer, Claim, NotStarted
from recognition.login.forms import ClaimForm, PasswordForm, read_frames
from recognition.login.passwords import PasswordLogin, enter_with_password, home_of, safe_next
from recognition.login.promise import PromiseBroken

MOST_BYTES_OF_HINT = 256 * 1024


def home(request: HttpRequest) -> HttpResponse:
    """`/`: to where this account's work is."""
    if not request.user.is_authenticated:
        return redirect("login:start")
    return redirect(home_of(request.user))


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class Start(PasswordLogin):
    """A name and a password; where the mode allows it, a face instead."""

    template_name = "login/start.html"
    authentication_form = PasswordForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        mode, broken = accounts.mode(), ""
        if mode == Mode.RECOGNIZE:
            try:
                promise.require(mode)
            except PromiseBroken as refusal:
                broken = refusal.message
        claim = ClaimForm(label_suffix="", auto_id="claim_%s")
        context = {"mode": mode.value, "claim": claim, "promise_broken": broken}
        return super().get_context_data(**{**context, **kwargs})


@require_POST
@never_cache
def claim(request: HttpRequest) -> HttpResponseBase:
    """On to the camera, with a name or without one."""
    goes_to = safe_next(request)
    mode = accounts.mode()
    if mode == Mode.CLAIMED:
        form = ClaimForm(request.POST, label_suffix="", auto_id="claim_%s")
        if not form.is_valid():
            return Start.as_view(extra_context={"claim": form})(_as_get(request))
        pending.begin_with_name(request.session, name=form.cleaned_data["name"], goes_to=goes_to)
    elif mode == Mode.RECOGNIZE:
        pending.begin_with_nothing(request.session, goes_to=goes_to)
    else:
        return redirect("login:start")
    return redirect("login:face")


def _as_get(request: HttpRequest) -> HttpRequest:
    request.method = "GET"
    return request


@require_GET
@never_cache
@with_camera
def face_page(request: HttpRequest) -> HttpResponse:
    begun = pending.read(request.session)
    if begun is None:
        return redirect("login:start")
    back = reverse("login:start", query={"next": begun.goes_to} if begun.goes_to else None)
    context = {"mode": begun.mode.value, "name": begun.name, "back": back}
    return render(request, "login/face.html", context)


# --- What the page's script asks ------------------------------------------------------------


def _claim(request: HttpRequest) -> Claim | None:
    """Who wants in, as this session remembers it; None when it remembers nobody."""
    begun = pending.read(request.session)
    if begun is None:
        return None
    user = begun.user() if begun.mode == Mode.SECOND_FACTOR else None
    if begun.mode == Mode.SECOND_FACTOR and user is None:
        return None
    return Claim(
        mode=begun.mode,
        bound_to=sessions.bound_to(request),
        address=client_address(request),
        name=begun.name,
        user=user,
    )


def _nobody(request: HttpRequest) -> Claim:
    return Claim(mode=Mode.CLAIMED, bound_to="", address=client_address(request))


def _refuse(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    if not throttles.is_within("decision", client_address(request), throttles.DECISIONS):
        return too_often()
    # What somebody else's page sent through a browser does not count against whose browser it is.
    claim = None if isinstance(refusal, Forged) else _claim(request)
    return _as_response(faces.refuse(claim=claim or _nobody(request), refusal=refusal))


@require_POST
@never_cache
def start(request: HttpRequest) -> HttpResponse:
    """A challenge: what to do before the camera."""
    claim = _claim(request)
    if claim is None:
        return _as_response(Answer(NotStarted.code, NotStarted().message))
    if not throttles.is_within("challenge", claim.address, throttles.CHALLENGES):
        return too_often()
    try:
        challenge = faces.start_challenge(claim=claim)
    except Refusal as refusal:
        return _as_response(faces.refused(refusal, claim))
    return started(challenge)


@bounded(most=MOST_BYTES_OF_ANSWER, refuse=_refuse)
@require_POST
@never_cache
def answer(request: HttpRequest) -> HttpResponse:
    """The frames, and whether they log somebody in."""
    claim = _claim(request)
    if claim is None:
        return _refuse(request, NotStarted())
    if not throttles.is_within("decision", claim.address, throttles.DECISIONS):
        return too_often()
    found = faces.answer(claim=claim, read=lambda: read_frames(request))
    if found.user is None:
        return _as_response(found)
    begun = pending.read(request.session)
    goes_to = (begun.goes_to if begun else "") or home_of(found.user)
    if claim.mode == Mode.SECOND_FACTOR:
        enter_with_password(request, found.user)
        sessions.settle(request)
    else:
        pending.end(request.session)
        login(request, found.user, backend=backends.FACE_ALONE)
    return as_json(found.code, found.message, status=200, next=goes_to)


def _as_response(found: Answer) -> HttpResponse:
    status = STATUS.get(found.code, 422)
    response = as_json(found.code, found.message, status=status, wait=found.seconds)
    if found.seconds is not None:
        response["Retry-After"] = str(found.seconds)
    return response


def _no_hint(_request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return refused(refusal)


@bounded(most=MOST_BYTES_OF_HINT, refuse=_no_hint)
@require_POST
@never_cache
def hint(request: HttpRequest) -> HttpResponse:
    """What to change before the picture is taken. For whoever is logging in, or is logged in."""
    if pending.read(request.session) is None and not request.user.is_authenticated:
        return _no_hint(request, NotStarted())
    session, address = request.session.session_key or "", client_address(request)
    if not (
        throttles.is_within("hint", session, throttles.HINTS, without_cache=False)
        and throttles.is_within("hints", address, throttles.HINTS_OF_ADDRESS)
    ):
        return too_often(wait=5)
    file = request.FILES.get("frame")
    try:
        if file is None:
            raise Refusal("Send a frame.", code="frames_malformed")
        found = hints.hint(
            pixels=decode(read_bytes(file)).pixels,
            step=request.POST.get("step", ""),
            straight=request.POST.get("straight", ""),
        )
    except WeightsMissing as refusal:
        return as_json(refusal.code, "This site cannot look at faces now.", status=503)
    except Refusal as refusal:
        return refused(refusal)
    more = {"straight": found.straight} if found.straight else {}
    return as_json(found.code, found.sentence, status=200, **more)
