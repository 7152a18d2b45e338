"""Recognizing beside a streaming replica: it proposes who is near, the primary decides.

The search among everybody is what costs; it may run on a replica that is a moment behind. Its few
proposals are then compared on the primary, under every filter, so somebody deactivated, erased or
taken out of the gallery is in no answer at once. What lags is only that somebody enrolled within
the last REPLICA_MAX_LAG may not be proposed yet. Enrolment itself never reads a replica.

Whatever is in doubt (no replica, too far behind, out of reach) is asked of the primary alone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, router
from django.db.models import Model

from people.models import EmbeddingModel, Gallery, Template
from people.vectors import Vector
from recognition import search
from recognition.matching import Candidate
from recognition.search import Found

logger = logging.getLogger(__name__)

REPLICA = "replica"


class SearchRouter:
    """Sends to the replica what says that it may lag, and nothing else; nothing is ever written."""

    def db_for_read(self, _model: type[Model], *, may_lag: bool = False, **_hints: Any) -> str:
        return REPLICA if may_lag and freshness.is_fresh() else DEFAULT_DB_ALIAS

    def db_for_write(self, _model: type[Model], **_hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, _one: Model, _other: Model, **_hints: Any) -> bool:
        return True  # one database, twice

    def allow_migrate(self, db: str, _app_label: str, **_hints: Any) -> bool:
        return db != REPLICA


def nearest(
    probe: Vector, *, model: EmbeddingModel, galleries: Sequence[Gallery] = (), limit: int = 2
) -> list[Candidate[Found]]:
    """As `search.nearest`."""
    using = router.db_for_read(Template, may_lag=True)
    if using != DEFAULT_DB_ALIAS:
        found = _proposed_and_confirmed(probe, using, model, galleries, limit)
        if found is not None:
            return found
    return search.nearest(probe, model=model, galleries=galleries, limit=limit)


def _proposed_and_confirmed(
    probe: Vector, using: str, model: EmbeddingModel, galleries: Sequence[Gallery], limit: int
) -> list[Candidate[Found]] | None:
    """None when the replica cannot tell: it fails, or too few of its proposals still count."""
    try:
        proposed = search.nearest(
            probe, model=model, galleries=galleries, limit=limit + search.SPARE, using=using
        )
    except (DatabaseError, psycopg.Error) as error:  # the second from a pipeline that breaks
        freshness.doubt()
        logger.warning("The replica failed a search (%s)", type(error).__name__)
        return None
    among = [candidate.who.pk for candidate in proposed]
    confirmed = search.nearest(probe, model=model, galleries=galleries, limit=limit, among=among)
    return confirmed if len(confirmed) >= min(limit, len(proposed)) else None


class Freshness:
    """Whether the replica has replayed all the primary had written at most REPLICA_MAX_LAG ago.

    Looked at now and then, by comparing positions in the log: clocks of two machines are not
    trusted, and on a quiet primary the time of the last change says nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked, self._written, self._is_fresh = float("-inf"), "", False

    def is_fresh(self) -> bool:
        if not settings.REPLICA_DATABASE_URL:
            return False
        # Of the lag allowed, a half may lie before a look and a quarter after it.
        every = settings.REPLICA_MAX_LAG.total_seconds() / 4
        if time.monotonic() - self._looked <= every:
            return self._is_fresh
        if not self._lock.acquire(blocking=False):
            return False  # somebody else is looking
        try:
            self._look(recent=2 * every)
        except DatabaseError as error:
            self._is_fresh = False
            logger.warning("The replica does not answer (%s)", type(error).__name__)
        finally:
            self._lock.release()
        return self._is_fresh

    def doubt(self) -> None:
        """Ask the primary until the next look."""
        self._is_fresh = False

    def _look(self, recent: float) -> None:
        now = time.monotonic()
        is_recent = now - self._looked <= recent
        before, self._looked = self._written if is_recent else "", now
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_lsn()::text")
            self._written = cursor.fetchone()[0]
        with connections[REPLICA].cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(pg_is_in_recovery()"
                " AND pg_last_wal_replay_lsn() >= %s::pg_lsn, false)",
                [before or self._written],
            )
            self._is_fresh = cursor.fetchone()[0]


freshness = Freshness()
