"""How often an address and an account may ask; too often is a 429 with `Retry-After`.

The counts are in the cache, which all processes share. While it is down, nothing is counted and
everything is answered: a kiosk that cannot clock anybody in does more harm than one that asks too
often, and keys are what keeps strangers out. Only passwords are not to be guessed at meanwhile.
"""

from __future__ import annotations

import logging
from typing import Any

from redis.exceptions import RedisError
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

logger = logging.getLogger(__name__)


class CountsUnavailable(APIException):
    status_code = 503
    default_code = "cache_unavailable"
    default_detail = "Log-ins cannot be counted now, so none is answered. Try again."
    wait = 5


class ByAddress(SimpleRateThrottle):
    scope = "address"

    def get_cache_key(self, request: Request, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}

    def allow_request(self, request: Request, view: Any) -> bool:
        try:
            return super().allow_request(request, view)
        except RedisError:
            return self.without_counts()

    def without_counts(self) -> bool:
        logger.warning("The cache cannot be reached; nobody is throttled by %s", self.scope)
        return True


class ByAccount(ByAddress):
    """Of a device or a user; who is neither is counted by address alone."""

    scope = "account"

    def get_cache_key(self, request: Request, view: Any) -> str | None:  # type: ignore[override]
        if not request.user.is_authenticated:
            return None
        return self.cache_format % {"scope": self.scope, "ident": request.user.pk}


class OfTokens(ByAddress):
    """Guesses at a password."""

    scope = "token"

    def without_counts(self) -> bool:
        raise CountsUnavailable
