"""The first embedding model comes back when a database has been emptied."""

from importlib import import_module
from typing import Any

from django.apps import apps
from django.db import connection

from people.models import EmbeddingModel


def seed_first_model(**_kwargs: Any) -> None:
    """After `migrate` and `flush`: without an active model nothing can be answered.

    The migrations that made the first one and its calibration hold its values, and make it again.
    """
    if EmbeddingModel._meta.db_table not in connection.introspection.table_names():
        return
    if not EmbeddingModel.objects.filter(state="active").exists():
        import_module("recognition.migrations.0003_first_model").add(apps, None)
        import_module("recognition.migrations.0009_shipped_calibration").bring(apps, None)
