"""The embedding model a new installation starts with, and its measured thresholds.

The values are those of the engine's default recipe on the day of this migration; a test holds
that the two agree. A later recipe is a new model, never a change of this row.
"""

from django.db import migrations

RECIPE = {
    "name": "facenet128",
    "version": 1,
    "network": "facenet_weights",
    "detector": "centerface",
    "align": "rotate",
    "margin": 0.1,
    "preprocessing": "standardize",
    "flip": True,
    "dimensions": 128,
}


def add(apps, schema_editor):
    apps.get_model("people", "EmbeddingModel").objects.create(
        name=RECIPE["name"],
        version=RECIPE["version"],
        recipe=RECIPE,
        dimensions=RECIPE["dimensions"],
        state="active",
        verify_threshold=0.98,
        recognize_threshold=0.766,
        outlier_threshold=1.107,
        calibration={"source": "LFW View 1", "calibrated": False},
    )


class Migration(migrations.Migration):
    dependencies = [
        ("recognition", "0002_attempts_are_append_only"),
        ("people", "0002_held_by_the_database"),
    ]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
