"""What the attendance part of the API takes and gives."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from rest_framework import serializers

from recognition.api.fields import Flag, Moment, PhotosField, StoredPhotosField, Strict
from recognition.api.serializers import Answer
from recognition.models import AttendanceEvent, Direction, EventSource, LivenessStep
from recognition.services import MAX_FRAMES

MAX_CAPTURES = 100


# Spelled out: a ModelSerializer would look all of it up for each clock-in.
class ClockedEventSerializer(serializers.Serializer[AttendanceEvent]):
    """As a device is told it: nothing of who corrected it, and why."""

    id = serializers.UUIDField(source="public_id")
    person = serializers.UUIDField(source="person.public_id", allow_null=True, default=None)
    direction = serializers.ChoiceField(choices=Direction.choices, read_only=True)
    occurred_at = serializers.DateTimeField(read_only=True)
    received_at = serializers.DateTimeField(read_only=True)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # DRF takes it out of the class
        choices=EventSource.choices, read_only=True
    )
    is_late_arriving = serializers.BooleanField(
        read_only=True, help_text=AttendanceEvent._meta.get_field("is_late_arriving").help_text
    )
    device = serializers.CharField(source="device.name", allow_null=True, default=None)
    replaces = serializers.UUIDField(source="replaces.public_id", allow_null=True, default=None)
    replaced_by = serializers.UUIDField(
        source="replaced_by.public_id", allow_null=True, default=None
    )
    is_void = serializers.BooleanField(read_only=True)


class EventSerializer(ClockedEventSerializer):
    """As whoever may see everybody's is told it."""

    corrected_by = serializers.SerializerMethodField(
        help_text="The user name. Null where nobody did, where a device took its own event back or "
        "turned directions that were derived, and where the account is gone."
    )
    correction_reason = serializers.CharField(read_only=True)

    def get_corrected_by(self, event: AttendanceEvent) -> str | None:
        by = event.corrected_by
        return by.get_username() if by is not None and event.device_id is None else None


class CaptureSerializer(Strict):
    photo = PhotosField()
    occurred_at = Moment(required=False, help_text="By the device's clock. Left out: now.")
    staff_number = serializers.CharField(
        max_length=50, required=False, help_text="Who it claims to be; then it is 1:1."
    )
    direction = serializers.ChoiceField(
        choices=Direction.choices, required=False, help_text="Left out: derived."
    )


class ClockSerializer(CaptureSerializer):
    """With `challenge`, the photos answer it: each has its `step` and its time, in order."""

    challenge = serializers.CharField(
        max_length=64, required=False, help_text="The `nonce` of a challenge of this device."
    )
    step = serializers.ListField(
        child=serializers.ChoiceField(choices=LivenessStep.choices),
        required=False,
        min_length=1,
        max_length=MAX_FRAMES,
        help_text="Which step each photo was taken for; 1 to 3 for each, none left out.",
    )
    taken_ms = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=2**53 - 1),
        required=False,
        min_length=1,
        max_length=MAX_FRAMES,
        help_text="When each was taken, by any clock of the device that goes on.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "challenge" not in attrs:
            loose = [name for name in ("step", "taken_ms") if name in attrs]
            if loose:
                raise _impossible("This belongs to a challenge; say which.", *loose)
            return attrs
        for name in ("step", "taken_ms"):
            if len(attrs.get(name, ())) != len(attrs["photo"]):
                raise _impossible("Give one for each photo.", name)
        return attrs


class ChallengeStep(serializers.Serializer[Any]):
    step = serializers.ChoiceField(choices=LivenessStep.choices)
    instruction = serializers.CharField(help_text="The sentence to show.")


class ChallengeAnswer(serializers.Serializer[Any]):
    """What somebody has to do before the camera, in this order."""

    nonce = serializers.CharField(help_text="What `clock/` is to be told as `challenge`.")
    steps = ChallengeStep(many=True)
    expires_at = serializers.DateTimeField(help_text="By the server's clock.")


class BatchItem(CaptureSerializer):
    id = serializers.UUIDField(help_text="Of the capture, made by the device.")
    photo = StoredPhotosField()
    occurred_at = Moment()


class SentItem(serializers.Field[Any, Any, Any, Any]):
    """A capture as it was sent: what is wrong with it is its own answer, and not the others'."""

    def to_internal_value(self, data: Any) -> Any:
        return data


class SentItemSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = SentItem

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        expected = auto_schema.resolve_serializer(BatchItem, direction)
        other = {"description": "Anything else is answered with a problem, `invalid`, as an item."}
        return {"anyOf": [expected.ref, other]}


class BatchSerializer(Strict):
    sent_at = Moment(help_text="What the device's clock says now.")
    captures = serializers.ListField(
        child=SentItem(allow_null=True), min_length=1, max_length=MAX_CAPTURES
    )


class ClockAnswer(Answer):
    event = ClockedEventSerializer()
    is_repeat = serializers.BooleanField(help_text="The event was there already.")


class ClockSettings(serializers.Serializer[Any]):
    """What a device has to know before it clocks."""

    id = serializers.UUIDField(help_text="Of the device.")
    name = serializers.CharField(help_text="Of the device.")
    time_zone = serializers.CharField(
        help_text="Of the device's first gallery; without one, of the site."
    )
    now = serializers.DateTimeField(help_text="By the server's clock.")
    drift_seconds = serializers.FloatField(help_text="How far the device's clock may be wrong.")
    oldest_hours = serializers.FloatField(help_text="How long captures may wait on the device.")
    undo_seconds = serializers.FloatField(help_text="How long an event can be undone; 0: never.")
    requires_liveness = serializers.BooleanField(
        help_text="Whether only an answered challenge clocks, and no photo alone."
    )


class BatchResult(serializers.Serializer[Any]):
    id = serializers.UUIDField(allow_null=True, help_text="Null where the capture has none.")
    status = serializers.IntegerField(help_text="As HTTP would say it for this capture alone.")
    answer = serializers.JSONField(help_text="As of clock/, or a problem.")


class BatchAnswer(serializers.Serializer[Any]):
    results = BatchResult(many=True)


class CorrectionSerializer(Strict):
    """With `event`: replace it, or with `is_void` take it away. Without: add a forgotten one."""

    event = serializers.UUIDField(required=False)
    person = serializers.UUIDField(required=False)
    direction = serializers.ChoiceField(choices=Direction.choices, required=False)
    occurred_at = Moment(required=False)
    is_void = Flag(default=False)
    reason = serializers.CharField(max_length=300)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "event" in attrs:
            if "person" in attrs:
                raise _impossible("It is the event's person.", "person")
            return attrs
        missing = {"person", "direction", "occurred_at"} - set(attrs)
        if missing:
            raise _impossible("Needed to add an event.", *sorted(missing))
        if attrs["is_void"]:
            raise _impossible("Say which event did not happen.", "event")
        return attrs


def _impossible(why: str, *names: str) -> serializers.ValidationError:
    problem = serializers.ErrorDetail(why, "impossible")
    return serializers.ValidationError({name: [problem] for name in names})
