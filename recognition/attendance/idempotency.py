"""One answer for one key, however often and however concurrently it is asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from people.errors import Refusal
from recognition.models import IdempotentAnswer

AT_LEAST = timedelta(hours=24)
MARGIN = timedelta(hours=1)


class KeyUsedOtherwise(Refusal):
    code = "key_used_otherwise"


@dataclass(frozen=True, slots=True)
class Answer:
    """status: HTTP. is_replay: it was given before, and nothing happened now."""

    status: int
    body: Mapping[str, object]
    is_replay: bool = False


def fingerprint(**asked: object) -> str:
    """SHA-256 of what was asked, so that a key is not used for something else. bytes by hash."""
    plain = json.dumps(asked, sort_keys=True, default=_plain)
    return hashlib.sha256(plain.encode()).hexdigest()


def _plain(value: object) -> str:
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else str(value)


def kept() -> timedelta:
    """How long an answer is kept: as long as a device may still send the capture it is for.

    The capture may be of a clock that is ahead, and the answer of the moment it was made in.
    """
    return max(AT_LEAST, settings.CLOCK_OLDEST + settings.CLOCK_DRIFT + MARGIN)


@transaction.atomic
def once(*, account: User, key: str, request_hash: str, work: Callable[[], Answer]) -> Answer:
    """Do the work and keep its answer, or give the answer kept; for `kept()`.

    All in one transaction: whoever comes with the same key meanwhile waits for it, and if it
    fails, nothing was done and the next one does it. Raises KeyUsedOtherwise.
    """
    row = _row(account, key)
    if row.created_at < timezone.now() - kept():
        row.status, row.created_at = None, timezone.now()
    elif row.status is not None:
        if row.request_hash != request_hash:
            raise KeyUsedOtherwise(
                "This Idempotency-Key was used for another request. Use a new key for each capture."
            )
        return Answer(status=row.status, body=row.body or {}, is_replay=True)
    answer = work()
    row.request_hash, row.status, row.body = request_hash, answer.status, dict(answer.body)
    row.save()
    return answer


def _row(account: User, key: str) -> IdempotentAnswer:
    """The row of this key, locked. Of many at once one inserts it and the others wait."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO recognition_idempotentanswer (account_id, key, request_hash, created_at)"
            " VALUES (%s, %s, '', now()) ON CONFLICT (account_id, key) DO NOTHING",
            [account.pk, key],
        )
    return IdempotentAnswer.objects.select_for_update().get(account=account, key=key)


def forget_old() -> int:
    """Delete answers nobody may ask for any more. Returns how many."""
    old = IdempotentAnswer.objects.filter(created_at__lt=timezone.now() - kept())
    return old.delete()[0]
