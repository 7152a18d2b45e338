"""The embedded services this site's settings ask for, running for as long as a block lasts."""

from contextlib import AbstractContextManager

from django.conf import settings

from faceproject.embedded import lease


def running_services() -> AbstractContextManager[lease.Lease]:
    """Hold the embedded Postgres and Valkey; each only where no address replaces it."""
    return lease.hold(
        settings.VAR_DIR,
        postgres=not settings.DATABASE_URL,
        valkey=not settings.CELERY_BROKER_URL,
    )
