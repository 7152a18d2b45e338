"""The secrets of endpoints, encrypted in the database, and the signatures made with them.

Source: Standard Webhooks, symmetric signatures (`v1`, HMAC-SHA256, secrets `whsec_…`).
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils import timezone
from standardwebhooks import Webhook

from people.errors import Refusal
from recognition.models import WebhookEndpoint

_PURPOSE = b"recognition.webhooks: secrets of endpoints, 1"
_SECRET_BYTES = 32


class SecretUnreadable(Refusal):
    code = "secret_unreadable"


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def encrypt(secret: str) -> str:
    return _cipher().encrypt(secret.encode()).decode()


def decrypt(stored: str) -> str:
    """Raises SecretUnreadable when neither SECRET_KEY nor a fallback made it."""
    try:
        return _cipher().decrypt(stored.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable(
            "SECRET_KEY has changed since this secret was made. Renew the secret."
        ) from error


def renew_encryption() -> int:
    """Encrypt again what a fallback of SECRET_KEY encrypted. Returns how many endpoints."""
    renewed = 0
    for endpoint in WebhookEndpoint.objects.all():
        before = (endpoint.secret, endpoint.old_secret)
        after = tuple(_by_first_key(stored) for stored in before)
        if after != before:
            # Not by save: a secret renewed meanwhile must not be undone.
            unchanged = WebhookEndpoint.objects.filter(pk=endpoint.pk, secret=before[0])
            renewed += unchanged.update(secret=after[0], old_secret=after[1])
    return renewed


def signed_headers(
    *, endpoint: WebhookEndpoint, message_id: str, at: datetime, body: str
) -> dict[str, str]:
    """at: now, in UTC; each try is signed anew. Raises SecretUnreadable."""
    signatures = [
        Webhook(secret).sign(msg_id=message_id, timestamp=at, data=body)
        for secret in _secrets(endpoint)
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _secrets(endpoint: WebhookEndpoint) -> Sequence[str]:
    until = endpoint.old_secret_until
    is_old_valid = bool(endpoint.old_secret) and until is not None and until > timezone.now()
    stored = [endpoint.secret, endpoint.old_secret] if is_old_valid else [endpoint.secret]
    return [decrypt(each) for each in stored]


def _by_first_key(stored: str) -> str:
    """The same when the first key made it, or when nothing can read it."""
    try:
        Fernet(_key(settings.SECRET_KEY)).decrypt(stored.encode())
    except InvalidToken:
        try:
            return _cipher().rotate(stored.encode()).decode() if stored else stored
        except InvalidToken:
            return stored
    return stored


def _cipher() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key(key)) for key in keys])


def _key(secret_key: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(
        secret_key.encode()
    )
    return base64.urlsafe_b64encode(derived)
