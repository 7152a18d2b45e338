"""Pages about oneself. Every one asks for a log-in; adding a face asks for the password, too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from people.errors import Refusal
from people.images import BadPhoto, read_bytes
from people.models import Person
from recognition.attendance import days, shown
from recognition.attendance.days import Asked
from recognition.attendance.forms import MonthForm, month_of
from recognition.login import accounts, sessions
from recognition.login.backends import has_admin_rights
from recognition.login.camera import with_camera
from recognition.login.passwords import (
    go_on,
    may_change_own_face,
    missing_here,
    note_erased,
)
from recognition.me import consents, enrolling, photos
from recognition.models import Attempt

PAGE = 50
_ENDED = {
    "match": "It was you",
    "no_match": "Did not match",
    "unknown": "Nobody was found",
}


def _account(request: HttpRequest) -> User:
    if isinstance(request.user, AnonymousUser):
        raise TypeError("a page about oneself was reached without a log-in")
    return request.user


def _person(request: HttpRequest) -> Person | None:
    people = Person.objects.filter(user=_account(request)).prefetch_related("galleries")
    return people.first()


def _page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    by_password = sessions.had_password(request)
    return render(request, template, {"had_password": by_password, **context})


@require_safe
@login_required
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    return _page(
        request,
        "me/home.html",
        person=person,
        photos=photos.of(person),
        consent=consents.last_record(person),
        is_given=consents.is_given(person),
        has_face=accounts.with_face(_account(request)) is not None,
        mode=accounts.mode().value,
        needs_both=has_admin_rights(_account(request)),
        must_enrol=accounts.must_enrol(_account(request)),
        attempts=[_as_line(attempt) for attempt in _attempts(person)[:5]],
    )


@require_safe
@login_required
@never_cache
def consent(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    return _page(
        request,
        "me/consent.html",
        text=consents.current_text(),
        last=consents.last_record(person),
        is_given=consents.is_given(person),
        person=person,
        must_enrol=accounts.must_enrol(_account(request)),
    )


@require_POST
@login_required
def agree(request: HttpRequest) -> HttpResponse:
    if not sessions.had_password(request):
        return _ask_for_password(request, "me:consent")
    consents.give(user=_account(request))
    messages.success(request, "Noted. You can add photos of your face now.")
    return redirect("me:photos")


@require_POST
@login_required
def withdraw(request: HttpRequest) -> HttpResponse:
    # What is erased is gone: a face alone, which may be another's, is not enough.
    if (more := _more_asked_for(request, "me:consent")) is not None:
        return more
    try:
        erased = consents.withdraw(user=_account(request))
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("me:consent")
    note_erased(request)
    number = erased.photos if erased else 0
    plural = "" if number == 1 else "s"
    messages.success(
        request, f"Your face is erased: {number} photo{plural} with all vectors. Nothing is kept."
    )
    return redirect("me:consent")


@require_safe
@login_required
@never_cache
@with_camera
def photo_list(request: HttpRequest) -> HttpResponse:
    person = _person(request)
    own = photos.of(person)
    return _page(
        request,
        "me/photos.html",
        photos=own,
        is_given=consents.is_given(person),
        are_pending=photos.are_pending(own),
        is_full=len(own) >= photos.MOST,
        most=photos.MOST,
        needs_challenge=enrolling.is_required(),
        has_rights=has_admin_rights(_account(request)),
        must_enrol=accounts.must_enrol(_account(request)),
    )


@require_POST
@login_required
def add_photos(request: HttpRequest) -> HttpResponse:
    if (more := _more_asked_for(request, "me:photos")) is not None:
        return more
    if enrolling.is_required():
        refusal = enrolling.ChallengeRequired()
        enrolling.put_on_record(refusal, user=_account(request))
        messages.error(request, refusal.message)
        return redirect("me:photos")
    try:
        data = [read_bytes(file) for file in request.FILES.getlist("photos")[: photos.MOST]]
        added = photos.add(user=_account(request), photos=data)
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("me:photos")
    new = [one.image.pk for one in added if one.image is not None and not one.already]
    sessions.note_added(request, new)
    refused = [one.error for one in added if one.error is not None]
    _tell(request, len(added) - len(refused), refused)
    return redirect("me:photos")


def _tell(request: HttpRequest, kept: int, refused: list[BadPhoto]) -> None:
    for error in refused:
        messages.error(request, error.message)
    if kept:
        messages.success(request, "Thank you. Each photo is looked at now; its state shows below.")
    elif not refused:
        messages.error(request, "Choose a photo first.")


@require_POST
@login_required
def delete_photo(request: HttpRequest, public_id: UUID) -> HttpResponse:
    if (more := _more_asked_for(request, "me:photos")) is not None:
        return more
    if not photos.remove(user=_account(request), public_id=public_id):
        raise Http404
    note_erased(request)
    messages.success(request, "The photo is deleted.")
    return redirect("me:photos")


def _more_asked_for(request: HttpRequest, view: str) -> HttpResponse | None:
    """What it takes besides this session to change one's face; None when it is enough."""
    if not sessions.had_password(request):
        return _ask_for_password(request, view)
    if may_change_own_face(request):
        return None
    return go_on(request, missing_here(request), otherwise=reverse(view))


def _ask_for_password(request: HttpRequest, view: str) -> HttpResponse:
    messages.error(request, "You logged in by face alone. Log in with your password to do this.")
    return redirect(f"{reverse('login:start')}?next={reverse(view)}")


@require_safe
@login_required
@never_cache
def attempts(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before", "")
    found = _attempts(_person(request))
    if before.isascii() and before.isdecimal() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    rows = list(found[: PAGE + 1])
    following = rows[PAGE - 1].pk if len(rows) > PAGE else None
    lines = [_as_line(attempt) for attempt in rows[:PAGE]]
    return _page(request, "me/attempts.html", attempts=lines, following=following)


def _attempts(person: Person | None) -> Any:
    """What was asked about this person, whoever asked."""
    if person is None:
        return Attempt.objects.none()
    about = Attempt.objects.filter(Q(claimed=person) | Q(found=person))
    return about.exclude(outcome="live")  # what was decided about the face itself follows it


def _as_line(attempt: Attempt) -> dict[str, Any]:
    """Never how near it was: that helps whoever tries to look like somebody."""
    return {
        "at": attempt.created_at,
        "where": attempt.get_source_display(),
        "ended": _ENDED.get(attempt.outcome, attempt.outcome.replace("_", " ").capitalize()),
        "is_match": attempt.outcome == "match",
    }


@require_safe
@login_required
@never_cache
def attendance(request: HttpRequest) -> HttpResponse:
    person, now = _person(request), timezone.now()
    zone = shown.zone_of(person)
    form = MonthForm(request.GET)
    chosen = form.cleaned_data["month"] if form.is_valid() else None
    first, last = month_of(chosen or now.astimezone(zone).date())
    found = list(days.each(asked=Asked(first, last, person=person), now=now)) if person else []
    return _page(
        request,
        "me/attendance.html",
        person=person,
        zone=zone.key,
        first=first,
        before=first - timedelta(days=1),
        following=last + timedelta(days=1),
        rows=[shown.row(day) for day in found],
        totals=shown.totals(found),
    )
