"""The error rates the operator accepts: the environment's, else the stored ones, else defaults."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from recognition.models import Acceptance

# Which setting fixes which rate.
SETTINGS = {"verify_fmr": "VERIFY_FMR", "recognize_fpir": "RECOGNIZE_FPIR"}


@dataclass(frozen=True, slots=True)
class Accepted:
    """verify_fmr: of one comparison. recognize_fpir: of a search among everybody who is searched.

    fnmr_warning: the share of genuine tries that fail, beyond which the operator is told.
    """

    verify_fmr: float
    recognize_fpir: float
    fnmr_warning: float


def accepted() -> Accepted:
    stored = Acceptance.objects.first() or Acceptance()
    rates = {
        field: getattr(settings, name) or getattr(stored, field) for field, name in SETTINGS.items()
    }
    return Accepted(**rates, fnmr_warning=stored.fnmr_warning)


def fixed_by_environment() -> dict[str, str]:
    """Field → the setting that decides instead of it."""
    return {field: name for field, name in SETTINGS.items() if getattr(settings, name)}
