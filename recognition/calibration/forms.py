"""What is accepted, and for whom to look at it."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from recognition.acceptance import Accepted
from recognition.models.acceptance import FNMR_WARNING, RECOGNIZE_FPIR, VERIFY_FMR


def _number_input() -> Any:
    return UnfoldAdminTextInputWidget({"inputmode": "numeric", "autocomplete": "off", "size": 9})


class LimitsForm(forms.Form):
    """Rates as people say them: 1 in so many."""

    verify_one_in = forms.IntegerField(
        label="Is this …? One wrong person in",
        min_value=100,
        max_value=100_000_000,
        widget=_number_input(),
    )
    recognize_one_in = forms.IntegerField(
        label="Who is this? One stranger in",
        min_value=2,
        max_value=1_000_000,
        widget=_number_input(),
    )
    warn_percent = forms.IntegerField(
        label="Warn when of 100 staff this many must try again",
        min_value=0,
        max_value=100,
        widget=_number_input(),
    )

    @property
    def rates(self) -> Accepted:
        data = self.cleaned_data
        return Accepted(
            verify_fmr=1 / data["verify_one_in"],
            recognize_fpir=1 / data["recognize_one_in"],
            fnmr_warning=data["warn_percent"] / 100,
        )


def as_form_data(rates: Accepted) -> dict[str, int]:
    return {
        "verify_one_in": round(1 / rates.verify_fmr),
        "recognize_one_in": round(1 / rates.recognize_fpir),
        "warn_percent": round(rates.fnmr_warning * 100),
    }


DEFAULTS = as_form_data(Accepted(VERIFY_FMR, RECOGNIZE_FPIR, FNMR_WARNING))
