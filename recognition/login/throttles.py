"""How often an address or a browser may ask, in the cache that all processes share."""

from __future__ import annotations

import time

from django.core.cache import cache
from redis.exceptions import RedisError

DECISIONS = 300  # of an address, a minute; the brakes hold long before
CHALLENGES = 120
HINTS = 300  # of a browser session, a minute
HINTS_OF_ADDRESS = 3000


def is_within(scope: str, who: str, most: int, *, without_cache: bool = True) -> bool:
    """Whether this is one of the first `most` requests of a minute.

    without_cache: the answer while the cache is down. The brakes are in the database and count on.
    """
    key = f"login:{scope}:{who}:{int(time.time() // 60)}"
    try:
        cache.add(key, 0, 120)
        return int(cache.incr(key)) <= most
    except RedisError:
        return without_cache
    except ValueError:  # it went between the two
        return True
