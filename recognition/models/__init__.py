"""What was decided, by whom it was asked, and what followed."""

from recognition.models.acceptance import Acceptance
from recognition.models.attempts import Attempt, AttemptPurpose, AttemptSource
from recognition.models.attendance import AttendanceEvent, Direction, EventSource, IdempotentAnswer
from recognition.models.devices import Device
from recognition.models.liveness import (
    LivenessFrame,
    LivenessPurpose,
    LivenessSession,
    LivenessStep,
)
from recognition.models.login import BrakeKind, ConsentRecord, LoginBrake
from recognition.models.reembedding import (
    ModelChange,
    ProjectionHead,
    ReembeddingChunk,
    ReembeddingFailure,
    ReembeddingRun,
)
from recognition.models.schedules import Holiday, Shift, ShiftAssignment
from recognition.models.webhooks import WebhookDelivery, WebhookEndpoint

__all__ = [
    "Acceptance",
    "Attempt",
    "AttemptPurpose",
    "AttemptSource",
    "AttendanceEvent",
    "BrakeKind",
    "ConsentRecord",
    "Device",
    "Direction",
    "EventSource",
    "Holiday",
    "IdempotentAnswer",
    "LivenessFrame",
    "LivenessPurpose",
    "LivenessSession",
    "LivenessStep",
    "LoginBrake",
    "ModelChange",
    "ProjectionHead",
    "ReembeddingChunk",
    "ReembeddingFailure",
    "ReembeddingRun",
    "Shift",
    "ShiftAssignment",
    "WebhookDelivery",
    "WebhookEndpoint",
]
