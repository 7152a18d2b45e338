"""Groups of an older installation get their rights to attendance, once.

Only rights are added, and only to groups that are still there; a new installation has none yet and
gets them whole, from `recognition.roles`.
"""

from django.db import migrations

SCHEDULES = {
    f"{verb}_{model}": (model, f"Can {verb} {name}")
    for model, name in {
        "shift": "shift",
        "shiftassignment": "shift assignment",
        "holiday": "holiday",
    }.items()
    for verb in ("view", "add", "change", "delete")
}
SEE = {"view_attendanceevent": ("attendanceevent", "Can view attendance event")}
CORRECT = {"correct_attendance": ("attendanceevent", "Can correct attendance")}
GRANTED = {"HR": SEE | CORRECT | SCHEDULES, "Auditor": SEE}


def grant(apps, schema_editor):
    for group in apps.get_model("auth", "Group").objects.filter(name__in=GRANTED):
        group.permissions.add(
            *(_permission(apps, codename, *what) for codename, what in GRANTED[group.name].items())
        )


def _permission(apps, codename, model, name):
    """Made here where it is not: Django makes permissions after all migrations."""
    kind, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="recognition", model=model
    )
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind, codename=codename, defaults={"name": name}
    )
    return permission


class Migration(migrations.Migration):
    dependencies = [
        ("recognition", "0006_webhooks_claims"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop, elidable=True)]
