"""After the right password: in, or on to the face."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from people.models import Person
from recognition.login import accounts, backends, brakes, pending, sessions
from recognition.login.accounts import Missing
from recognition.login.forms import SaysTheBrake
from recognition.models import BrakeKind


def accept(*, user: User) -> Missing | None:
    """The password was right. None when it is enough."""
    missing = accounts.missing_beside_password(user)
    # What failed by face until now counts no more. Not where the face is the second factor: who
    # knows the password could guess on and on.
    if missing is None:
        brakes.release(name=user.get_username(), kinds=[BrakeKind.FACE])
    return missing


class PasswordLogin(LoginView):
    """What the two pages that ask for a password share."""

    def form_valid(self, form: Any) -> HttpResponse:
        user: User = form.get_user()
        missing = accept(user=user)
        goes_to = self.get_redirect_url() or home_of(user)
        if missing == Missing.FACE:
            pending.begin_with_password(self.request.session, user=user, goes_to=goes_to)
            return redirect("login:face")
        enter_with_password(self.request, user)
        if missing == Missing.ENROLMENT:
            return go_on_to_enrolment(self.request)
        if brakes.is_password_alone(name=user.get_username()):
            sessions.settle(self.request)
        return redirect(goes_to)

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)
        return _as_braked(response, form)


def enter_with_password(request: HttpRequest, user: User) -> None:
    pending.end(request.session)
    login(request, user, backend=backends.PASSWORD)  # with a new session key


def missing_here(request: HttpRequest) -> Missing | None:
    """What this session lacks, which began with a password, by what holds for its account now."""
    if sessions.is_settled(request) or not isinstance(request.user, User):
        return None
    return accounts.missing_beside_password(request.user)


def may_change_own_face(request: HttpRequest) -> bool:
    """Whoever has the password and owes the face could put their own in its place.

    Who enrols a face here goes on with the second photo of it, before the first is asked for.
    """
    if not sessions.had_password(request) or not isinstance(request.user, User):
        return False
    if missing_here(request) != Missing.FACE:
        return True
    return accounts.has_no_face_but(request.user, photos=sessions.added(request))


def note_erased(request: HttpRequest) -> None:
    """Photos of one's own face were erased. With none left it counts no more that it was shown."""
    user = request.user
    if isinstance(user, User) and accounts.missing_beside_password(user) == Missing.ENROLMENT:
        sessions.unsettle(request)


def go_on(request: HttpRequest, missing: Missing | None, *, otherwise: str) -> HttpResponse | None:
    """From a session that lacks this to where it is given; None when it lacks nothing.

    otherwise: where to go afterwards, unless the request says so.
    """
    user = request.user
    if missing is None or not isinstance(user, User):
        return None
    if missing == Missing.ENROLMENT:
        return go_on_to_enrolment(request)
    goes_to = safe_next(request) or otherwise
    pending.begin_with_password(request.session, user=user, goes_to=goes_to)
    messages.info(request, "You logged in by password alone. Your face is asked for as well now.")
    return redirect("login:face")


def go_on_to_enrolment(request: HttpRequest) -> HttpResponse:
    said = "Accounts with admin rights log in with password and face."
    if Person.objects.filter(user=request.user.pk, is_active=False).exists():
        next_step = "Your entry is switched off: ask a superuser to switch it on first."
    else:
        next_step = "Enrol your face here; then the admin opens."
    messages.info(request, f"{said} {next_step}")
    return redirect("me:home")


def safe_next(request: HttpRequest) -> str:
    """Where to go afterwards, on this site; "" when it is elsewhere or nowhere."""
    view = LoginView()
    view.setup(request)
    return str(view.get_redirect_url())


def home_of(user: User) -> str:
    return reverse("admin:index") if user.is_staff else reverse("me:home")


def _as_braked(response: HttpResponse, form: SaysTheBrake) -> HttpResponse:
    braked = form.braked
    if braked is not None:
        response.status_code = 429
        if braked.seconds is not None:
            response["Retry-After"] = str(braked.seconds)
    return response
