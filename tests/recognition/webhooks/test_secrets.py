"""Secrets: encrypted at rest, shown once, renewed without a gap."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import Webhook, WebhookVerificationError

from recognition import upkeep
from recognition.models import WebhookDelivery, WebhookEndpoint
from recognition.webhooks.endpoints import NewSecret, renew_secret
from recognition.webhooks.signing import SecretUnreadable, decrypt, encrypt
from tests.recognition.webhooks.conftest import Receiver, send


def stored() -> str:
    """All that the table holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(e)::text FROM recognition_webhookendpoint e")
        return "".join(row[0] for row in cursor.fetchall())


def verifies(secret: str, receiver: Receiver) -> bool:
    _path, headers, body = receiver.requests[-1]
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


def test_a_secret_is_stored_encrypted_only(issued: NewSecret) -> None:
    assert issued.secret.startswith("whsec_")
    assert issued.secret not in stored()
    assert issued.secret.removeprefix("whsec_") not in stored()
    assert decrypt(WebhookEndpoint.objects.get().secret) == issued.secret


def test_every_endpoint_has_a_secret_of_its_own(issued: NewSecret) -> None:
    assert renew_secret(endpoint=issued.endpoint).secret != issued.secret


def test_after_a_change_both_secrets_verify_for_a_day(
    issued: NewSecret, receiver: Receiver, delivery: WebhookDelivery
) -> None:
    new = renew_secret(endpoint=issued.endpoint).secret
    receiver.status = 500
    send(delivery)
    assert verifies(issued.secret, receiver)
    assert verifies(new, receiver)
    WebhookEndpoint.objects.update(old_secret_until=timezone.now() - timedelta(seconds=1))
    send(delivery)
    assert not verifies(issued.secret, receiver)
    assert verifies(new, receiver)


def test_a_secret_that_leaked_stops_at_once(
    issued: NewSecret, receiver: Receiver, delivery: WebhookDelivery
) -> None:
    new = renew_secret(endpoint=issued.endpoint, keep_old=False).secret
    send(delivery)
    assert not verifies(issued.secret, receiver)
    assert verifies(new, receiver)
    assert WebhookEndpoint.objects.get().old_secret == ""


def test_a_new_secret_key_reads_what_its_fallback_wrote(
    issued: NewSecret, settings: Settings, receiver: Receiver, delivery: WebhookDelivery
) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "next", [settings.SECRET_KEY]
    send(delivery)
    assert verifies(issued.secret, receiver)


def test_tidying_moves_secrets_to_the_new_secret_key(issued: NewSecret, settings: Settings) -> None:
    renewed = renew_secret(endpoint=issued.endpoint)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "next", [settings.SECRET_KEY]
    upkeep.tidy()
    settings.SECRET_KEY_FALLBACKS = []
    endpoint = WebhookEndpoint.objects.get()
    assert decrypt(endpoint.secret) == renewed.secret
    assert decrypt(endpoint.old_secret) == issued.secret


def test_tidying_leaves_alone_what_it_need_not_or_cannot_read(
    issued: NewSecret, settings: Settings
) -> None:
    before = stored()
    upkeep.tidy()
    assert stored() == before
    settings.SECRET_KEY = "lost"
    upkeep.tidy()
    assert stored() == before


def test_another_key_reads_nothing(settings: Settings) -> None:
    token = encrypt("whsec_x")
    settings.SECRET_KEY = "another"
    with pytest.raises(SecretUnreadable):
        decrypt(token)


def test_a_lost_secret_key_is_mended_by_a_new_secret(
    issued: NewSecret, settings: Settings, receiver: Receiver, delivery: WebhookDelivery
) -> None:
    settings.SECRET_KEY = "lost"
    assert send(delivery).last_error == "secret_unreadable"
    new = renew_secret(endpoint=issued.endpoint).secret
    assert send(delivery).state == "delivered"
    assert verifies(new, receiver)
