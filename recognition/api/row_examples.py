"""Examples of what lists hold, and of all that its view gives none for: by operation."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from drf_spectacular.utils import OpenApiExample

from recognition.api.examples import EVENT, PERSON, QUALITY, answered, asked

Row = dict[str, Any]

_GALLERY: Row = {
    "id": 3,
    "name": "Headquarters",
    "description": "All who work in Berlin",
    "time_zone": "Europe/Berlin",
}
_PERSON: Row = {
    "id": PERSON["id"],
    "full_name": PERSON["name"],
    "staff_number": "4711",
    "galleries": [_GALLERY["id"]],
    "is_active": True,
    "consent_method": "signed",
    "consent_at": "2026-02-27T09:00:00Z",
    "created_at": "2026-02-27T09:04:31Z",
}
_FACE: Row = {
    "id": "9b3f5d0a-6f57-4c1c-8a3e-52d0b6a4c7e2",
    "state": "ready",
    "reason_code": "",
    "reason": "",
    "box": [412, 180, 210, 260],
    "quality": QUALITY,
    "source": "api",
    "created_at": "2026-02-27T09:05:02Z",
    "processed_at": "2026-02-27T09:05:03Z",
}
_WAITS: Row = {**_FACE, "state": "pending", "box": None, "quality": None, "processed_at": None}
_TOO_DARK: Row = {
    **_FACE,
    "state": "rejected",
    "reason_code": "too_dark",
    "reason": "The face is too dark. Turn towards the light.",
    "quality": {**QUALITY, "brightness": 0.05},
}
_NOT_A_PHOTO: Row = {
    "face": None,
    "already": False,
    "problem": {
        "type": "about:blank",
        "title": "Unsupported Media Type",
        "status": 415,
        "code": "photo_wrong_type",
        "detail": "The file is not a JPEG, PNG, WebP, HEIC or AVIF picture.",
    },
}
_MODEL: Row = {
    "id": 1,
    "name": "facenet128",
    "version": 1,
    "state": "active",
    "dimensions": 128,
    "verify_threshold": 0.84,
    "recognize_threshold": 0.84,
    "is_calibrated": True,
    "created_at": "2026-02-01T08:00:00Z",
}
_ATTEMPT: Row = {
    "id": "b7a4b1de-2f0c-4b61-9d0e-6f5f6cf6c7d3",
    "purpose": "recognize",
    "source": "device",
    "claimed": None,
    "found": PERSON["id"],
    "gallery": _GALLERY["id"],
    "model": "facenet128 v1",
    "outcome": "match",
    "reason": "",
    "distance": 0.52,
    "runner_up_distance": 1.31,
    "threshold": 0.84,
    "frames": 1,
    "duration_ms": 41,
    "actor": "device-4be0643f1d98573b97cdca98a65347dd",
    "device": "Front door",
    "created_at": "2026-03-02T07:58:12Z",
}
_DAY: Row = {
    "person": PERSON["id"],
    "name": PERSON["name"],
    "staff_number": "4711",
    "date": "2026-03-02",
    "time_zone": "Europe/Berlin",
    "shift": "Day",
    "shift_start": "2026-03-02T08:00:00Z",
    "shift_end": "2026-03-02T16:30:00Z",
    "first_in": "2026-03-02T07:58:12Z",
    "last_out": "2026-03-02T16:34:00Z",
    "worked": 28_548,
    "breaks": 2_400,
    "late": 0,
    "early_leave": 0,
    "overtime": 0,
    "missing_clock_out": False,
    "is_absent": False,
    "is_holiday": False,
    "is_in": False,
    "events": 4,
}
_SHIFT: Row = {
    "id": 2,
    "name": "Day",
    "start": "09:00:00",
    "end": "17:30:00",
    "weekdays": [1, 2, 3, 4, 5],
    "break_minutes": 30,
    "late_grace_minutes": 5,
    "early_grace_minutes": 5,
}
_ASSIGNMENT: Row = {
    "id": 8,
    "shift": _SHIFT["id"],
    "person": PERSON["id"],
    "gallery": None,
    "valid_from": "2026-03-01",
    "valid_to": None,
}
_HOLIDAY: Row = {"id": 5, "date": "2026-10-03", "name": "German Unity", "gallery": _GALLERY["id"]}
_ALL_IS_WELL = {
    "database": "ok",
    "broker": "ok",
    "mesh": "ok",
    "pad": "ok",
    "model": "ok",
    "calibration": "ok",
}
_A_DAY = [answered("A day", {"next": None, "results": [_DAY]})]


def _read(name: str, row: Row) -> dict[str, list[OpenApiExample]]:
    """drf-spectacular makes a page of the row, for the list."""
    shown = [answered("As it is", row)]
    return {f"{name}_list": shown, f"{name}_retrieve": shown}


def _kept(
    name: str, row: Row, *, change: Row, given: Collection[str]
) -> dict[str, list[OpenApiExample]]:
    """Of rows that are made and changed. given: what the server adds to what is asked for."""
    new = {field: value for field, value in row.items() if field not in given}
    return _read(name, row) | {
        f"{name}_create": [asked("A new one", new), answered("As it is kept", row, 201)],
        f"{name}_partial_update": [
            asked("A change", change),
            answered("Changed", row | change),
        ],
    }


BY_OPERATION: dict[str, list[OpenApiExample]] = {
    **_read("attempts", _ATTEMPT),
    **_read("attendance_events", {**EVENT, "corrected_by": None, "correction_reason": ""}),
    **_read("embedding_models", _MODEL),
    **_kept("galleries", _GALLERY, change={"name": "Berlin"}, given={"id"}),
    **_kept("people", _PERSON, change={"is_active": False}, given={"id", "created_at"}),
    **_kept("shifts", _SHIFT, change={"break_minutes": 45}, given={"id"}),
    **_kept("shift_assignments", _ASSIGNMENT, change={"valid_to": "2026-12-31"}, given={"id"}),
    **_kept("holidays", _HOLIDAY, change={"name": "Unity Day"}, given={"id"}),
    "people_destroy": [
        answered("Erased", {"name": PERSON["name"], "photos": 3, "embeddings": 3, "templates": 1})
    ],
    "people_faces_list": [answered("Ready", _FACE), answered("Rejected", _TOO_DARK)],
    "people_faces_create": [
        answered("One that is new", {"face": _WAITS, "already": False, "problem": None}, 201),
        answered("One that is no photo", _NOT_A_PHOTO, 201),
        answered("One that was there", {"face": _FACE, "already": True, "problem": None}),
    ],
    "days_list": _A_DAY,
    "days_mine": _A_DAY,
    "health_live": [answered("It answers", {"status": "ok"})],
    "health_ready": [
        answered("All is well", {"status": "ok", "checks": _ALL_IS_WELL}),
        answered(
            "No broker",
            {"status": "failing", "checks": {**_ALL_IS_WELL, "broker": "unreachable"}},
            503,
        ),
    ],
}
