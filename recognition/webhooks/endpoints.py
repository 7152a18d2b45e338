"""Endpoints: their secrets, made and shown once; and those that stopped answering."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from recognition.models import WebhookEndpoint
from recognition.webhooks import signing
from recognition.webhooks.targets import find_target

logger = logging.getLogger(__name__)

OLD_SECRET_SIGNS_FOR = timedelta(hours=24)
# A receiver that hangs holds a worker for seconds each time. Left alone for a quarter of the time
# it has been silent, within these bounds, it takes a small part of one worker at most.
SHORTEST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=10)
OFF_AFTER = timedelta(days=5)


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
    locked = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
    secret = signing.new_secret()
    is_kept = keep_old and bool(locked.secret) and _is_readable(locked.secret)
    locked.old_secret = locked.secret if is_kept else ""
    locked.old_secret_until = timezone.now() + OLD_SECRET_SIGNS_FOR if is_kept else None
    locked.secret = signing.encrypt(secret)
    wake(endpoint=locked)
    locked.save()
    return NewSecret(endpoint=locked, secret=secret)


def wake(*, endpoint: WebhookEndpoint) -> None:
    """Somebody has seen to it: do not let it rest. Not saved here."""
    endpoint.silent_since = endpoint.rests_until = None


def note_answered(*, endpoint_id: int) -> None:
    silent = WebhookEndpoint.objects.filter(pk=endpoint_id, silent_since__isnull=False)
    silent.update(silent_since=None, rests_until=None)


@transaction.atomic
def note_silent(*, endpoint_id: int) -> None:
    """Let it rest the longer, the longer it has been silent; turn it off after OFF_AFTER."""
    endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).filter(pk=endpoint_id).first()
    if endpoint is None:
        return
    now = timezone.now()
    endpoint.silent_since = endpoint.silent_since or now
    silence = now - endpoint.silent_since
    endpoint.rests_until = now + min(max(silence / 4, SHORTEST_REST), LONGEST_REST)
    if silence > OFF_AFTER:
        endpoint.is_active = False
        logger.warning("Webhook endpoint %d is off: it was silent for days", endpoint_id)
    endpoint.save(update_fields=["silent_since", "rests_until", "is_active"])


def turn_off(*, endpoint_id: int) -> None:
    """Pending messages wait until it is on again."""
    WebhookEndpoint.objects.filter(pk=endpoint_id).update(is_active=False)
    logger.warning("Webhook endpoint %d is off: it answered that it is gone", endpoint_id)


def _is_readable(stored: str) -> bool:
    try:
        signing.decrypt(stored)
    except signing.SecretUnreadable:
        return False
    return True
