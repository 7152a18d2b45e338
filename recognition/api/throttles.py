"""How often an address and an account may ask; too often is a 429 with `Retry-After`.

The counts are in the cache, which all processes share. While it is down, nothing is counted and
everything is answered: a kiosk that cannot clock anybody in does more harm than one that asks too
often, and keys are what keeps strangers out. Only passwords are not to be guessed at meanwhile.
"""

from __future__ import annotations

import logging
import time
from functools import lru_cache
from typing import Any

from django.conf import settings
from redis import Redis
from redis.commands.core import Script
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


# The window slides: of the one before, as much counts as is not yet over. One visit to the cache,
# in which nobody comes between, and who is refused is not counted.
_COUNT = """
local before = tonumber(redis.call('GET', KEYS[2]) or '0') * tonumber(ARGV[2])
local now = tonumber(redis.call('GET', KEYS[1]) or '0')
if before + now > tonumber(ARGV[1]) - 1 then return 0 end
redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""


@lru_cache(maxsize=4)
def _counting_at(address: str) -> Script:
    cache: dict[str, Any] = settings.CACHES["default"]
    return Redis.from_url(address, **cache.get("OPTIONS", {})).register_script(_COUNT)


class ByAddress(SimpleRateThrottle):
    scope = "address"
    num_requests: int  # in so many seconds:
    duration: int

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}

    def allow_request(self, request: Request, view: Any) -> bool:
        if self.rate is None:
            return True
        cache = settings.CACHES["default"]
        if not cache["BACKEND"].endswith("RedisCache"):  # this process alone: as DRF counts
            return super().allow_request(request, view)
        key = self.get_cache_key(request, view)
        if key is None:
            return True
        try:
            return self._count(_counting_at(cache["LOCATION"]), f"{cache['KEY_PREFIX']}:{key}")
        except RedisError:
            return self.without_counts()

    def _count(self, counting: Script, key: str) -> bool:
        window, passed = divmod(time.time(), self.duration)
        keys = [f"{key}:{window:.0f}", f"{key}:{window - 1:.0f}"]
        left = 1 - passed / self.duration
        # Till this window is over, and one of its requests no longer counts.
        self._wait_s = min(
            self.duration, self.duration - passed + self.duration / self.num_requests
        )
        return bool(counting(keys, [self.num_requests, left, 2 * self.duration]))

    def wait(self) -> float | None:
        wait_s: float | None = getattr(self, "_wait_s", None)
        return super().wait() if wait_s is None else wait_s

    def without_counts(self) -> bool:
        logger.warning("The cache cannot be reached; nobody is throttled by %s", self.scope)
        return True


class ByAccount(ByAddress):
    """Of a device or a user; who is neither is counted by address alone."""

    scope = "account"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        if not request.user.is_authenticated:
            return None
        return self.cache_format % {"scope": self.scope, "ident": request.user.pk}


class OfTokens(ByAddress):
    """Guesses at a password."""

    scope = "token"

    def without_counts(self) -> bool:
        raise CountsUnavailable
