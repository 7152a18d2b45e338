"""The schema, and two ways to read it. All of it is served from here: nothing from elsewhere."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView
from rest_framework.request import Request
from rest_framework.response import Response

from recognition.api.access import Rule


class SchemaView(SpectacularAPIView):
    rules: ClassVar = {"get": Rule(own=True)}


@extend_schema(exclude=True)
class SwaggerPage(SpectacularSwaggerView):
    """Try the API out."""

    rules: ClassVar = {"get": Rule(own=True)}


@extend_schema(exclude=True)
class ReferencePage(SpectacularRedocView):
    """Read the API."""

    template_name = "recognition/reference.html"  # drf-spectacular's asks for fonts elsewhere

    rules: ClassVar = {"get": Rule(own=True)}

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        # ReDoc shows its maker's logo, from its maker's server: not here.
        response["Content-Security-Policy"] = "img-src 'self' data:"
        return response
