"""What working days add up to: as pages, as files, and one's own."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from people.errors import Refusal
from people.models import Person
from recognition.api.access import Rule
from recognition.api.days import (
    CursorField,
    DayPage,
    DaySerializer,
    DaysQuery,
    ExportQuery,
    MyQuery,
)
from recognition.api.parsers import refuse_chunks
from recognition.attendance import days, downloads, workdays
from recognition.attendance.days import Day, Place


class NoPerson(Refusal):
    code = "no_person"


class DaysView(APIView):
    """Everybody's working days, by date."""

    rules: ClassVar = {"get": Rule("recognition.view_attendanceevent")}
    also_answers = ("422",)

    @extend_schema(parameters=[DaysQuery], responses={200: DayPage}, operation_id="days_list")
    def get(self, request: Request) -> Response:
        """`next` is a place between two days, so that pages neither repeat nor skip one."""
        query = DaysQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        size: int = query.validated_data["page_size"]
        after: Place | None = query.validated_data.get("cursor")
        found = days.page(asked=query.asked, now=timezone.now(), size=size + 1, after=after)
        following = _link(request, found[size - 1]) if len(found) > size else None
        return Response(_page(found[:size], following))


class MyDaysView(APIView):
    """The working days of whoever is logged in."""

    rules: ClassVar = {"get": Rule(own=True)}
    also_answers = ("404", "422")

    @extend_schema(parameters=[MyQuery], responses={200: DayPage}, operation_id="days_mine")
    def get(self, request: Request) -> Response:
        """All on one page. 404 `no_person` for an account that belongs to no person."""
        query = MyQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        person = Person.objects.filter(user=cast(User, request.user)).first()
        if person is None:
            raise NoPerson("This account belongs to no person. Ask for it to be linked to you.")
        now = timezone.now()
        asked = query.asked(person, now.astimezone(workdays.time_zone_of(person)).date())
        return Response(_page(list(days.each(asked=asked, now=now)), None))


class _AnyAccept(DefaultContentNegotiation):
    """A file is what it is, whatever `Accept` says; a problem is JSON."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        refuse_chunks(request)
        return renderers[0], renderers[0].media_type


class DaysCsvView(APIView):
    """The same as CSV (UTF-8, with a byte order mark), in local time."""

    rules: ClassVar = {"get": Rule("recognition.view_attendanceevent")}
    also_answers = ("422",)
    content_negotiation_class = _AnyAccept

    @extend_schema(
        parameters=[ExportQuery],
        responses={(200, downloads.CSV): OpenApiTypes.STR},
        operation_id="days_csv",
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        query = ExportQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        return downloads.csv_of(asked=query.asked, now=timezone.now())


class DaysXlsxView(APIView):
    """The same as a workbook, in local time."""

    rules: ClassVar = {"get": Rule("recognition.view_attendanceevent")}
    also_answers = ("422",)
    content_negotiation_class = _AnyAccept

    @extend_schema(
        parameters=[ExportQuery],
        responses={(200, downloads.XLSX): OpenApiTypes.BINARY},
        operation_id="days_xlsx",
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """422 `export_too_large` for more rows than a sheet holds."""
        query = ExportQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        return downloads.xlsx_of(asked=query.asked, now=timezone.now())


def _page(found: list[Day], following: str | None) -> dict[str, object]:
    return {"next": following, "results": DaySerializer(found, many=True).data}


def _link(request: Request, last: Day) -> str:
    cursor = CursorField().to_representation(Place(last.date, last.person_id))
    return str(replace_query_param(request.build_absolute_uri(), "cursor", cursor))
