"""The Celery application of the site."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "faceproject.settings")

app = Celery("faceproject")
# Reads settings.CELERY, a dictionary of Celery's own option names, when first needed.
app.config_from_object("faceproject.settings:CELERY")
app.autodiscover_tasks()
