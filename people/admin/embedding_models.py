"""Embedding models: the thresholds may be changed, by those who may; nothing else."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from people.admin.base import ModelAdmin, as_state
from people.models import EmbeddingModel

STATES = {"Active": "success", "Ready": "info", "Building": "warning"}
THRESHOLDS = ("recognize_threshold", "verify_threshold", "outlier_threshold")

if TYPE_CHECKING:
    Form = forms.ModelForm[EmbeddingModel]
else:
    Form = forms.ModelForm


class ThresholdsForm(Form):
    """The database holds the order; this says which field breaks it."""

    class Meta:
        model = EmbeddingModel
        fields = THRESHOLDS

    def clean(self) -> dict[str, Any]:
        super().clean()
        recognize, verify, outlier = (self.cleaned_data.get(name) for name in THRESHOLDS)
        if recognize is not None and recognize <= 0:
            self.add_error("recognize_threshold", "A distance is larger than 0.")
        if recognize is not None and verify is not None and recognize > verify:
            self.add_error("recognize_threshold", "1:N may not be looser than 1:1.")
        if verify is not None and outlier is not None and verify > outlier:
            self.add_error("outlier_threshold", "This may not be below the 1:1 threshold.")
        if outlier is not None and outlier > 2:
            self.add_error("outlier_threshold", "No two unit vectors are farther apart than 2.")
        return self.cleaned_data


@admin.register(EmbeddingModel)
class EmbeddingModelAdmin(ModelAdmin[EmbeddingModel]):
    form = ThresholdsForm
    change_form_outer_before_template = "people/model_calibration.html"
    list_display = ("__str__", "shown_state", *THRESHOLDS, "is_calibrated")
    readonly_fields = (
        "name", "version", "shown_state", "dimensions", "recipe", "created_at",
    )  # fmt: skip
    fieldsets: ClassVar = [
        (None, {"fields": [("name", "version"), "shown_state"]}),
        (
            "Thresholds",
            {
                "fields": THRESHOLDS,
                "description": "Bounds: distances of unit vectors, 0 to 2. What counts follows from"
                " the calibration and from the errors you accept; it is never above these. Smaller"
                " is stricter: fewer strangers pass, and more people must try again. A change"
                " counts at once.",
            },
        ),
        ("How vectors are made", {"fields": ["dimensions", "recipe", "created_at"]}),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: EmbeddingModel | None = None
    ) -> bool:
        return False

    @as_state(STATES)
    def shown_state(self, model: EmbeddingModel) -> str:
        return model.get_state_display()

    @admin.display(description="calibrated here", boolean=True)
    def is_calibrated(self, model: EmbeddingModel) -> bool:
        return bool(model.calibration.get("calibrated"))
