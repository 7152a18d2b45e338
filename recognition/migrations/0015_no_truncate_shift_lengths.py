"""Append-only tables are not emptied either; no break or grace is as long as its shift.

Shifts that are there already are not looked at: a changed shift would change summaries of the past.
"""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models.functions import ExtractHour, ExtractMinute

LENGTH = (
    ExtractHour("end") * 60
    + ExtractMinute("end")
    - ExtractHour("start") * 60
    - ExtractMinute("start")
    + models.Case(models.When(end__lte=models.F("start"), then=24 * 60), default=0)
)
# The functions are those of 0002 and 0005; of a statement without a row they refuse, too.
TABLES = {
    "recognition_attempt": "recognition_attempt",
    "recognition_attendanceevent": "recognition_attendance",
}


def no_truncate(table, name):
    return migrations.RunSQL(
        f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}_append_only();",
        f"DROP TRIGGER {name}_no_truncate ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("recognition", "0014_liveness_frames")]

    operations = [
        AddConstraintNotValid(
            model_name="shift",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    break_minutes__lt=LENGTH,
                    late_grace_minutes__lt=LENGTH,
                    early_grace_minutes__lt=LENGTH,
                ),
                name="shift_longer_than_break_and_grace",
            ),
        ),
        *(no_truncate(table, name) for table, name in TABLES.items()),
    ]
