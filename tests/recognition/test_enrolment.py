"""Photos become ready or rejected, whoever embeds them and however often."""

import os
import uuid
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from django.utils import timezone

from people import services as people
from people.images import Pixels
from people.models import FaceEmbedding, FaceImage, FaceImageSource, Person, Template
from recognition import enrolment, upkeep
from recognition.enrolment import MAX_TRIES, embed_images
from tests.faces import FakeEngine, photo_of, photo_without_face
from tests.fixtures import Enrol

pytestmark = pytest.mark.usefixtures("fake_engine", "model")


def store(person: Person, data: bytes, *, accept_flags: bool = False) -> FaceImage:
    stored = people.enrol_photo(
        person=person, data=data, source=FaceImageSource.ADMIN, accept_flags=accept_flags
    )
    assert stored.image is not None
    return stored.image


@pytest.fixture
def ann() -> Person:
    return Person.objects.create(full_name="Ann")


def test_a_usable_photo_becomes_ready(ann: Person) -> None:
    image = store(ann, photo_of(10))
    report = embed_images([image.pk])
    image.refresh_from_db()
    assert (report.ready, image.state, image.box) == (1, "ready", [8, 8, 48, 48])
    assert Template.objects.get(person=ann).photos == 1


def test_a_photo_without_a_face_is_rejected_with_the_reason(ann: Person) -> None:
    image = store(ann, photo_without_face())
    embed_images([image.pk])
    image.refresh_from_db()
    assert (image.state, image.reason_code) == ("rejected", "no_face")
    assert "No face found" in image.reason
    assert not Template.objects.exists()


def test_embedding_twice_changes_nothing(ann: Person, fake_engine: FakeEngine) -> None:
    image = store(ann, photo_of(10))
    embed_images([image.pk])
    report = embed_images([image.pk])
    assert report.skipped == 1
    assert fake_engine.embedded == 1
    assert FaceEmbedding.objects.count() == 1


def test_a_face_enrolled_as_somebody_else_is_flagged(enrol: Enrol, ann: Person) -> None:
    enrol("Bob", 10)
    image = store(ann, photo_of(30))
    embed_images([image.pk])
    image.refresh_from_db()
    assert (image.state, image.reason_code) == ("rejected", "already_enrolled")
    assert image.reason.startswith("Already enrolled as Bob, distance 0.3")


def test_the_flag_holds_for_an_inactive_person_too(enrol: Enrol, ann: Person) -> None:
    people.deactivate(person=enrol("Bob", 10))
    image = store(ann, photo_of(10))
    embed_images([image.pk])
    image.refresh_from_db()
    assert image.reason_code == "already_enrolled"


def test_an_accepted_flag_enrols_the_photo(enrol: Enrol, ann: Person) -> None:
    enrol("Bob", 10)
    image = store(ann, photo_of(30))
    embed_images([image.pk])
    people.accept_flagged(image=image, by=None)
    embed_images([image.pk])
    image.refresh_from_db()
    assert image.state == "ready"
    assert image.accepted_at is not None


def test_a_rejected_photo_that_is_not_flagged_cannot_be_accepted(ann: Person) -> None:
    image = store(ann, photo_without_face())
    embed_images([image.pk])
    with pytest.raises(people.NotFlagged):
        people.accept_flagged(image=image, by=None)


def test_a_photo_unlike_the_others_is_flagged(enrol: Enrol) -> None:
    ann = enrol("Ann", 10)
    image = store(ann, photo_of(120))
    embed_images([image.pk])
    image.refresh_from_db()
    assert (image.state, image.reason_code) == ("rejected", "unlike_others")
    assert Template.objects.get(person=ann).photos == 1


def test_a_lost_file_is_a_reason_not_a_crash(ann: Person) -> None:
    image = store(ann, photo_of(10))
    image.file.delete(save=False)
    image.refresh_from_db()
    embed_images([image.pk])
    image.refresh_from_db()
    assert image.reason_code == "photo_lost"


def test_a_photo_claimed_by_a_living_worker_is_left_to_it(ann: Person) -> None:
    image = store(ann, photo_of(10))
    soon = timezone.now() + timedelta(seconds=10)
    FaceImage.objects.filter(pk=image.pk).update(claimed_until=soon)
    assert embed_images([image.pk]).skipped == 1


def test_a_photo_of_a_dead_worker_is_taken_over(ann: Person) -> None:
    image = store(ann, photo_of(10))
    past = timezone.now() - timedelta(seconds=1)
    FaceImage.objects.filter(pk=image.pk).update(claimed_until=past, tries=1)
    assert embed_images([image.pk]).ready == 1


def test_a_photo_that_keeps_killing_workers_is_given_up(ann: Person) -> None:
    image = store(ann, photo_of(10))
    FaceImage.objects.filter(pk=image.pk).update(tries=MAX_TRIES)
    embed_images([image.pk])
    image.refresh_from_db()
    assert (image.state, image.reason_code) == ("rejected", "processing_failed")


def test_a_photo_that_kills_workers_takes_no_other_with_it(
    ann: Person, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad, late = (store(ann, photo_of(angle)) for angle in (10, 50, 11))
    embed = fake_engine.enrol

    def die_of_the_bad_one(photos: list[Pixels]) -> object:
        if any(round(photo[..., 0].mean()) > 40 for photo in photos):
            raise MemoryError
        return embed(photos)

    monkeypatch.setattr(fake_engine, "enrol", die_of_the_bad_one)
    for _ in range(MAX_TRIES + 1):
        with suppress(MemoryError):
            embed_images([good.pk, bad.pk, late.pk])
        FaceImage.objects.update(claimed_until=None)
    states = FaceImage.objects.order_by("id").values_list("state", "reason_code")
    assert list(states) == [("ready", ""), ("rejected", "processing_failed"), ("ready", "")]


def test_a_fault_of_the_database_gives_the_photo_back_uncounted(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = store(ann, photo_of(10))

    def fail(*_args: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(enrolment, "_settle", fail)
    with pytest.raises(OperationalError):
        embed_images([image.pk])
    image.refresh_from_db()
    assert (image.state, image.tries, image.claimed_until) == ("pending", 0, None)


def test_a_file_that_cannot_be_read_holds_up_no_other(ann: Person) -> None:
    first, stuck, last = (store(ann, photo_of(angle)) for angle in (10, 11, 12))
    path = Path(stuck.file.path)
    path.unlink()
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        embed_images([first.pk, stuck.pk, last.pk])
    states = FaceImage.objects.order_by("id").values_list("state", "tries")
    assert list(states) == [("ready", 1), ("pending", 0), ("ready", 1)]


def test_a_person_erased_meanwhile_leaves_nothing(
    ann: Person, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = store(ann, photo_of(10))
    embed = fake_engine.enrol

    def erase_first(photos: list[Pixels]) -> object:
        people.erase(person=ann)
        return embed(photos)

    monkeypatch.setattr(fake_engine, "enrol", erase_first)
    assert embed_images([image.pk]).skipped == 1
    assert not FaceEmbedding.objects.exists()


def test_the_sweep_queues_what_was_left_pending(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued: list[int] = []

    def queue(ids: list[int]) -> bool:
        queued.extend(ids)
        return True

    monkeypatch.setattr(upkeep, "queue_photos", queue)
    old, fresh = store(ann, photo_of(10)), store(ann, photo_of(11))
    FaceImage.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(minutes=5))
    upkeep.sweep()
    assert queued == [old.pk]
    assert fresh.state == "pending"


def test_tidying_removes_only_old_files_without_a_row(ann: Person, photos_dir: Path) -> None:
    kept = Path(store(ann, photo_of(10)).file.path)
    fresh, orphan = kept.with_name(f"{uuid.uuid4().hex}.jpg"), kept.with_name("0.jpg")
    for path in (fresh, orphan):
        path.write_bytes(b"")
    foreign = kept.with_name("holiday.jpg")
    foreign.write_bytes(b"")
    for path in (kept, orphan, foreign):
        os.utime(path, (0, 0))
    orphan = orphan.rename(orphan.with_name(f"{uuid.uuid4().hex}.jpg"))
    assert upkeep.tidy() == 1
    assert (kept.exists(), fresh.exists(), orphan.exists()) == (True, True, False)
    assert foreign.exists()
