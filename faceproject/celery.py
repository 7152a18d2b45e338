"""The Celery application of the site."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "faceproject.settings")

app = Celery("faceproject")
# Reads settings.CELERY, a dictionary of Celery's own option names, when first needed.
app.config_from_object("faceproject.settings:CELERY")
app.autodiscover_tasks()


@worker_init.connect
def recycle(**_signal: Any) -> None:
    """In workers only: what it watches is a process that runs tasks."""
    from faceproject import recycling  # noqa: F401  connects it
