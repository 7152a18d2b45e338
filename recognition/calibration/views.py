"""What is promised, what it costs, and what other limits would do."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.decorators import permission_required
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe

from people.admin.base import staff
from people.models import EmbeddingModel, Person
from recognition.acceptance import accepted, fixed_by_environment
from recognition.calibration import person_health, service, shown
from recognition.calibration.forms import LimitsForm, as_form_data
from recognition.models import Acceptance

CHANGE_RATES = "recognition.change_acceptance"


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("people.view_embeddingmodel", raise_exception=True)
def limits(request: HttpRequest) -> HttpResponse:
    """The page; with limits in the query what they would do; for htmx that alone. POST keeps."""
    if request.method == "POST":
        return _keep(request)
    form = LimitsForm({**as_form_data(accepted()), **request.GET.dict()})
    response = _answer(request, form)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _answer(request: HttpRequest, form: LimitsForm, status: int = 200) -> HttpResponse:
    now = accepted()
    model = EmbeddingModel.objects.current()
    rates = form.rates if form.is_valid() else now
    context: dict[str, Any] = {
        "form": form,
        "model": model,
        "shown": shown.show(model, rates),
        "is_changed": as_form_data(rates) != as_form_data(now),
        "fixed": list(fixed_by_environment().values()),
        "may_change": request.user.has_perm(CHANGE_RATES),
    }
    if request.headers.get("HX-Request"):
        return render(request, "calibration/preview.html", context, status=status)
    page = {**admin.site.each_context(request), "title": "Calibration", **context}
    return render(request, "calibration/page.html", page, status=status)


def _keep(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(CHANGE_RATES):
        return render(request, "403.html", status=403)
    form = LimitsForm(request.POST)
    if not form.is_valid():
        return _answer(request, form, status=422)
    service.accept(form.rates)
    LogEntry.objects.create(
        user=staff(request),
        content_type=ContentType.objects.get_for_model(Acceptance),
        object_id="1",
        object_repr="Accepted error rates",
        action_flag=CHANGE,
        change_message="Changed what is accepted.",
    )
    messages.success(request, "Kept. Thresholds follow from it at once.")
    return redirect("calibration:limits")


@require_safe
@permission_required("people.view_person", raise_exception=True)
def person(request: HttpRequest, person_id: int) -> HttpResponse:
    """The part of a person's page about how well the photos serve, or a page of its own."""
    one = get_object_or_404(Person, pk=person_id)
    context = {"person": one, "health": person_health.of(one, EmbeddingModel.objects.current())}
    if request.headers.get("HX-Request"):
        return render(request, "calibration/person.html", context)
    title = f"How well the photos of {one} serve"
    page = {**admin.site.each_context(request), "title": title, **context}
    return render(request, "calibration/person_page.html", page)
