"""What a web server calls."""

import os
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "faceproject.settings")


class Request(WSGIRequest):
    """Everything is UTF-8, whatever a request says of itself.

    Django would read the query with the codec that the Content-Type names, before any middleware
    runs, and there are codecs that are not for text: “charset=hex” would be a 500.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(
            meta.get("CONTENT_TYPE", "")
        )


application = get_wsgi_application()
application.request_class = Request
