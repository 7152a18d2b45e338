"""What the operator accepts."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

VERIFY_FMR, RECOGNIZE_FPIR, FNMR_WARNING = 1e-4, 0.01, 0.05


class Acceptance(models.Model):
    """How often which error may happen; thresholds follow from it. There is one row, or none.

    None means the defaults. `recognition.acceptance` reads it, with what the environment says.
    """

    verify_fmr = models.FloatField(
        "false matches, 1:1",
        default=VERIFY_FMR,
        validators=[MinValueValidator(1e-8), MaxValueValidator(0.01)],
        help_text="How often somebody passes as one other person. 0.0001 is 1 in 10,000.",
    )
    recognize_fpir = models.FloatField(
        "strangers with a name, 1:N",
        default=RECOGNIZE_FPIR,
        validators=[MinValueValidator(1e-6), MaxValueValidator(0.5)],
        help_text="How often a stranger gets somebody's name. 0.01 is 1 in 100.",
    )
    fnmr_warning = models.FloatField(
        "warn when so many must try again",
        default=FNMR_WARNING,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
        help_text="The share of staff who are not known at the first try. 0.05 is 5 in 100.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "accepted error rates"
        verbose_name_plural = "accepted error rates"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(pk=1), name="acceptance_one_row"),
            models.CheckConstraint(
                condition=Q(verify_fmr__gte=1e-8, verify_fmr__lte=0.01),
                name="acceptance_fmr_is_a_rate",
            ),
            models.CheckConstraint(
                condition=Q(recognize_fpir__gte=1e-6, recognize_fpir__lte=0.5),
                name="acceptance_fpir_is_a_rate",
            ),
            models.CheckConstraint(
                condition=Q(fnmr_warning__gte=0, fnmr_warning__lte=1),
                name="acceptance_fnmr_is_a_rate",
            ),
        ]

    def __str__(self) -> str:
        return "Accepted error rates"
