"""The error rates the operator accepts: the environment's, else the stored ones, else defaults."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from recognition.models.acceptance import FNMR_WARNING, RECOGNIZE_FPIR, VERIFY_FMR

# Which setting fixes which rate.
SETTINGS = {"verify_fmr": "VERIFY_FMR", "recognize_fpir": "RECOGNIZE_FPIR"}
_STORED = "SELECT verify_fmr, recognize_fpir, fnmr_warning FROM recognition_acceptance"


@dataclass(frozen=True, slots=True)
class Accepted:
    """verify_fmr: of one comparison. recognize_fpir: of a search among everybody who is searched.

    fnmr_warning: the share of genuine tries that fail, beyond which the operator is told.
    """

    verify_fmr: float
    recognize_fpir: float
    fnmr_warning: float


def accepted() -> Accepted:
    """Read for every question about a face, so by the shortest way there is."""
    with connection.cursor() as cursor:
        cursor.execute(_STORED)
        row = cursor.fetchone()
    fmr, fpir, fnmr = row or (VERIFY_FMR, RECOGNIZE_FPIR, FNMR_WARNING)
    return Accepted(
        verify_fmr=settings.VERIFY_FMR or fmr,
        recognize_fpir=settings.RECOGNIZE_FPIR or fpir,
        fnmr_warning=fnmr,
    )


def fixed_by_environment() -> dict[str, str]:
    """Field → the setting that decides instead of it."""
    return {field: name for field, name in SETTINGS.items() if getattr(settings, name)}
