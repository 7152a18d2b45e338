"""Events, read and corrected by people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, TypeVar, cast

import django_filters
from django.contrib.auth.models import User
from django.db.models import Model
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from people.errors import Refusal
from people.models import Person
from recognition.api import examples
from recognition.api.access import Rule
from recognition.api.attendance import (
    CorrectionSerializer,
    EventSerializer,
)
from recognition.api.filters import (
    IdFilter,
    MomentFilter,
    TextFilter,
    UUIDFilter,
    YesNoFilter,
)
from recognition.api.pages import by_moment
from recognition.attendance import corrections
from recognition.models import AttendanceEvent, Direction

Row = TypeVar("Row", bound=Model)


class EventFilter(django_filters.FilterSet):
    person = UUIDFilter(field_name="person__public_id")
    gallery = IdFilter(field_name="person__galleries__id", label="Of its people; its id.")
    device = TextFilter(field_name="device__name", label="Its name.")
    since = MomentFilter(field_name="occurred_at", lookup_expr="gte")
    until = MomentFilter(field_name="occurred_at", lookup_expr="lt")
    is_late_arriving = YesNoFilter()

    class Meta:
        model = AttendanceEvent
        fields: ClassVar = ["direction", "source"]


class EventViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[AttendanceEvent]
):
    """Every event, with those that a correction replaced; what was recorded last comes first."""

    queryset = AttendanceEvent.objects.select_related(
        "person", "device", "replaces", "replaced_by", "corrected_by"
    )
    serializer_class = EventSerializer
    filterset_class = EventFilter
    orders = (by_moment("occurred_at"),)
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"
    rules: ClassVar = {
        "list": Rule("recognition.view_attendanceevent"),
        "retrieve": Rule("recognition.view_attendanceevent"),
    }


class CorrectionsView(APIView):
    """Correct what was clocked, or add what was forgotten: always a new row."""

    rules: ClassVar = {"post": Rule("recognition.correct_attendance")}

    @extend_schema(
        request=CorrectionSerializer,
        responses={201: EventSerializer},
        operation_id="correct",
        examples=examples.CORRECT,
    )
    def post(self, request: Request) -> Response:
        form = CorrectionSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        event = _correct(form.validated_data, cast(User, request.user))
        return Response(EventSerializer(event).data, status=201)


def _correct(asked: Mapping[str, Any], by: User) -> AttendanceEvent:
    reason: str = asked["reason"]
    if "event" not in asked:
        return corrections.add_forgotten(
            person=_named(Person, "person", asked),
            direction=Direction(asked["direction"]),
            occurred_at=asked["occurred_at"],
            reason=reason,
            by=by,
        )
    event = _named(AttendanceEvent, "event", asked)
    if asked["is_void"]:
        return corrections.void(event=event, reason=reason, by=by)
    occurred_at: datetime = asked.get("occurred_at", event.occurred_at)
    return corrections.replace(
        event=event,
        direction=Direction(asked.get("direction", event.direction)),
        occurred_at=occurred_at,
        reason=reason,
        by=by,
    )


def _named(kind: type[Row], name: str, asked: Mapping[str, Any]) -> Row:
    """What the body refers to. Raises Refusal, a 422: the address itself is right."""
    found = kind._default_manager.filter(public_id=asked[name]).first()
    if found is None:
        raise Refusal(f"There is no {name} with this id.", code=f"{name}_unknown")
    return found
