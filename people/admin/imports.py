"""Bulk import: upload an archive, watch it being worked off, read the report."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.widgets import UnfoldAdminSelectWidget

from people.admin.base import ModelAdmin, as_state, staff
from people.errors import Refusal
from people.imports import start_import
from people.models import FaceImage, FaceImageState, Gallery, ImportRun
from people.spreadsheets import harmless

STATES = {"Done": "success", "Running": "info", "Failed": "danger"}
SHOWN = 200  # rejected photos on the page; the CSV has them all


class ImportForm(forms.Form):
    archive = forms.FileField(
        label="ZIP archive",
        widget=forms.FileInput({"class": "face-drop", "accept": ".zip,application/zip"}),
        help_text="One folder for each person, named like them, with their photos inside:"
        " Ada Lovelace/1.jpg.",
    )
    gallery = forms.ModelChoiceField(
        Gallery.objects.all(),
        required=False,
        empty_label="No gallery",
        widget=UnfoldAdminSelectWidget(),
        help_text="Everybody in the archive is added to it.",
    )
    names = forms.FileField(
        label="CSV of names",
        required=False,
        widget=forms.FileInput({"class": "face-drop face-drop-slim", "accept": ".csv,text/csv"}),
        help_text="When the folders are not the names. Columns: folder, full_name, staff_number,"
        " gallery; the last two may be absent.",
    )


@admin.register(ImportRun)
class ImportRunAdmin(ModelAdmin[ImportRun]):
    list_display = ("name", "gallery", "shown_state", "total", "stored", "already", "refusals",
                    "started_by", "created_at")  # fmt: skip
    list_select_related = ("gallery", "started_by")
    list_filter: ClassVar = ["state", "gallery"]
    search_fields: ClassVar = ["name"]

    def has_change_permission(self, request: HttpRequest, obj: ImportRun | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ImportRun | None = None) -> bool:
        return False

    @as_state(STATES)
    def shown_state(self, run: ImportRun) -> str:
        return run.get_state_display()

    @admin.display(description="refused")
    def refusals(self, run: ImportRun) -> int:
        return run.refused_count

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:run_id>/progress/", view(self.progress_view),
                 name="people_importrun_progress"),
            path("<int:run_id>/report.csv", view(self.csv_view), name="people_importrun_csv"),
            *super().get_urls(),
        ]  # fmt: skip

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ImportForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                run = _start(request, form.cleaned_data)
            except Refusal as refusal:
                form.add_error(None, refusal.message)
            else:
                self.log_addition(request, run, "Started.")
                return redirect("admin:people_importrun_change", run.pk)
        context = {**self.admin_site.each_context(request), "title": "Bulk import",
                   "opts": self.opts, "form": form}  # fmt: skip
        return TemplateResponse(request, "people/import_form.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = self.get_object(request, object_id)
        if run is None:
            raise Http404
        context = {**self.admin_site.each_context(request), "title": f"Import of {run.name}",
                   "opts": self.opts, **progress(run)}  # fmt: skip
        return TemplateResponse(request, "people/import_run.html", context)

    def progress_view(self, request: HttpRequest, run_id: int) -> HttpResponse:
        run = self._run(request, run_id)
        return render(request, "people/import_progress.html", progress(run))

    def csv_view(self, request: HttpRequest, run_id: int) -> HttpResponse:
        run = self._run(request, run_id)
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="import-{run.pk}.csv"'
        csv.writer(response).writerows(_report(run))
        return response

    def _run(self, request: HttpRequest, run_id: int) -> ImportRun:
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = self.get_object(request, str(run_id))
        if run is None:
            raise Http404
        return run


def _start(request: HttpRequest, chosen: dict[str, Any]) -> ImportRun:
    return start_import(
        file=chosen["archive"],
        name=chosen["archive"].name,
        gallery=chosen["gallery"],
        names_csv=chosen["names"],
        by=staff(request),
    )


def progress(run: ImportRun) -> dict[str, Any]:
    """How far an import is: first its files are stored, then their faces are found."""
    counted = run.images.order_by().values("state").annotate(number=Count("pk"))
    by_state = {row["state"]: row["number"] for row in counted}
    pending = by_state.get(FaceImageState.PENDING, 0)
    settled = max(run.done - pending, 0)
    rejected = run.images.filter(state=FaceImageState.REJECTED).select_related("person")
    return {
        "run": run,
        "ready": by_state.get(FaceImageState.READY, 0),
        "rejected": by_state.get(FaceImageState.REJECTED, 0),
        "pending": pending,
        "settled": settled,
        "percent": round(100 * settled / run.total) if run.total else 100,
        "goes_on": run.state == ImportRun.State.RUNNING or pending > 0,
        "rejected_images": rejected[:SHOWN],
        "more_rejected": max(by_state.get(FaceImageState.REJECTED, 0) - SHOWN, 0),
        "csv_url": reverse("admin:people_importrun_csv", args=[run.pk]),
    }


def _report(run: ImportRun) -> Iterator[list[str]]:
    yield ["what", "person or file", "state", "code", "reason"]
    images: QuerySet[FaceImage] = run.images.select_related("person").order_by("id")
    for image in images.iterator(chunk_size=1000):
        yield ["photo", harmless(image.person.full_name), image.state, image.reason_code,
               harmless(image.reason)]  # fmt: skip
    for refused in run.refused:
        name, reason = (harmless(refused[key]) for key in ("name", "reason"))
        yield ["file", name, "refused", refused["code"], reason]
