"""Clocking by devices: a face at the door, one at a time or after the network was gone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from people.errors import Refusal
from people.images import Pixels
from recognition.api import examples, problems
from recognition.api.access import DeviceRight, Rule
from recognition.api.attendance import (
    BatchAnswer,
    BatchItem,
    BatchSerializer,
    ChallengeAnswer,
    ClockAnswer,
    ClockedEventSerializer,
    ClockSerializer,
    ClockSettings,
)
from recognition.api.authentication import device_of
from recognition.api.fields import UUID_TEXT
from recognition.api.parsers import BoundedJSON
from recognition.api.views.recognition import decoded
from recognition.attendance import challenges, clock, idempotency, undo
from recognition.attendance.idempotency import Answer
from recognition.liveness import Live, StepFrame
from recognition.login.addresses import client_address
from recognition.models import AttendanceEvent, Device, Direction, EventSource, LivenessStep
from recognition.record import Undecided

_KEY = re.compile(r"[!-~]{1,255}")
KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": f"^{_KEY.pattern}$"},
    OpenApiParameter.HEADER,
    description="The same key gives the same answer, and at most one event: for 24 hours at least, "
    "and for as long as a capture may wait on a device.",
)


class ClockView(APIView):
    """A face at the door: who it is is decided here, and recorded."""

    rules: ClassVar = {
        "get": Rule(device=DeviceRight.CLOCK),
        "post": Rule(device=DeviceRight.CLOCK),
    }

    @extend_schema(
        responses={200: ClockSettings},
        operation_id="clock_settings",
        examples=examples.CLOCK_SETTINGS,
    )
    def get(self, request: Request) -> Response:
        """What a device has to know before it clocks, and whether its key is good."""
        return Response(ClockSettings(clock.settings_of(_device(request))).data)

    @extend_schema(
        request=ClockSerializer,
        responses={200: ClockAnswer, 201: ClockAnswer},
        parameters=[KEY],
        operation_id="clock",
        examples=examples.CLOCK,
    )
    def post(self, request: Request) -> Response:
        """201: a new event. 200: the same face was just shown, and the event was there already.

        A device that `requires_liveness` sends the answer to a challenge; a photo alone is
        `liveness_required`. A challenge is used up by its answer, whatever that comes to.
        """
        device, address = _device(request), client_address(request._request)
        form = ClockSerializer(data=request.data)
        with _on_record(request.data, device, address):
            form.is_valid(raise_exception=True)
        asked = form.validated_data
        work = partial(_clock, asked, device, address=address)
        key = request.headers.get("Idempotency-Key")
        return _response(work() if key is None else _once(device, key, asked, work))


class ChallengesView(APIView):
    """What somebody has to do before the camera, so that a photo of them is not enough."""

    rules: ClassVar = {"post": Rule(device=DeviceRight.CLOCK)}

    @extend_schema(
        request=None,
        responses={201: ChallengeAnswer},
        operation_id="start_challenge",
        examples=examples.CHALLENGE,
    )
    def post(self, request: Request) -> Response:
        """For this device and one clock-in, once, until `expires_at`."""
        address = client_address(request._request)
        given = challenges.start(device=_device(request), address=address)
        steps = [{"step": step, "instruction": LivenessStep(step).label} for step in given.steps]
        body = {"nonce": given.nonce, "steps": steps, "expires_at": given.expires_at}
        return Response(ChallengeAnswer(body).data, status=201)


class BatchView(APIView):
    """Captures that a device kept while it had no network."""

    parser_classes = (BoundedJSON,)
    rules: ClassVar = {"post": Rule(device=DeviceRight.CLOCK)}

    @extend_schema(
        request=BatchSerializer,
        responses={200: BatchAnswer},
        operation_id="clock_batch",
        examples=examples.BATCH,
    )
    def post(self, request: Request) -> Response:
        """Answered item by item, in order; safe to send again as a whole.

        A capture that is not what it should be is answered with `invalid`, and the others are
        settled. Only what is wrong around them refuses all.

        An item's `id` is its idempotency key, for as long as its capture could be accepted: one
        that `clock/` has had before is not recorded again, and answered as it was, or with
        `key_used_otherwise`. A device whose clock is wrong is refused whole. One that
        `requires_liveness` has each item refused: what waited proves nothing.
        """
        form = BatchSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        device = _device(request)
        clock.check_drift(form.validated_data["sent_at"], timezone.now())
        results = [_item(item, device) for item in form.validated_data["captures"]]
        return Response({"results": results})


class UndoView(APIView):
    """Take back what was clocked here a moment ago: a correction, beside the event."""

    rules: ClassVar = {"post": Rule(device=DeviceRight.CLOCK)}

    @extend_schema(
        request=None,
        responses={200: ClockedEventSerializer, 201: ClockedEventSerializer},
        operation_id="clock_undo",
        examples=examples.UNDO,
    )
    def post(self, request: Request, event_id: UUID) -> Response:
        """201: it is taken back. 200: it was already; asking twice does nothing.

        Only by the device that recorded it, and for a short time; 404 for any other event.
        """
        device = _device(request)
        own = AttendanceEvent.objects.filter(device=device).exclude(source=EventSource.CORRECTION)
        undone = undo.undo(event=get_object_or_404(own, public_id=event_id), device=device)
        body = ClockedEventSerializer(undone.event).data
        return Response(body, status=200 if undone.is_repeat else 201)


def _item(sent: object, device: Device) -> dict[str, object]:
    form = BatchItem(data=sent)
    try:
        with _on_record(sent, device):
            form.is_valid(raise_exception=True)
        asked = {name: value for name, value in form.validated_data.items() if name != "id"}
        work = partial(_clock, asked, device, was_stored=True)
        answer = _once(device, str(form.validated_data["id"]), asked, work)
    except ValidationError as error:
        answer = _answer_of(problems.of_validation(error))
    except Refusal as refusal:
        answer = _answer_of(problems.of_refusal(refusal))
    return {"id": _id_of(sent), "status": answer.status, "answer": answer.body}


def _id_of(sent: object) -> str | None:
    """Of a capture, however wrong the rest of it is."""
    given = sent.get("id") if isinstance(sent, Mapping) else None
    is_one = isinstance(given, str) and UUID_TEXT.fullmatch(given)
    return str(UUID(given)) if is_one else None


def _device(request: Request) -> Device:
    device = device_of(request.user)
    if device is None:
        raise PermissionDenied  # as the rule says
    return device


def _once(device: Device, key: str, asked: Mapping[str, Any], work: Any) -> Answer:
    with _on_record(asked, device):  # the challenge was not looked at
        if not _KEY.fullmatch(key):
            problem = "1 to 255 visible ASCII characters, without spaces."
            raise ValidationError({"Idempotency-Key": [problem]})
        return idempotency.once(
            account=device.account,
            key=key,
            request_hash=idempotency.fingerprint(**asked),
            work=work,
        )


def _clock(
    asked: Mapping[str, Any], device: Device, *, address: str = "", was_stored: bool = False
) -> Answer:
    """A refusal is an answer too: the same key must not try again.

    address: where a challenge that is answered here has to come from.
    """
    try:
        capture = clock.Capture(
            photos=_shown(asked, device, address),
            occurred_at=asked.get("occurred_at"),
            staff_number=asked.get("staff_number", ""),
            direction=Direction(asked["direction"]) if asked.get("direction") else None,
        )
        with _on_record(asked, device):  # by now its challenge is used up
            clocked = clock.clock(capture=capture, device=device, was_stored=was_stored)
    except Refusal as refusal:
        if _passes(refusal, asked):
            raise
        return _answer_of(problems.of_refusal(refusal))
    if clocked.event is None:
        return _answer_of(problems.of_refusal(Undecided(clocked.result)))
    body = {
        **clocked.result.as_json(),
        "event": ClockedEventSerializer(clocked.event).data,
        "is_repeat": clocked.is_repeat,
    }
    return Answer(status=200 if clocked.is_repeat else 201, body=body)


def _shown(asked: Mapping[str, Any], device: Device, address: str) -> list[Pixels] | Live:
    """Photos, or the challenge that they answer. Raises BadPhoto, or as `challenges.check`."""
    with _on_record(asked, device, address):
        photos = decoded(asked["photo"])
    if "challenge" not in asked:
        return photos
    frames = [
        StepFrame(pixels, step, taken_ms)
        for pixels, step, taken_ms in zip(photos, asked["step"], asked["taken_ms"], strict=True)
    ]
    return challenges.check(nonce=asked["challenge"], frames=frames, device=device, address=address)


@contextmanager
def _on_record(asked: Any, device: Device, address: str | None = None) -> Iterator[None]:
    """What is refused within is an attempt of the device, if it should have answered a challenge.

    asked: the body, checked or not. address: where it came from, and the challenge it names is used
    up as by any answer; None leaves that alone.
    """
    try:
        yield
    except (Refusal, ValidationError) as error:
        if _is_answer(asked, device) and not _passes(error, asked):
            nonce = None if address is None else asked.get("challenge")
            code = problems.code_of(error)
            challenges.refuse(code=code, device=device, nonce=nonce, address=address or "")
        raise


def _is_answer(asked: Any, device: Device) -> bool:
    """Whether it names a challenge, or shows a photo where there has to be one."""
    if not isinstance(asked, Mapping):
        return False
    if asked.keys() & {"challenge", "step", "taken_ms"}:
        return True
    return device.requires_liveness and "photo" in asked


def _passes(error: Exception, asked: Mapping[str, Any]) -> bool:
    """A fault of the site: not the answer for a day. Of a challenge it is: that is used up."""
    is_fault = isinstance(error, Refusal) and problems.of_refusal(error)["status"] in (403, 503)
    return is_fault and "challenge" not in asked


def _answer_of(body: Mapping[str, object]) -> Answer:
    return Answer(status=int(str(body["status"])), body=body)


def _response(answer: Answer) -> Response:
    content_type = problems.CONTENT_TYPE if answer.status >= 400 else None
    response = Response(answer.body, status=answer.status, content_type=content_type)
    if answer.is_replay:
        response["Idempotent-Replayed"] = "true"
    return response
