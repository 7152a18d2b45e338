"""Embedding models in the admin: added, re-embedded for, activated, rolled back, retired.

`people` shows a model and its thresholds; what can be done with it is here, where it is known how.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from people.admin.base import ReadOnly, staff
from people.admin.embedding_models import EmbeddingModelAdmin as ThresholdsAdmin
from people.errors import Refusal
from people.models import EmbeddingModel, EmbeddingModelState
from recognition.models import ModelChange, ReembeddingFailure, ReembeddingRun
from recognition.reembedding import catalogue, runs, switching
from recognition.reembedding.standby import LIVE

SHOWN = 200  # failures on the page
PERMISSION = "recognition.switch_model"


class AddForm(forms.Form):
    name = forms.CharField(
        max_length=100,
        widget=UnfoldAdminTextInputWidget(),
        help_text="The same name as before makes its next version.",
    )
    network = forms.ChoiceField(
        choices=[*catalogue.CHOICES["network"].items()], widget=UnfoldAdminSelectWidget()
    )
    detector = forms.ChoiceField(
        choices=[*catalogue.CHOICES["detector"].items()], widget=UnfoldAdminSelectWidget()
    )
    margin = forms.FloatField(
        initial=0.0,
        min_value=catalogue.MARGINS[0],
        max_value=catalogue.MARGINS[1],
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "0.05"}),
        help_text="Around the face, as a share of its size: -0.1 cuts a tenth off.",
    )
    align = forms.ChoiceField(
        choices=[*catalogue.CHOICES["align"].items()], widget=UnfoldAdminSelectWidget()
    )
    flip = forms.ChoiceField(
        label="Mirror image averaged in",
        choices=[*catalogue.CHOICES["flip"].items()],
        widget=UnfoldAdminSelectWidget(),
    )
    preprocessing = forms.ChoiceField(
        label="Pixels",
        required=False,
        choices=[("", "As they suit the network"), *catalogue.CHOICES["preprocessing"].items()],
        widget=UnfoldAdminSelectWidget(),
    )


class StartForm(forms.Form):
    rate_limit = forms.FloatField(
        label="Photos a second, at most",
        required=False,
        min_value=0.01,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any"}),
        help_text="Of all workers together. Empty: as fast as they can.",
    )
    may_miss = forms.IntegerField(
        label="People who may be left without a vector",
        initial=0,
        min_value=0,
        widget=UnfoldAdminDecimalFieldWidget(),
    )
    activate_when_done = forms.BooleanField(label="Activate when done", required=False)
    overrides = forms.MultipleChoiceField(
        label="Even so, and on record",
        required=False,
        choices=[
            (switching.UNCALIBRATED, "without calibration"),
            (switching.SET_BY_HAND, "with a threshold set by hand in the settings"),
        ],
        widget=forms.CheckboxSelectMultiple(),
    )


class ActivateForm(forms.Form):
    may_miss = forms.IntegerField(
        label="People who may be left without a vector",
        initial=0,
        min_value=0,
        widget=UnfoldAdminDecimalFieldWidget(),
    )
    overrides = StartForm.base_fields["overrides"]


def may_switch(request: HttpRequest) -> bool:
    return request.user.has_perm(PERMISSION)


admin.site.unregister(EmbeddingModel)


@admin.register(EmbeddingModel)
class EmbeddingModelAdmin(ThresholdsAdmin):
    change_form_outer_before_template = "recognition/model_section.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_switch(request)

    # --- A new one --------------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = AddForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            changes = {key: value for key, value in form.cleaned_data.items() if value != ""}
            try:
                model = catalogue.add_model(name=changes.pop("name"), changes=changes)
            except Refusal as refusal:
                form.add_error(None, refusal.message)
            else:
                self.log_addition(request, model, "Added.")
                return redirect("admin:people_embeddingmodel_change", model.pk)
        context = {**self.admin_site.each_context(request), "title": "Add an embedding model",
                   "opts": self.opts, "form": form}  # fmt: skip
        return TemplateResponse(request, "recognition/model_add.html", context)

    # --- The panel --------------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        model = self.get_object(request, object_id)
        extra = dict(extra_context or {})
        if model is not None:
            extra |= panel(request, model)
        return super().change_view(request, object_id, form_url, extra)

    def get_urls(self) -> list[URLPattern]:
        def at(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
            wrapped = self.admin_site.admin_view(view)
            return path(f"<int:pk>/{route}", wrapped, name=f"people_embeddingmodel_{name}")

        return [
            at("progress/", self.progress_view, "progress"),
            at("start/", self.start_view, "start"),
            at("<slug:what>/sure/", self.confirm_view, "confirm"),
            at("<slug:what>/do/", self.simple_view, "do"),
            *super().get_urls(),
        ]

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        model = self._model(request, pk, may_only_look=True)
        return render(request, "recognition/model_progress.html", panel(request, model))

    # --- What can be done -------------------------------------------------------------------

    def start_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        model = self._model(request, pk)
        form = StartForm(request.POST)
        if request.method != "POST":
            return self._back(model)
        if not form.is_valid():
            for field, errors in form.errors.items():
                label = form.fields[field].label if field in form.fields else ""
                messages.error(request, f"{label}: {' '.join(map(str, errors))}")
            return self._back(model)
        chosen = form.cleaned_data

        def start(model: EmbeddingModel) -> str:
            runs.start(model=model, by=staff(request), **chosen)
            return "Started."

        return self._do(request, model, start)

    def simple_view(self, request: HttpRequest, pk: int, what: str) -> HttpResponse:
        """Pause and resume: nothing is lost by either, so nobody is asked twice."""
        model = self._model(request, pk)
        verbs = {"pause": (runs.pause, "Paused."), "resume": (runs.resume, "Resumed.")}
        if what not in verbs:
            raise Http404
        if request.method != "POST":
            return self._back(model)
        verb, said = verbs[what]

        def do(model: EmbeddingModel) -> str:
            verb(run=runs.live_run(model))
            return said

        return self._do(request, model, do)

    def confirm_view(self, request: HttpRequest, pk: int, what: str) -> HttpResponse:
        """Cancel, activate, roll back, retire: says what follows, and asks."""
        model = self._model(request, pk)
        do = {"cancel": self._cancel, "activate": self._activate, "rollback": self._roll_back,
              "retire": self._retire}.get(what)  # fmt: skip
        if do is None:
            raise Http404
        form = ActivateForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return self._do(request, model, lambda model: do(request, model, form.cleaned_data))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{model}",
            "model": model,
            "what": what,
            "form": form,
            "obstacles": switching.obstacles(model) if what == "activate" else [],
            "previous": switching.rollback_target(),
        }
        return TemplateResponse(request, "recognition/model_confirm.html", context)

    def _cancel(self, request: HttpRequest, model: EmbeddingModel, _chosen: Any) -> str:
        runs.cancel(run=runs.live_run(model))
        return "Cancelled. The vectors made so far stay."

    def _activate(self, request: HttpRequest, model: EmbeddingModel, chosen: Any) -> str:
        change = switching.activate(model=model, by=staff(request), **chosen)
        return f"{change.model} is active."

    def _roll_back(self, request: HttpRequest, model: EmbeddingModel, _chosen: Any) -> str:
        change = switching.roll_back(by=staff(request))
        return f"{change.model} is active again."

    def _retire(self, request: HttpRequest, model: EmbeddingModel, _chosen: Any) -> str:
        switching.retire(model=model, by=staff(request))
        return "Retired. Its vectors are dropped in ten minutes."

    def _do(
        self, request: HttpRequest, model: EmbeddingModel, do: Callable[[EmbeddingModel], str]
    ) -> HttpResponse:
        try:
            said = do(model)
        except Refusal as refusal:
            messages.error(request, refusal.message)
        else:
            self.log_change(request, model, said)
            messages.success(request, said)
        return self._back(model)

    def _back(self, model: EmbeddingModel) -> HttpResponse:
        return redirect(reverse("admin:people_embeddingmodel_change", args=[model.pk]) + "#change")

    def _model(
        self, request: HttpRequest, pk: int, *, may_only_look: bool = False
    ) -> EmbeddingModel:
        may = self.has_view_permission(request) if may_only_look else may_switch(request)
        if not may:
            raise PermissionDenied
        model = self.get_object(request, str(pk))
        if model is None:
            raise Http404
        return model


def panel(request: HttpRequest, model: EmbeddingModel) -> dict[str, Any]:
    """What the page says about changing to, or back from, this model."""
    run = ReembeddingRun.objects.filter(model=model).first()
    is_live = run is not None and run.state in LIVE
    failures = ReembeddingFailure.objects.filter(model=model)
    number = failures.count()
    is_active = model.state == EmbeddingModelState.ACTIVE
    return {
        "model": model,
        "run": run,
        "is_live": is_live,
        "run_said": _said(run) if run is not None else "",
        "missing": switching.kept_back(run)[:SHOWN] if run is not None else [],
        "failures": failures.select_related("image__person")[:SHOWN],
        "more_failures": max(number - SHOWN, 0),
        "failures_number": number,
        "templates": model.templates.count(),
        "may_switch": may_switch(request),
        "start_form": StartForm(),
        "is_active": is_active,
        "is_ready": model.state == EmbeddingModelState.READY,
        "is_retired": model.state == EmbeddingModelState.RETIRED,
        "previous": switching.rollback_target() if is_active else None,
        "changes": [
            _change(change) for change in ModelChange.objects.select_related("model", "by")[:10]
        ],
    }


def _said(run: ReembeddingRun) -> str:
    parts = [f"{run.settled} of {run.total} photo{'' if run.total == 1 else 's'}"]
    if run.state == ReembeddingRun.State.RUNNING and run.rate:
        parts.append(f"{run.rate:.1f} a second")
    if (seconds := run.seconds_left) is not None:
        left = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
        parts.append(f"about {left} left")
    return ", ".join(parts)


def _change(change: ModelChange) -> dict[str, str]:
    when = date_format(localtime(change.created_at), "j M Y, H:i:s")
    parts = [when, f"by {change.by}" if change.by else "by a command"]
    if change.missing:
        parts.append(f"{change.missing} people without a vector")
    if change.overrides:
        parts.append(f"overridden: {', '.join(change.overrides)}")
    return {"what": str(change), "said": ", ".join(parts)}


@admin.register(ModelChange)
class ModelChangeAdmin(ReadOnly[ModelChange]):
    list_display = ("created_at", "kind", "model", "previous", "missing", "overrides", "by")
    list_select_related = ("model", "previous", "by")
    list_filter: ClassVar = ["kind"]
