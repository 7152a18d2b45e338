"""How often an address and an account may ask; too often is a 429 with `Retry-After`.

The counts are in the cache, which all processes share. While it is down, nothing is counted and
everything is answered: a kiosk that cannot clock anybody in does more harm than one that asks too
often, and keys are what keeps strangers out. Only passwords are not to be guessed at meanwhile.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from redis import Redis
from redis.commands.core import Script
from redis.exceptions import RedisError
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle, SimpleRateThrottle

logger = logging.getLogger(__name__)


class CountsUnavailable(APIException):
    status_code = 503
    default_code = "cache_unavailable"
    default_detail = "Log-ins cannot be counted now, so none is answered. Try again."
    wait = 5


# The window slides: of the one before, as much counts as is not yet over. One visit to the cache,
# in which nobody comes between. Gives which limit is exceeded, counted from 1; whoever is refused
# is counted by none.
_COUNT = """
for i = 1, #KEYS / 2 do
    local before = tonumber(redis.call('GET', KEYS[2 * i]) or '0') * tonumber(ARGV[3 * i - 1])
    local now = tonumber(redis.call('GET', KEYS[2 * i - 1]) or '0')
    if before + now > tonumber(ARGV[3 * i - 2]) - 1 then return i end
end
for i = 1, #KEYS / 2 do
    redis.call('INCR', KEYS[2 * i - 1])
    redis.call('EXPIRE', KEYS[2 * i - 1], ARGV[3 * i])
end
return 0
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
        return _first_refusal([self], request, view) is None

    def wait(self) -> float | None:
        wait_s: float | None = getattr(self, "_wait_s", None)
        return super().wait() if wait_s is None else wait_s

    def window(self, key: str) -> tuple[list[str], list[float]]:
        """What _COUNT is asked."""
        window, passed = divmod(time.time(), self.duration)
        # Till this window is over, and one of its requests no longer counts.
        one = self.duration / self.num_requests
        self._wait_s = min(self.duration, self.duration - passed + one)
        left = 1 - passed / self.duration
        keys = [f"{key}:{window:.0f}", f"{key}:{window - 1:.0f}"]
        return keys, [self.num_requests, left, 2 * self.duration]

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


class ByBoth(BaseThrottle):
    """Both, in one visit to the cache."""

    _refusal: ByAddress | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        self._refusal = _first_refusal([ByAddress(), ByAccount()], request, view)
        return self._refusal is None

    def wait(self) -> float | None:
        return self._refusal.wait() if self._refusal is not None else None


def _first_refusal(throttles: Sequence[ByAddress], request: Request, view: Any) -> ByAddress | None:
    cache: dict[str, Any] = settings.CACHES["default"]
    if not cache["BACKEND"].endswith("RedisCache"):  # this process alone: as DRF counts
        return next(
            (one for one in throttles if not SimpleRateThrottle.allow_request(one, request, view)),
            None,
        )
    keyed = {one: one.get_cache_key(request, view) for one in throttles if one.rate is not None}
    asked = {one: one.window(f"{cache['KEY_PREFIX']}:{key}") for one, key in keyed.items() if key}
    keys = [key for keys, _numbers in asked.values() for key in keys]
    numbers = [number for _keys, numbers in asked.values() for number in numbers]
    try:
        exceeded = int(_counting_at(cache["LOCATION"])(keys, numbers))
    except RedisError:
        return next((one for one in throttles if not one.without_counts()), None)
    return list(asked)[exceeded - 1] if exceeded else None


class OfTokens(ByAddress):
    """Guesses at a password."""

    scope = "token"

    def without_counts(self) -> bool:
        raise CountsUnavailable
