"""Questions about a face, and the record of them."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from people.images import BadPhoto, Pixels, decode
from people.models import Gallery, Person
from people.services import PersonUnknown
from recognition.api import examples
from recognition.api.access import DeviceRight, Rule
from recognition.api.authentication import device_of
from recognition.api.filters import IdFilter, MomentFilter, TextFilter, UUIDFilter
from recognition.api.serializers import (
    Answer,
    AttemptSerializer,
    Identifications,
    Recognition,
    Verification,
    identification,
)
from recognition.engine import Reason
from recognition.models import Attempt, AttemptSource
from recognition.record import Undecided
from recognition.services import Result, recognize, recognize_everybody, verify


def decoded(photos: list[bytes] | BadPhoto) -> list[Pixels]:
    """Raises BadPhoto for the first that is no usable picture."""
    if isinstance(photos, BadPhoto):
        raise photos
    return [decode(photo).pixels for photo in photos]


def refuse_undecided(result: Result) -> Result:
    """A probe without a usable face is a problem, with its reason's code. It is on record."""
    if not result.is_decision:
        raise Undecided(result)
    return result


def galleries_for(request: Request, chosen: Gallery | None) -> list[Gallery]:
    """Where a caller may look. A device sees only its own galleries.

    Raises PermissionDenied for a gallery of others, or a device that has none.
    """
    device = device_of(request.user)
    if device is None:
        return [chosen] if chosen else []
    own = device.where
    if chosen is not None:
        own = [gallery for gallery in own if gallery == chosen]
    if not own:
        raise PermissionDenied("This device has no such gallery.", code="gallery_not_allowed")
    return own


class VerifyView(APIView):
    """1:1: is this the claimed person?"""

    rules: ClassVar = {"post": Rule("recognition.ask")}

    @extend_schema(
        request=Verification,
        responses={200: Answer},
        operation_id="verify",
        examples=examples.VERIFY,
    )
    def post(self, request: Request) -> Response:
        form = Verification(data=request.data)
        form.is_valid(raise_exception=True)
        result = verify(
            probe=decoded(form.validated_data["photo"]),
            person=_claimed(form.validated_data["person"]),
            source=AttemptSource.API,
            actor=request.user,
        )
        return Response(refuse_undecided(result).as_json())


def _claimed(id_or_number: str) -> Person:
    """By id or staff number; a name may be anybody's. Raises PersonUnknown."""
    for person in Person.objects.called(id_or_number)[:2]:
        if id_or_number.strip().lower() != person.full_name.lower():
            return person
    raise PersonUnknown("Nobody has this id or staff number.")


class RecognizeView(APIView):
    """1:N: who is this?"""

    rules: ClassVar = {"post": Rule("recognition.ask", device=DeviceRight.RECOGNIZE)}

    @extend_schema(
        request=Recognition,
        responses={200: Identifications},
        operation_id="recognize",
        examples=examples.RECOGNIZE,
    )
    def post(self, request: Request) -> Response:
        form = Recognition(data=request.data)
        form.is_valid(raise_exception=True)
        asked: dict[str, Any] = {
            "galleries": galleries_for(request, form.validated_data.get("gallery")),
            "top": form.validated_data["top"],
            "source": AttemptSource.API,
            "actor": request.user,
        }
        frames = decoded(form.validated_data["photo"])
        for_device = device_of(request.user) is not None
        if form.validated_data["faces"] == "all":
            return Response(_everybody(frames[0], asked, for_device=for_device))
        result = refuse_undecided(recognize(probe=frames, **asked))
        return Response(identification(result, for_device=for_device))


def _everybody(photo: Pixels, asked: dict[str, Any], *, for_device: bool) -> dict[str, object]:
    results = recognize_everybody(photo=photo, **asked)
    if results[0].outcome == Reason.NO_FACE:
        refuse_undecided(results[0])
    faces = [identification(result, for_device=for_device) for result in results]
    return {**faces[0], "faces": faces}


class AttemptFilter(django_filters.FilterSet):
    person = UUIDFilter(method="about", label="Claimed or found: the id.")
    gallery = IdFilter(field_name="gallery_id", label="Its id.")
    model = IdFilter(field_name="model_id", label="Its id.")
    actor = TextFilter(field_name="actor__username", label="The user name.")
    device = TextFilter(field_name="actor__device__name", label="Its name.")
    outcome = TextFilter()
    since = MomentFilter(field_name="created_at", lookup_expr="gte")
    until = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Attempt
        fields: ClassVar = ["purpose", "source"]

    def about(self, attempts: Any, _name: str, person: Any) -> Any:
        return attempts.filter(claimed__public_id=person) | attempts.filter(found__public_id=person)


class AttemptViewSet(viewsets.ReadOnlyModelViewSet[Attempt]):
    """Every decision, newest first, without the photo."""

    queryset = Attempt.objects.select_related("claimed", "found", "model", "actor__device")
    serializer_class = AttemptSerializer
    filterset_class = AttemptFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"
    rules: ClassVar = {
        "list": Rule("recognition.view_attempt"),
        "retrieve": Rule("recognition.view_attempt"),
    }
