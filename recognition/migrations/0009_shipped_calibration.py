"""The first model's thresholds follow from a calibration with its uncertainty.

Only where the calibration is still the one it was shipped with. Verify used to accept at FMR 10⁻³
and now follows the rate that the operator accepts, 10⁻⁴ unless stated otherwise; who had loosened
its threshold by hand keeps it, as an accepted rate.
"""

import json
import math
from pathlib import Path

from django.db import migrations

OLD = [[1e-2, 1.10], [1e-3, 0.96], [1e-4, 0.84], [1e-5, 0.74], [1e-6, 0.68]]
OLD_VERIFY = 0.96
SHIPPED = Path(__file__).resolve().parent.parent / "calibration" / "shipped.json"


def bring(apps, schema_editor):
    Model = apps.get_model("people", "EmbeddingModel")
    for model in Model.objects.filter(name="facenet128", version=1):
        if model.calibration.get("curve") != OLD or model.calibration.get("calibrated"):
            continue
        model.calibration = json.loads(SHIPPED.read_text())
        model.save(update_fields=["calibration"])
        if model.verify_threshold > OLD_VERIFY and model.state == "active":
            apps.get_model("recognition", "Acceptance").objects.get_or_create(
                pk=1, defaults={"verify_fmr": _rate_at(model.verify_threshold)}
            )


def _rate_at(distance):
    """Of the earlier curve, as it was read: log FMR on a line between its points."""
    for (high, far), (low, near) in zip(OLD, OLD[1:]):
        if near <= distance <= far:
            share = (distance - near) / (far - near)
            # No more than the highest rate there may be, whatever the rounding.
            return min(math.exp(math.log(low) + share * math.log(high / low)), OLD[0][0])
    return OLD[0][0]


class Migration(migrations.Migration):
    dependencies = [("recognition", "0008_accepted_error_rates")]

    operations = [migrations.RunPython(bring, migrations.RunPython.noop)]
