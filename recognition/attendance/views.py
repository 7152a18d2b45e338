"""Pages about today and about days: who is here, what was worked, and the same as files."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from people.errors import Refusal
from people.models import Person
from recognition.attendance import boards, charts, days, downloads, shown
from recognition.attendance.days import Asked, Day
from recognition.attendance.forms import (
    AmongForm,
    MonthForm,
    month_of,
    period_form,
    periods,
)
from recognition.dashboard import Number

PAGE = 100  # rows
CHARTED = 10_000  # rows; the page must not wait for more


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """The page; for htmx its panel alone, or 204 when the browser already shows it."""
    form = AmongForm(request.GET)
    gallery = form.gallery_or_none
    found = boards.show(gallery=gallery, now=timezone.now())
    seen = request.GET.get("seen", "")
    is_panel = bool(request.headers.get("HX-Request"))
    if is_panel and seen == found.fingerprint:
        return HttpResponse(status=204)
    context = {
        "board": found,
        "gallery": gallery,
        "is_panel": is_panel,
        "numbers": [
            Number(part.title, part.count, f"#{part.key}", part.tone) for part in found.parts
        ],
    }
    if is_panel:
        response = render(request, "attendance/board_panel.html", context)
    else:
        response = _page(request, "attendance/board.html", "Today", form=form, **context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
def days_list(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    form = period_form(request.GET, now=now)
    found: list[Day] = []
    chart, is_too_long = "", False
    if form.is_valid():
        found = days.page(asked=form.asked, now=now, size=PAGE + 1, after=form.after)
        is_too_long = days.most(form.asked) > CHARTED
        everybody = [] if is_too_long else list(days.each(asked=form.asked, now=now))
        if any(day.worked for day in everybody):
            chart = charts.worked_by_day(everybody, label="j M")
    return _page(
        request,
        "attendance/days.html",
        "Days",
        form=form,
        rows=[shown.row(day) for day in found[:PAGE]],
        chart=chart,
        chart_options=charts.OPTIONS,
        charted=CHARTED,
        is_too_long=is_too_long,
        following=_following(request, found),
        is_first_page=not form.data.get("after_date"),
        query=_query(request, first=form.data["first"], last=form.data["last"]),
        periods=_periods(request, timezone.localdate()),
    )


@require_safe
def month(request: HttpRequest, person_id: int) -> HttpResponse:
    """One person's month: a chart, its totals, and each day."""
    person = get_object_or_404(Person.objects.prefetch_related("galleries"), pk=person_id)
    now, zone = timezone.now(), shown.zone_of(person)
    form = MonthForm(request.GET)
    chosen = form.cleaned_data["month"] if form.is_valid() else None
    first, last = month_of(chosen or now.astimezone(zone).date())
    found = list(days.each(asked=Asked(first, last, person=person), now=now))
    return _page(
        request,
        "attendance/month.html",
        str(person),
        person=person,
        zone=zone.key,
        first=first,
        last=last,
        before=first - timedelta(days=1),
        following=last + timedelta(days=1),
        rows=[shown.row(day) for day in found],
        totals=shown.totals(found),
        chart=charts.worked_by_day(found),
        chart_options=charts.OPTIONS,
    )


@require_safe
def days_csv(request: HttpRequest) -> HttpResponseBase:
    form = period_form(request.GET, now=timezone.now())
    if not form.is_valid():
        return _back(request)
    return downloads.csv_of(asked=form.asked, now=timezone.now())


@require_safe
def days_xlsx(request: HttpRequest) -> HttpResponseBase:
    form = period_form(request.GET, now=timezone.now())
    if not form.is_valid():
        return _back(request)
    try:
        return downloads.xlsx_of(asked=form.asked, now=timezone.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return _back(request)


def _page(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    shared = admin.site.each_context(request)
    return render(request, template, {**shared, "title": title, **context})


def _back(request: HttpRequest) -> HttpResponse:
    """To the page that says what is wrong with the dates."""
    return redirect(f"{reverse('attendance:days')}?{request.GET.urlencode()}")


def _query(request: HttpRequest, **changed: object) -> str:
    """What is asked for, from its first page on, with some of it changed."""
    query = request.GET.copy()
    for name in ("after_date", "after_person"):
        query.pop(name, None)
    for name, value in changed.items():
        query[name] = str(value)
    return query.urlencode()


def _following(request: HttpRequest, found: list[Day]) -> str:
    """The query of the next page; empty on the last one. It starts after a row, not at a number."""
    if len(found) <= PAGE:
        return ""
    last = found[PAGE - 1]
    return _query(request, after_date=last.date, after_person=last.person_id)


def _periods(request: HttpRequest, today: date) -> dict[str, str]:
    return {
        name: _query(request, first=first, last=last)
        for name, (first, last) in periods(today).items()
    }
