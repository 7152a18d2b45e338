"""Pages of staff who may see attendance."""

from collections.abc import Callable

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from recognition.attendance import views

app_name = "attendance"


def _page(route: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
    seen = permission_required("recognition.view_attendanceevent", raise_exception=True)
    return path(route, admin.site.admin_view(seen(view)), name=name)


urlpatterns = [
    _page("board/", views.board, "board"),
    _page("days/", views.days_list, "days"),
    _page("days.csv", views.days_csv, "days_csv"),
    _page("days.xlsx", views.days_xlsx, "days_xlsx"),
    _page("people/<int:person_id>/", views.month, "month"),
]
