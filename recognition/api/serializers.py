"""What the API takes and gives."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from rest_framework import serializers

from people.models import EmbeddingModel, FaceImage, Gallery, Person
from recognition.api.fields import Flag, Moment, PhotosField, Strict
from recognition.models import Attempt
from recognition.services import Result


class GallerySerializer(Strict, serializers.ModelSerializer[Gallery]):
    class Meta:
        model = Gallery
        fields: ClassVar = ["id", "name", "description", "time_zone"]

    def validate_name(self, name: str) -> str:
        others = Gallery.objects.filter(name__iexact=name)
        if isinstance(self.instance, Gallery):
            others = others.exclude(pk=self.instance.pk)
        if others.exists():
            raise serializers.ValidationError("There is a gallery of this name.", code="unique")
        return name


class PersonSerializer(Strict, serializers.ModelSerializer[Person]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    is_active = Flag(required=False)
    consent_at = Moment(required=False, allow_null=True)
    galleries = serializers.PrimaryKeyRelatedField(
        many=True, queryset=Gallery.objects.all(), required=False, help_text="Their ids."
    )

    class Meta:
        model = Person
        fields: ClassVar = [
            "id",
            "full_name",
            "staff_number",
            "galleries",
            "is_active",
            "consent_method",
            "consent_at",
            "created_at",
        ]
        read_only_fields: ClassVar = ["created_at"]

    def validate_staff_number(self, value: str | None) -> str | None:
        return value or None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """How consent was given and when belong together; when defaults to now."""
        method = attrs.get("consent_method", getattr(self.instance, "consent_method", ""))
        when = attrs.get("consent_at", getattr(self.instance, "consent_at", None))
        if not method and when and "consent_at" in attrs:
            problem = serializers.ErrorDetail("Say how it was given.", "impossible")
            raise serializers.ValidationError({"consent_method": [problem]})
        attrs["consent_at"] = (when or timezone.now()) if method else None
        return attrs


class FaceSerializer(serializers.ModelSerializer[FaceImage]):
    id = serializers.UUIDField(source="public_id", read_only=True)

    class Meta:
        model = FaceImage
        fields: ClassVar = [
            "id",
            "state",
            "reason_code",
            "reason",
            "box",
            "quality",
            "source",
            "created_at",
            "processed_at",
        ]
        read_only_fields = fields


class NewFaces(Strict):
    photo = PhotosField(most=50)
    accept_flags = Flag(
        default=False,
        help_text="Enrol even a face that is known as somebody else's, or unlike the others.",
    )


class AddedFace(serializers.Serializer[Any]):
    """What became of one photo, in the order they were sent."""

    face = FaceSerializer(allow_null=True)
    already = serializers.BooleanField(help_text="The same photo was there before.")
    problem = serializers.JSONField(help_text="Why it was refused, or null.")


class ErasedSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    photos = serializers.IntegerField()
    embeddings = serializers.IntegerField()
    templates = serializers.IntegerField()


class Verification(Strict):
    photo = PhotosField()
    person = serializers.CharField(
        max_length=200, help_text="Who it should be: the id, or the staff number."
    )


class Recognition(Strict):
    photo = PhotosField()
    gallery = serializers.PrimaryKeyRelatedField(
        queryset=Gallery.objects.all(), required=False, allow_null=True, help_text="Its id."
    )
    top = serializers.IntegerField(min_value=1, max_value=100, default=1)
    faces = serializers.ChoiceField(choices=["largest", "all"], default="largest")


class FoundPerson(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class CandidateSerializer(FoundPerson):
    distance = serializers.FloatField()


class BoxSerializer(serializers.Serializer[Any]):
    x = serializers.IntegerField()
    y = serializers.IntegerField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class QualitySerializer(serializers.Serializer[Any]):
    """How usable one face is."""

    size = serializers.FloatField(help_text="The box's shorter side, pixels.")
    sharpness = serializers.FloatField(help_text="Higher is sharper.")
    brightness = serializers.FloatField(help_text="0 is black, 1 is white.")
    yaw = serializers.FloatField(help_text="Degrees, as the others; 0 is frontal.")
    pitch = serializers.FloatField()
    roll = serializers.FloatField()


class Answer(serializers.Serializer[Any]):
    """What was decided. Distances are ‖a−b‖₂ of unit vectors, 0…2."""

    outcome = serializers.CharField(
        help_text="match, no_match or unknown; among several faces also why one cannot be used."
    )
    message = serializers.CharField(help_text="The sentence to show.")
    person = FoundPerson(allow_null=True)
    distance = serializers.FloatField(allow_null=True)
    runner_up_distance = serializers.FloatField(allow_null=True)
    threshold = serializers.FloatField()
    model = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    box = BoxSerializer(allow_null=True)
    quality = QualitySerializer(allow_null=True)


class Identification(Answer):
    candidates = CandidateSerializer(
        many=True, help_text="The nearest people. A device is told only whom it recognized."
    )


class Identifications(Identification):
    """With `faces=all`, `faces` holds an answer for each face, and the rest is the largest's."""

    faces = Identification(many=True, required=False)


def identification(result: Result, *, for_device: bool) -> dict[str, object]:
    """for_device: it is told whom it sees and no other name, or its gallery could be listed."""
    candidates = [
        {"id": found.who.public_id, "name": found.who.name, "distance": found.distance}
        for found in result.candidates
        if not for_device or found.who == result.person
    ]
    return {**result.as_json(), "candidates": candidates}


class EmbeddingModelSerializer(serializers.ModelSerializer[EmbeddingModel]):
    """The thresholds are the bounds; what counts is never above them."""

    is_calibrated = serializers.SerializerMethodField()

    class Meta:
        model = EmbeddingModel
        fields: ClassVar = [
            "id",
            "name",
            "version",
            "state",
            "dimensions",
            "verify_threshold",
            "recognize_threshold",
            "is_calibrated",
            "created_at",
        ]
        read_only_fields = fields

    def get_is_calibrated(self, model: EmbeddingModel) -> bool:
        return bool(model.calibration.get("calibrated"))


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    id = serializers.UUIDField(source="public_id")
    claimed = serializers.UUIDField(source="claimed.public_id", allow_null=True, default=None)
    found = serializers.UUIDField(source="found.public_id", allow_null=True, default=None)
    model = serializers.CharField(source="model.__str__")
    actor = serializers.CharField(
        source="actor.username",
        allow_null=True,
        default=None,
        help_text="The user name of who asked; a device's account has one, too. Null for nobody"
        " who was logged in, and where the account is gone.",
    )
    device = serializers.CharField(
        source="actor.device.name",
        allow_null=True,
        default=None,
        help_text="Its name, where a device asked.",
    )

    class Meta:
        model = Attempt
        fields: ClassVar = [
            "id",
            "purpose",
            "source",
            "claimed",
            "found",
            "gallery",
            "model",
            "outcome",
            "reason",
            "distance",
            "runner_up_distance",
            "threshold",
            "frames",
            "duration_ms",
            "actor",
            "device",
            "created_at",
        ]
        read_only_fields = fields


class Credentials(Strict):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)


class TokenSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="Shown now and never again.")
    expires_at = serializers.DateTimeField()


class HealthSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["ok", "failing"])
    checks = serializers.DictField(child=serializers.CharField(), required=False)
