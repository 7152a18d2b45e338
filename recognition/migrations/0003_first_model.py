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
    "align": "landmarks",
    "margin": 0.0,
    "preprocessing": "standardize",
    "flip": "enrolment",
    "dimensions": 128,
}
# (FMR, distance): photos against templates of five photos, on Labeled Faces in the Wild (docs/adr/0001).
CURVE = [[1e-2, 1.10], [1e-3, 0.96], [1e-4, 0.84], [1e-5, 0.74], [1e-6, 0.68]]


def add(apps, schema_editor):
    # Going back keeps the row, since vectors hang on it; coming again must find it.
    apps.get_model("people", "EmbeddingModel").objects.get_or_create(
        name=RECIPE["name"],
        version=RECIPE["version"],
        defaults={
            "recipe": RECIPE,
            "dimensions": RECIPE["dimensions"],
            "state": "active",
            "verify_threshold": 0.96,
            "recognize_threshold": 0.92,
            "outlier_threshold": 1.10,
            "calibration": {"source": "Labeled Faces in the Wild", "calibrated": False, "curve": CURVE},
        },
    )


class Migration(migrations.Migration):
    dependencies = [
        ("recognition", "0002_attempts_are_append_only"),
        ("people", "0002_held_by_the_database"),
    ]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
