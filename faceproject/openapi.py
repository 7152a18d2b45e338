"""What the OpenAPI schema says of itself, and what it is made and shown with."""

from typing import Any

SETTINGS: dict[str, Any] = {
    "TITLE": "Face attendance",
    "DESCRIPTION": "Verify, recognize and clock people by their faces.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["recognition.api.access.ByRule"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    # Of two serializers for one thing no name can be made.
    "ENUM_NAME_OVERRIDES": {"EventSourceEnum": "recognition.models.EventSource"},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "recognition.api.schema.add_problems",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
