"""`/api/v1/…`."""

from django.urls import URLPattern, URLResolver, include, path, re_path
from rest_framework.routers import SimpleRouter

from recognition.api import problems
from recognition.api.views.attendance import CorrectionsView, EventViewSet
from recognition.api.views.clocking import BatchView, ChallengesView, ClockView, UndoView
from recognition.api.views.days import DaysCsvView, DaysView, DaysXlsxView, MyDaysView
from recognition.api.views.pages import ReferencePage, SchemaView, SwaggerPage
from recognition.api.views.people import (
    EmbeddingModelViewSet,
    FaceViewSet,
    GalleryViewSet,
    PersonViewSet,
)
from recognition.api.views.recognition import AttemptViewSet, RecognizeView, VerifyView
from recognition.api.views.schedules import (
    HolidayViewSet,
    ShiftAssignmentViewSet,
    ShiftViewSet,
)
from recognition.api.views.site import LiveView, ReadyView, TokensView

router = SimpleRouter(use_regex_path=False)
router.register("people", PersonViewSet)
router.register("people/<uuid:id>/faces", FaceViewSet)
router.register("galleries", GalleryViewSet)
router.register("embedding-models", EmbeddingModelViewSet)
router.register("attempts", AttemptViewSet)
router.register("attendance/events", EventViewSet)
router.register("shifts", ShiftViewSet)
router.register("shift-assignments", ShiftAssignmentViewSet)
router.register("holidays", HolidayViewSet)

v1: list[URLPattern | URLResolver] = [
    path("", include(router.urls)),
    path("verify/", VerifyView.as_view(), name="verify"),
    path("recognize/", RecognizeView.as_view(), name="recognize"),
    path("attendance/challenges/", ChallengesView.as_view(), name="challenges"),
    path("attendance/clock/", ClockView.as_view(), name="clock"),
    path("attendance/clock/batch/", BatchView.as_view(), name="clock-batch"),
    path("attendance/clock/<uuid:event_id>/undo/", UndoView.as_view(), name="clock-undo"),
    path("attendance/corrections/", CorrectionsView.as_view(), name="corrections"),
    path("attendance/days/", DaysView.as_view(), name="days"),
    path("attendance/days.csv", DaysCsvView.as_view(), name="days-csv"),
    path("attendance/days.xlsx", DaysXlsxView.as_view(), name="days-xlsx"),
    path("attendance/me/", MyDaysView.as_view(), name="days-mine"),
    path("tokens/", TokensView.as_view(), name="tokens"),
    path("health/live", LiveView.as_view(), name="health-live"),
    path("health/ready", ReadyView.as_view(), name="health-ready"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", SwaggerPage.as_view(url_name="api:schema"), name="docs"),
    path("reference/", ReferencePage.as_view(url_name="api:schema"), name="reference"),
]

app_name = "api"
urlpatterns = [
    path("v1/", include(v1)),
    re_path("", problems.not_found),
]
