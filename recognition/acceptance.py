"""The error rates the operator accepts: the environment's, else the stored ones, else defaults."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.cache import caches

from recognition.models import Acceptance
from recognition.models.acceptance import FNMR_WARNING, RECOGNIZE_FPIR, VERIFY_FMR

# Which setting fixes which rate.
SETTINGS = {"verify_fmr": "VERIFY_FMR", "recognize_fpir": "RECOGNIZE_FPIR"}
_FIELDS = ("verify_fmr", "recognize_fpir", "fnmr_warning")
_KEY, _KNOWN_FOR_S = "accepted", 3


@dataclass(frozen=True, slots=True)
class Accepted:
    """verify_fmr: of one comparison. recognize_fpir: of a search among everybody who is searched.

    fnmr_warning: the share of genuine tries that fail, beyond which the operator is told.
    """

    verify_fmr: float
    recognize_fpir: float
    fnmr_warning: float


def accepted() -> Accepted:
    """Asked for with every question about a face; a change is known everywhere within seconds."""
    rates = caches["process"].get(_KEY)
    if rates is None:
        stored = Acceptance.objects.values_list(*_FIELDS).first()
        rates = stored or (VERIFY_FMR, RECOGNIZE_FPIR, FNMR_WARNING)
        caches["process"].set(_KEY, rates, _KNOWN_FOR_S)
    fmr, fpir, fnmr = rates
    return Accepted(
        verify_fmr=settings.VERIFY_FMR or fmr,
        recognize_fpir=settings.RECOGNIZE_FPIR or fpir,
        fnmr_warning=fnmr,
    )


def forget() -> None:
    """Whoever changes them sees the change at once."""
    caches["process"].delete(_KEY)


def fixed_by_environment() -> dict[str, str]:
    """Field → the setting that decides instead of it."""
    return {field: name for field, name in SETTINGS.items() if getattr(settings, name)}
