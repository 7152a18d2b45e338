"""An event and its messages are stored together, and sent once that is certain."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django import DjangoCaptureOnCommitCallbacks

from people.images import decode
from people.models import Gallery, Person
from recognition import tasks, upkeep
from recognition.attendance import corrections
from recognition.attendance.clock import Capture, clock
from recognition.devices import add_device
from recognition.models import AttendanceEvent, Direction, WebhookDelivery, WebhookEndpoint
from recognition.webhooks.endpoints import NewSecret, add_endpoint
from tests.faces import photo_of
from tests.fixtures import Enrol
from tests.recognition.webhooks.conftest import Receiver


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the broker was given."""
    ids: list[int] = []
    monkeypatch.setattr(tasks.deliver, "apply_async", lambda args, **_options: ids.append(args[0]))
    return ids


def forgot(person: Person, by: User) -> AttendanceEvent:
    return corrections.add_forgotten(
        person=person,
        direction=Direction.OUT,
        occurred_at=timezone.now() - timedelta(minutes=1),
        reason="Forgot",
        by=by,
    )


def test_a_face_at_the_door_is_told_to_every_active_endpoint(
    issued: NewSecret,
    receiver: Receiver,
    enrol: Enrol,
    queued: list[int],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    add_endpoint(name="Doors", url=receiver.url)
    off = add_endpoint(name="Off", url=receiver.url).endpoint
    WebhookEndpoint.objects.filter(pk=off.pk).update(is_active=False)
    north = Gallery.objects.create(name="North")
    enrol("Ann", 10, gallery=north)
    device = add_device(name="Door", galleries=[north]).device
    with django_capture_on_commit_callbacks(execute=True):
        clocked = clock(capture=Capture(photos=[decode(photo_of(10)).pixels]), device=device)
    deliveries = WebhookDelivery.objects.filter(event=clocked.event)
    assert {each.endpoint.name for each in deliveries} == {"Payroll", "Doors"}
    assert sorted(queued) == sorted(each.pk for each in deliveries)


def test_every_kind_of_correction_is_told(issued: NewSecret, ann: Person, boss: User) -> None:
    forgotten = forgot(ann, boss)
    other = corrections.replace(
        event=forgotten,
        direction=Direction.IN,
        occurred_at=forgotten.occurred_at,
        reason="In",
        by=boss,
    )
    corrections.void(event=other, reason="Not at all", by=boss)
    assert WebhookDelivery.objects.count() == 3


def test_a_refused_correction_is_not_told(issued: NewSecret, ann: Person, boss: User) -> None:
    forgotten = forgot(ann, boss)
    corrections.void(event=forgotten, reason="No", by=boss)
    with pytest.raises(corrections.AlreadyCorrected):
        corrections.void(event=forgotten, reason="No again", by=boss)
    assert WebhookDelivery.objects.count() == 2


def test_what_is_rolled_back_is_not_told(
    issued: NewSecret,
    ann: Person,
    boss: User,
    queued: list[int],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    @transaction.atomic
    def work() -> None:
        forgot(ann, boss)
        raise RuntimeError("the power went")

    with django_capture_on_commit_callbacks(execute=True), pytest.raises(RuntimeError):
        work()
    assert not AttendanceEvent.objects.exists()
    assert not WebhookDelivery.objects.exists()
    assert queued == []


def test_an_event_that_cannot_be_told_is_not_stored(
    issued: NewSecret, ann: Person, boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise RuntimeError("no room for the outbox")

    monkeypatch.setattr(WebhookDelivery.objects, "bulk_create", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        forgot(ann, boss)
    assert not AttendanceEvent.objects.exists()


def test_without_endpoints_nothing_is_written(ann: Person, boss: User) -> None:
    forgot(ann, boss)
    assert not WebhookDelivery.objects.exists()


def test_the_sweep_queues_what_is_due_and_nothing_else(
    delivery: WebhookDelivery, ann: Person, boss: User, queued: list[int]
) -> None:
    for _ in range(2):
        forgot(ann, boss)
    later, done = WebhookDelivery.objects.exclude(pk=delivery.pk)
    WebhookDelivery.objects.filter(pk=later.pk).update(
        next_try_at=timezone.now() + timedelta(minutes=1)
    )
    WebhookDelivery.objects.filter(pk=done.pk).update(state="delivered", next_try_at=None)
    upkeep.sweep()
    assert queued == [delivery.pk]


def test_those_of_an_endpoint_that_is_off_wait(
    delivery: WebhookDelivery, queued: list[int]
) -> None:
    WebhookEndpoint.objects.update(is_active=False)
    upkeep.sweep()
    assert queued == []
    WebhookEndpoint.objects.update(is_active=True)
    upkeep.sweep()
    assert queued == [delivery.pk]


def test_without_a_broker_the_event_is_stored_and_the_sweep_finds_the_rest(
    issued: NewSecret,
    ann: Person,
    boss: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise OperationalError("no broker")

    with monkeypatch.context() as patch:
        patch.setattr(tasks.deliver, "apply_async", fail)
        with django_capture_on_commit_callbacks(execute=True):
            event = forgot(ann, boss)
    queued: list[int] = []
    monkeypatch.setattr(tasks.deliver, "apply_async", lambda args, **_options: queued.append(*args))
    upkeep.sweep()
    assert queued == [event.deliveries.get().pk]
