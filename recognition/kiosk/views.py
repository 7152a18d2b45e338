"""The page of a kiosk in each language, and what makes it an app: worker and manifest.

Nothing here is secret or of anybody: the key is in the kiosk's own storage, and all that is about
people comes from the API, which asks for it.
"""

from __future__ import annotations

import hashlib
import json
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from recognition.kiosk import texts
from recognition.login.camera import with_camera

SCRIPTS = (
    "face/camera.js",
    "face/kiosk-store.js",
    "face/kiosk-server.js",
    "face/kiosk-watch.js",
    "face/kiosk-queue.js",
    "face/kiosk-link.js",
    "face/kiosk-parts.js",
    "face/kiosk-pairing.js",
    "face/kiosk-settings.js",
    "face/kiosk-shell.js",
    "face/kiosk-undo.js",
    "face/kiosk-steps.js",
    "face/kiosk.js",
)
STYLES = ("face/page.css", "face/kiosk.css")
ICONS = {"192x192": "face/kiosk-192.png", "512x512": "face/kiosk-512.png"}
_ANY = UUID(int=0)


@require_safe
@with_camera
def home(request: HttpRequest) -> HttpResponse:
    """In the language that the browser asks for."""
    response = _page(translation.get_language_from_request(request))
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response


@require_safe
@with_camera
def page(request: HttpRequest, language: str) -> HttpResponse:
    if language not in dict(settings.LANGUAGES):
        raise Http404
    return _page(language)


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """Changes with whatever it keeps, so that browsers fetch all of it again."""
    pages = [reverse("kiosk:home")] + [_address(code) for code, _name in settings.LANGUAGES]
    files = [static(name) for name in (*SCRIPTS, *STYLES, *ICONS.values(), "face/icon.svg")]
    written = "".join(_render(code) for code, _name in settings.LANGUAGES)
    shell = {
        "version": hashlib.sha256(written.encode()).hexdigest()[:16],
        "pages": pages,
        "files": [*files, reverse("kiosk:manifest")],
    }
    context = {"shell": mark_safe(json.dumps(shell))}  # noqa: S308  addresses of ours
    body = render_to_string("kiosk/worker.js", context)
    return _fresh(HttpResponse(body, content_type="text/javascript; charset=utf-8"))


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    icons = [
        {"src": static(name), "sizes": size, "type": "image/png", "purpose": purpose}
        for size, name in ICONS.items()
        for purpose in ("any", "maskable")
    ]
    body = {
        "id": reverse("kiosk:home"),
        "name": "Face attendance kiosk",
        "short_name": "Kiosk",
        "start_url": reverse("kiosk:home"),
        "scope": reverse("kiosk:home"),
        "display": "fullscreen",
        "orientation": "any",
        "background_color": "#10191b",
        "theme_color": "#10191b",
        "icons": icons,
    }
    return _fresh(JsonResponse(body, content_type="application/manifest+json"))


def _page(language: str) -> HttpResponse:
    response = HttpResponse(_render(language))
    response["Content-Language"] = language
    return _fresh(response)


def _fresh(response: HttpResponse) -> HttpResponse:
    """May be kept, and is asked for all the same: an old one must not outlive its files."""
    patch_cache_control(response, no_cache=True)
    return response


def _render(language: str) -> str:
    with translation.override(language):
        languages = [(code, name, _address(code)) for code, name in settings.LANGUAGES]
        context = {
            "language": language,
            "languages": languages,
            "styles": STYLES,
            "scripts": SCRIPTS,
            "kiosk": {
                "language": language,
                "pages": {code: address for code, _name, address in languages},
                "worker": reverse("kiosk:worker"),
                "clock": reverse("api:clock"),
                "challenges": reverse("api:challenges"),
                "batch": reverse("api:clock-batch"),
                "undo": reverse("api:clock-undo", args=[_ANY]).replace(str(_ANY), "{event}"),
                "camera": texts.camera(),
                "answers": texts.answers(),
                "steps": texts.steps(),
                "texts": texts.page(),
            },
        }
        return render_to_string("kiosk/kiosk.html", context)


def _address(language: str) -> str:
    return reverse("kiosk:page", args=[language])
