"""The Celery application of the site."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "faceproject.settings")

app = Celery("faceproject")
app.config_from_object("django.conf:settings", namespace="CELERY_UNUSED")
