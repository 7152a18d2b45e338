"""The schema, and two ways to read it. All of it is served from here: nothing from elsewhere."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from drf_spectacular.views import (
    SpectacularAPIView,
    SpectacularRedocView,
    SpectacularSwaggerSplitView,
)

from recognition.api.access import Rule


class SchemaView(SpectacularAPIView):
    rules: ClassVar = {"get": Rule(own=True)}


@extend_schema(exclude=True)
class SwaggerPage(SpectacularSwaggerSplitView):
    """Try the API out. Its script comes by itself: none stands in the page."""

    template_name = "recognition/swagger.html"  # drf-spectacular's does not say its language

    rules: ClassVar = {"get": Rule(own=True)}


@extend_schema(exclude=True)
class ReferencePage(SpectacularRedocView):
    """Read the API. Its maker's logo, from its maker's server, is kept out by the site's policy."""

    template_name = "recognition/reference.html"  # drf-spectacular's asks for fonts elsewhere

    rules: ClassVar = {"get": Rule(own=True)}
