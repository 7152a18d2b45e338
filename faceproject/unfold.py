"""The look of the admin, and its sidebar: what staff do, in the order they do it."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

NAME = "Face attendance"


def _can(permission: str) -> Callable[[HttpRequest], bool]:
    """Whether to show the entry; each page checks for itself."""

    def check(request: HttpRequest) -> bool:
        return not permission or request.user.has_perm(permission)

    return check


def _entry(title: str, icon: str, view: str, permission: str = "") -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(view),
        "permission": _can(permission),
    }


_ENROL = [
    _entry("People", "group", "admin:people_person_changelist", "people.view_person"),
    _entry("Galleries", "apartment", "admin:people_gallery_changelist", "people.view_gallery"),
    _entry(
        "Bulk import", "upload_file", "admin:people_importrun_changelist", "people.view_importrun"
    ),
]
_ASK = [
    _entry("Who is this?", "person_search", "ask:who", "recognition.ask"),
    _entry("Is this …?", "how_to_reg", "ask:claim", "recognition.ask"),
]
_ATTENDANCE = [
    _entry("Today", "today", "attendance:board", "recognition.view_attendanceevent"),
    _entry("Days", "calendar_month", "attendance:days", "recognition.view_attendanceevent"),
    _entry(
        "Events",
        "schedule",
        "admin:recognition_attendanceevent_changelist",
        "recognition.view_attendanceevent",
    ),
    _entry(
        "Shifts", "work_history", "admin:recognition_shift_changelist", "recognition.view_shift"
    ),
    _entry(
        "Assignments",
        "assignment_ind",
        "admin:recognition_shiftassignment_changelist",
        "recognition.view_shiftassignment",
    ),
    _entry(
        "Holidays", "event_busy", "admin:recognition_holiday_changelist", "recognition.view_holiday"
    ),
]
_LOG = [
    _entry(
        "Attempts", "history", "admin:recognition_attempt_changelist", "recognition.view_attempt"
    ),
]
_WEBHOOKS = [
    _entry(
        "Endpoints",
        "webhook",
        "admin:recognition_webhookendpoint_changelist",
        "recognition.view_webhookendpoint",
    ),
    _entry(
        "Deliveries",
        "outbox",
        "admin:recognition_webhookdelivery_changelist",
        "recognition.view_webhookdelivery",
    ),
]
_SETTINGS = [
    _entry(
        "Devices",
        "door_front",
        "admin:recognition_device_changelist",
        "recognition.view_device",
    ),
    _entry("Calibration", "tune", "calibration:limits", "people.view_embeddingmodel"),
    _entry(
        "Embedding models",
        "neurology",
        "admin:people_embeddingmodel_changelist",
        "people.view_embeddingmodel",
    ),
    _entry("Users", "badge", "admin:auth_user_changelist", "auth.view_user"),
    _entry("API tokens", "key", "admin:knox_authtoken_changelist", "knox.view_authtoken"),
    _entry("Groups", "shield_person", "admin:auth_group_changelist", "auth.view_group"),
]

# A quiet teal on cool grey. Steps 600 and 500 carry text: both reach 4.5:1 on their ground.
_PRIMARY = {
    "50": "oklch(98.2% 0.012 190)",
    "100": "oklch(95.0% 0.030 190)",
    "200": "oklch(90.0% 0.055 190)",
    "300": "oklch(83.0% 0.085 190)",
    "400": "oklch(75.0% 0.105 190)",
    "500": "oklch(68.0% 0.105 192)",
    "600": "oklch(49.0% 0.085 195)",
    "700": "oklch(43.0% 0.075 197)",
    "800": "oklch(37.0% 0.062 199)",
    "900": "oklch(32.0% 0.050 201)",
    "950": "oklch(24.0% 0.040 203)",
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": NAME,
    "SITE_HEADER": NAME,
    "SITE_SUBHEADER": "People, faces, answers",
    "SITE_SYMBOL": "familiar_face_and_zone",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda _request: static("face/icon.svg"),
        }
    ],
    "STYLES": [
        lambda _request: static("face/face.css"),
        lambda _request: static("face/attendance.css"),
        lambda _request: static("face/calibration.css"),
    ],
    "SCRIPTS": [
        lambda _request: static("face/photos.js"),
        lambda _request: static("face/accessible.js"),
    ],
    "BORDER_RADIUS": "8px",
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "recognition.dashboard.context",
    "COLORS": {"primary": _PRIMARY},
    "SIDEBAR": {
        "show_search": False,
        "navigation": [
            {"items": [_entry("Overview", "home", "admin:index")]},
            {"title": "Enrol", "items": _ENROL},
            {"title": "Ask", "items": _ASK},
            {"title": "Attendance", "items": _ATTENDANCE},
            {"title": "Log", "items": _LOG},
            {"title": "Webhooks", "items": _WEBHOOKS},
            {"title": "Settings", "items": _SETTINGS},
        ],
    },
}
