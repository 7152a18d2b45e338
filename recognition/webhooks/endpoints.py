"""Endpoints and their secrets: made, renewed, shown once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from recognition.models import WebhookEndpoint
from recognition.webhooks import signing
from recognition.webhooks.targets import find_target

OLD_SECRET_SIGNS_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class NewSecret:
    """secret: shown now and never again; it is kept encrypted."""

    endpoint: WebhookEndpoint
    secret: str


@transaction.atomic
def add_endpoint(*, name: str, url: str) -> NewSecret:
    """Raises UrlRefused, NameUnknown, AddressRefused."""
    find_target(url=url)
    endpoint = WebhookEndpoint.objects.create(name=name, url=url)
    return renew_secret(endpoint=endpoint)


@transaction.atomic
def renew_secret(*, endpoint: WebhookEndpoint, keep_old: bool = True) -> NewSecret:
    """keep_old: the old one signs as well for OLD_SECRET_SIGNS_FOR; not when it leaked."""
    locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    secret = signing.new_secret()
    is_kept = keep_old and bool(locked.secret) and _is_readable(locked.secret)
    locked.old_secret = locked.secret if is_kept else ""
    locked.old_secret_until = timezone.now() + OLD_SECRET_SIGNS_FOR if is_kept else None
    locked.secret = signing.encrypt(secret)
    locked.save(update_fields=["secret", "old_secret", "old_secret_until"])
    return NewSecret(endpoint=locked, secret=secret)


def _is_readable(stored: str) -> bool:
    try:
        signing.decrypt(stored)
    except signing.SecretUnreadable:
        return False
    return True
