"""The photos of one person in the admin: add several, watch them, delete, accept anyway.

Each view answers htmx with the panel alone, and a plain request with a redirect to the person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from people import services
from people.admin.base import staff
from people.admin.person_form import AT_ONCE
from people.errors import Refusal
from people.forms import PhotosInput
from people.guard import FaceGuarded, may_change_face
from people.images import BadPhoto, read_bytes
from people.models import FaceImage, FaceImageSource, FaceImageState, Person

# A photo that nobody has taken up after this long is waiting for a worker.
WAITS_AFTER = timedelta(seconds=12)


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not stored, and why."""

    name: str
    reason: str


@dataclass(slots=True)
class Upload:
    """What became of the files of one upload."""

    stored: int = 0
    already: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def may_see(request: HttpRequest) -> bool:
    return request.user.has_perm("people.view_photo")


def store(
    *, person: Person, files: Sequence[UploadedFile[bytes]], source: FaceImageSource, by: User
) -> Upload:
    """Store each file that is a photo; one that is not never spoils another.

    Raises FaceGuarded.
    """
    upload = Upload()
    for file in files:
        name = file.name or "Unnamed file"
        try:
            enrolled = services.enrol_photo(
                person=person, data=read_bytes(file), source=source, by=by
            )
        except BadPhoto as error:
            upload.refused.append(Refused(name, error.message))
            continue
        if enrolled.error is not None:
            upload.refused.append(Refused(name, enrolled.error.message))
        elif enrolled.already:
            upload.already.append(name)
        else:
            upload.stored += 1
    return upload


def section(request: HttpRequest, person: Person) -> dict[str, Any]:
    """What the photo section of a person's page shows."""
    images = list(person.images.select_related("accepted_by"))
    states = [image.state for image in images]
    waits = person.images.waiting_longer_than(WAITS_AFTER).exists()
    user = staff(request)
    may_change = may_change_face(person=person, by=user)
    return {
        "person": person,
        "images": images,
        "ready": states.count(FaceImageState.READY),
        "pending": states.count(FaceImageState.PENDING),
        "rejected": states.count(FaceImageState.REJECTED),
        "waits": waits,
        # What the browser has seen; as long as it is current there is nothing to send.
        "seen": "".join(state[:2] for state in states) + ("-waits" if waits else ""),
        "overridable": services.OVERRIDABLE,
        "may_see": may_see(request),
        "guarded": "" if may_change else FaceGuarded().message,
        "may_add": may_change and user.has_perm("people.add_faceimage"),
        "may_delete": may_change and user.has_perm("people.delete_faceimage"),
        "may_accept": may_change and user.has_perm("people.change_faceimage"),
        "may_erase": may_change and user.has_perm("people.erase_person"),
        "photos_input": PhotosInput({"id": "id_more_photos", "aria-label": "Add photos"}).render(
            "photos", None
        ),
    }


@require_safe
@permission_required("people.view_person", raise_exception=True)
def panel_view(request: HttpRequest, person_id: int) -> HttpResponse:
    """The panel, or 204 when the browser already shows it."""
    context = section(request, get_object_or_404(Person, pk=person_id))
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    return _panel(request, context)


@require_POST
@permission_required(["people.view_person", "people.add_faceimage"], raise_exception=True)
def add_view(request: HttpRequest, person_id: int) -> HttpResponse:
    person = get_object_or_404(Person, pk=person_id)
    files = request.FILES.getlist("photos")[:AT_ONCE]
    try:
        upload = store(person=person, files=files, source=FaceImageSource.ADMIN, by=staff(request))
    except Refusal as error:
        return _answer(request, person, problem=error.message)
    if not request.headers.get("HX-Request"):
        for refused in upload.refused:
            messages.warning(request, f"{refused.name}: {refused.reason}")
    return _answer(request, person, upload=upload)


@require_POST
@permission_required(["people.view_person", "people.delete_faceimage"], raise_exception=True)
def delete_view(request: HttpRequest, person_id: int, photo_id: UUID) -> HttpResponse:
    image = get_object_or_404(
        FaceImage.objects.select_related("person"), person=person_id, public_id=photo_id
    )
    try:
        services.delete_photo(image=image, by=staff(request))
    except Refusal as error:
        return _answer(request, image.person, problem=error.message)
    _log(request, image.person, "Deleted a photo.")
    return _answer(request, image.person)


@require_POST
@permission_required(["people.view_person", "people.change_faceimage"], raise_exception=True)
def accept_view(request: HttpRequest, person_id: int, photo_id: UUID) -> HttpResponse:
    image = get_object_or_404(
        FaceImage.objects.select_related("person"), person=person_id, public_id=photo_id
    )
    try:
        services.accept_flagged(image=image, by=staff(request))
    except Refusal as error:
        return _answer(request, image.person, problem=error.message)
    _log(request, image.person, f"Accepted a photo in spite of: {image.reason_code}.")
    return _answer(request, image.person)


def _log(request: HttpRequest, person: Person, what: str) -> None:
    """In the history of the person, which an erasure empties."""
    LogEntry.objects.create(
        user=staff(request),
        content_type=ContentType.objects.get_for_model(Person),
        object_id=str(person.pk),
        object_repr=person.full_name,
        action_flag=CHANGE,
        change_message=what,
    )


def _answer(
    request: HttpRequest, person: Person, *, upload: Upload | None = None, problem: str = ""
) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        if problem:
            messages.error(request, problem)
        return redirect("admin:people_person_change", person.pk)
    context = section(request, person) | {"upload": upload, "problem": problem, "report": True}
    return _panel(request, context)


def _panel(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """When nothing waits any more, what the photos serve for is looked at again."""
    response = render(request, "people/photo_panel.html", context)
    if not context["pending"]:
        trigger_client_event(response, "photosSettled")
    return response
