"""Examples in the schema, by operation. Made-up people; photos cut short."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample

from recognition.models import LivenessStep

_PERSON = {"id": "5b0ad3b0-6f1c-4b0e-9a55-3c3f6a0d7c11", "name": "Ada Lovelace"}
_PHOTO = "/9j/4AAQSkZJRgABAQ=="
_QUALITY = {
    "size": 210.0,
    "sharpness": 0.21,
    "brightness": 0.48,
    "yaw": -4.1,
    "pitch": 2.0,
    "roll": 0.6,
}
_ANSWER = {
    "outcome": "match",
    "message": "Hi! Welcome Ada Lovelace",
    "person": _PERSON,
    "distance": 0.52,
    "runner_up_distance": 1.31,
    "threshold": 0.84,
    "model": "facenet128 v1",
    "reason": "",
    "box": {"x": 412, "y": 180, "width": 210, "height": 260},
    "quality": _QUALITY,
}
_EVENT = {
    "id": "0f0d6c1e-52f4-4f0e-8d3a-2b6b2a4f9e55",
    "person": _PERSON["id"],
    "direction": "in",
    "occurred_at": "2026-03-02T07:58:12Z",
    "received_at": "2026-03-02T07:58:12Z",
    "source": "clock",
    "is_late_arriving": False,
    "device": "Front door",
    "replaces": None,
    "replaced_by": None,
    "is_void": False,
}
_NONCE = "q0o3c8bqk1Zb4mJ1m0k2vC6hYx5cV9aTnQ7rLw2sEdI"
_STEPS = ("look_straight", "tilt_right", "turn_left", "come_closer")


def asked(name: str, value: dict[str, Any]) -> OpenApiExample:
    """Of a request in JSON."""
    return OpenApiExample(name, value=value, request_only=True, media_type="application/json")


def answered(name: str, value: Any, status: int = 200) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=[str(status)])


VERIFY = [
    asked("One photo", {"photo": _PHOTO, "person": "4711"}),
    answered("It is", {**_ANSWER, "message": "Verified! Welcome Ada Lovelace"}),
    answered(
        "It is not",
        {
            **_ANSWER,
            "outcome": "no_match",
            "message": "Person name and face didn't match!",
            "person": None,
            "distance": 1.27,
        },
    ),
]
_FIRST_OF_TWO = {**_ANSWER, "candidates": [{**_PERSON, "distance": 0.52}]}
_TOO_DARK = {
    **_ANSWER,
    "outcome": "too_dark",
    "message": "The face is too dark. Turn towards the light.",
    "person": None,
    "distance": None,
    "runner_up_distance": None,
    "box": {"x": 96, "y": 204, "width": 120, "height": 150},
    "quality": {**_QUALITY, "size": 120.0, "brightness": 0.05},
    "candidates": [],
}
RECOGNIZE = [
    asked("Three frames of one face", {"photo": [_PHOTO] * 3, "top": 3}),
    answered("Somebody known", _FIRST_OF_TWO),
    answered(
        "A stranger",
        {
            **_ANSWER,
            "outcome": "unknown",
            "message": "Sorry! You're not in the database.",
            "person": None,
            "distance": 1.18,
            "candidates": [],
        },
    ),
    answered(
        "Two faces, one of them in the dark",
        {**_FIRST_OF_TWO, "faces": [_FIRST_OF_TWO, _TOO_DARK]},
    ),
]
CLOCK = [
    asked("A capture", {"photo": _PHOTO, "occurred_at": "2026-03-02T07:58:12Z"}),
    asked(
        "A challenge that was answered",
        {
            "challenge": _NONCE,
            "photo": [_PHOTO] * len(_STEPS),
            "step": list(_STEPS),
            "taken_ms": [0, 2600, 5200, 7900],
        },
    ),
    answered("Came in", {**_ANSWER, "event": _EVENT, "is_repeat": False}, 201),
]
CHALLENGE = [
    answered(
        "A turn and two other moves",
        {
            "nonce": _NONCE,
            "steps": [{"step": step, "instruction": LivenessStep(step).label} for step in _STEPS],
            "expires_at": "2026-03-02T07:58:58Z",
        },
        201,
    ),
]
CLOCK_SETTINGS = [
    answered(
        "A kiosk in Berlin",
        {
            "id": "8d7f3f0e-3a64-4b0c-9c0f-3b1f2f6d5e10",
            "name": "Front door",
            "time_zone": "Europe/Berlin",
            "now": "2026-03-02T07:58:00Z",
            "drift_seconds": 120.0,
            "oldest_hours": 72.0,
            "undo_seconds": 30.0,
            "requires_liveness": True,
        },
    ),
]
UNDO = [
    answered(
        "Taken back",
        {
            **_EVENT,
            "id": "52a0c6c5-0f0b-4b7c-8f0e-7a3a1f0e9c21",
            "source": "correction",
            "replaces": _EVENT["id"],
            "is_void": True,
        },
        201,
    ),
]
BATCH = [
    asked(
        "Two captures that waited",
        {
            "sent_at": "2026-03-02T09:10:00Z",
            "captures": [
                {
                    "id": "3d6c2f0a-0f3e-4b52-9a35-9d1f7a1f0a01",
                    "photo": _PHOTO,
                    "occurred_at": "2026-03-02T07:58:12Z",
                },
                {
                    "id": "3d6c2f0a-0f3e-4b52-9a35-9d1f7a1f0a02",
                    "photo": _PHOTO,
                    "occurred_at": "2026-03-02T08:01:40Z",
                },
            ],
        },
    ),
]
CORRECT = [
    asked(
        "A clock-out that was forgotten",
        {
            "person": _PERSON["id"],
            "direction": "out",
            "occurred_at": "2026-03-02T16:30:00Z",
            "reason": "Forgot to clock out, says the team lead",
        },
    ),
    asked(
        "It did not happen",
        {"event": _EVENT["id"], "is_void": True, "reason": "Tried the kiosk out"},
    ),
    answered(
        "Beside the event that did not happen",
        {
            **_EVENT,
            "id": "c1a2f4b7-63b5-4d55-9f0c-2f4c0d9f7a10",
            "received_at": "2026-03-02T10:15:00Z",
            "source": "correction",
            "device": None,
            "replaces": _EVENT["id"],
            "is_void": True,
            "corrected_by": "hr",
            "correction_reason": "Tried the kiosk out",
        },
        201,
    ),
]
FACES = [asked("Two photos", {"photo": [_PHOTO, _PHOTO]})]
TOKENS = [asked("Log in", {"username": "hr", "password": "a long password"})]
