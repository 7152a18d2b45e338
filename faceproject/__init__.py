"""The site: settings, addresses, background work and the services it runs on."""

from faceproject.celery import app as celery_app

__all__ = ["celery_app"]
