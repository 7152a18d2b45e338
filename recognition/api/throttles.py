"""How often an address and an account may ask; too often is a 429 with `Retry-After`."""

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle


class ByAddress(SimpleRateThrottle):
    scope = "address"

    def get_cache_key(self, request: Request, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class ByAccount(SimpleRateThrottle):
    """Of a device or a user; who is neither is counted by address alone."""

    scope = "account"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        if not request.user.is_authenticated:
            return None
        return self.cache_format % {"scope": self.scope, "ident": request.user.pk}


class OfTokens(ByAddress):
    """Guesses at a password."""

    scope = "token"
