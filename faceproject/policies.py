"""What a browser may do on our pages: by default nothing but what comes from here.

The admin's theme and the API's documentation are made by others, in a way that needs more; each
has a policy of its own, so that theirs is nobody else's.
"""

from __future__ import annotations

from typing import Any

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Policy = dict[str, Any]

PAGES: Policy = {
    "default-src": [NONE],
    "base-uri": [NONE],
    "connect-src": [SELF],
    "font-src": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
    "img-src": [SELF, "blob:", "data:"],
    "manifest-src": [SELF],
    "media-src": [SELF, "blob:"],
    "object-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF],
    "worker-src": [SELF],
}
# Alpine, in Unfold, makes functions of what stands in attributes; Unfold puts its colours and
# widths into style elements and attributes.
ADMIN: Policy = PAGES | {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}
# Both readers of the schema make style elements; ReDoc searches in a worker it makes itself.
API_PAGES: Policy = PAGES | {
    "style-src": [SELF, UNSAFE_INLINE],
    "worker-src": [SELF, "blob:"],
}

# The cameras and the rest that a page can ask for: nobody, but for the pages that say otherwise.
NOTHING_ALLOWED: dict[str, list[str]] = {
    feature: []
    for feature in (
        "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "geolocation",
        "gyroscope", "magnetometer", "microphone", "midi", "payment", "usb", "xr-spatial-tracking",
    )
}  # fmt: skip


class ContentPolicy(CSPMiddleware):
    """The policy of the part of the site that answers; a view may still give its own."""

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,  # noqa: FBT001, FBT002  as django-csp has it
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if parts.config is None and not report_only:
            parts.config = _policy_of(request.path_info)
        return parts


def _policy_of(path: str) -> Policy:
    if path.startswith("/admin/"):
        return ADMIN
    return API_PAGES if path.startswith("/api/") else PAGES
