"""Photos become ready or rejected, whoever embeds them and however often."""

import os
import threading
import uuid
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from unittest.mock import Mock

import pytest
from django.db import OperationalError
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from people import services as people
from people.images import Pixels
from people.models import FaceEmbedding, FaceImage, FaceImageSource, Person, Template
from people.storage import MARKER, StoreMissing
from recognition import enrolment, tasks, upkeep
from recognition.ahead import BATCH
from recognition.engine import WeightsMissing
from recognition.enrolment import MAX_TRIES, TOGETHER, embed_images
from tests.faces import FakeEngine, photo_of, photo_too_dark, photo_without_face
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
    assert (image.box, image.quality) == (None, None)
    assert not Template.objects.exists()


def test_a_face_that_is_rejected_is_described_as_one_that_is_ready(ann: Person) -> None:
    image = store(ann, photo_too_dark())
    embed_images([image.pk])
    image.refresh_from_db()
    assert (image.state, image.reason_code, image.box) == ("rejected", "too_dark", [8, 8, 48, 48])
    assert image.quality is not None
    assert (image.quality["size"], image.quality["brightness"]) == (120, 0.01)


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


def test_without_the_folder_of_the_photos_none_is_lost(
    ann: Person, photos_dir: Path, tmp_path: Path
) -> None:
    image = store(ann, photo_of(10))
    photos_dir.rename(tmp_path / "mounted elsewhere")
    with pytest.raises(StoreMissing):
        embed_images([image.pk])
    assert states() == {("pending", 0, False): 1}
    with pytest.raises(StoreMissing):
        store(ann, photo_of(11))
    (tmp_path / "mounted elsewhere").rename(photos_dir)
    assert embed_images([image.pk]).ready == 1


def test_a_folder_from_before_it_was_marked_is_known_by_its_photos(
    ann: Person, photos_dir: Path
) -> None:
    kept, lost = store(ann, photo_of(10)), store(ann, photo_of(11))
    (photos_dir / MARKER).unlink()
    Path(lost.file.path).unlink()
    assert embed_images([kept.pk, lost.pk]).rejected == 1
    store(ann, photo_of(12))
    assert (photos_dir / MARKER).is_file()


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


@pytest.fixture
def queue(ann: Person) -> list[int]:
    """Three batches of photos that wait."""
    return [store(ann, photo_of(angle)).pk for angle in range(10, 10 + 2 * BATCH + 1)]


def states() -> Counter[tuple[str, int, bool]]:
    """State, counted tries and whether it is claimed, of all photos."""
    rows = FaceImage.objects.values_list("state", "tries", "claimed_until")
    return Counter((state, tries, until is not None) for state, tries, until in rows)


def test_the_networks_look_at_the_next_batch_while_one_is_settled(
    queue: list[int], fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, settles = count(), count()
    begun = [threading.Event() for _ in range(3)]
    embed, settle = fake_engine.enrol, enrolment._settle

    def look(photos: list[Pixels]) -> object:
        begun[next(looks)].set()
        return embed(photos)

    def settle_beside_the_next(*arguments: object) -> object:
        number = next(settles)
        assert number == 2 or begun[number + 1].wait(10)
        return settle(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(fake_engine, "enrol", look)
    monkeypatch.setattr(enrolment, "_settle", settle_beside_the_next)
    assert embed_images(queue).ready == len(queue)
    assert next(settles) == 3


def test_a_worker_killed_between_embedding_and_settling_loses_and_doubles_nothing(
    queue: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(enrolment, "_settle", Mock(side_effect=SystemExit))
        with pytest.raises(SystemExit):
            embed_images(queue)
    # One batch embedded and one ahead of it, as a dead holder leaves them.
    assert states() == {("pending", 1, True): 2 * BATCH, ("pending", 0, False): 1}
    assert embed_images(queue).skipped == 2 * BATCH
    FaceImage.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert embed_images(queue).ready == 2 * BATCH
    assert FaceEmbedding.objects.count() == len(queue)
    assert Template.objects.get().photos == len(queue)


def test_a_fault_in_the_networks_thread_is_raised_and_gives_back_what_is_not_settled(
    queue: list[int], fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, embed = count(), fake_engine.enrol

    def fail_at_the_second(photos: list[Pixels]) -> object:
        if next(looks) == 1:
            raise WeightsMissing("facenet")
        return embed(photos)

    monkeypatch.setattr(fake_engine, "enrol", fail_at_the_second)
    with pytest.raises(WeightsMissing):
        embed_images(queue)
    assert states() == {("ready", 1, False): BATCH, ("pending", 0, False): BATCH + 1}


def test_a_fault_of_the_database_gives_back_the_batch_ahead_too(
    queue: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolment, "_settle", Mock(side_effect=OperationalError("gone")))
    with pytest.raises(OperationalError):
        embed_images(queue)
    assert states() == {("pending", 0, False): len(queue)}


def test_two_people_with_one_face_in_one_batch_the_second_is_flagged(ann: Person) -> None:
    bob = Person.objects.create(full_name="Bob")
    first, second = store(ann, photo_of(10)), store(bob, photo_of(11))
    report = embed_images([first.pk, second.pk])
    second.refresh_from_db()
    assert (report.ready, report.rejected) == (1, 1)
    assert (second.reason_code, second.person) == ("already_enrolled", bob)
    assert list(Template.objects.values_list("person", "photos")) == [(ann.pk, 1)]


def test_photos_of_a_batch_each_get_what_is_theirs(ann: Person) -> None:
    bob = Person.objects.create(full_name="Bob")
    photos = [
        store(ann, photo_of(10)),
        store(bob, photo_of(12), accept_flags=True),
        store(bob, photo_without_face()),
        store(ann, photo_of(120)),
    ]
    report = embed_images([photo.pk for photo in photos])
    assert (report.ready, report.rejected, report.skipped) == (2, 2, 0)
    codes = FaceImage.objects.order_by("id").values_list("reason_code", flat=True)
    assert list(codes) == ["", "", "no_face", "unlike_others"]
    counts = Template.objects.order_by("person").values_list("person", "photos")
    assert list(counts) == [(ann.pk, 1), (bob.pk, 1)]


def test_a_person_erased_before_the_batch_is_settled_takes_no_other_along(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = Person.objects.create(full_name="Bob")
    photos = [store(ann, photo_of(10)), store(bob, photo_of(90))]
    settle = enrolment._settle

    def erase_first(*arguments: object) -> object:
        people.erase(person=ann)
        return settle(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(enrolment, "_settle", erase_first)
    report = embed_images([photo.pk for photo in photos])
    assert (report.ready, report.skipped) == (1, 1)
    assert list(Template.objects.values_list("person", flat=True)) == [bob.pk]


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
    monkeypatch.setattr(upkeep, "queue_depths", lambda: {"celery": 0})
    old, fresh = store(ann, photo_of(10)), store(ann, photo_of(11))
    FaceImage.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(minutes=5))
    upkeep.sweep()
    assert queued == [old.pk]
    assert fresh.state == "pending"


def test_sweeps_queue_nothing_that_is_queued_already(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages: list[list[int]] = []
    monkeypatch.setattr(tasks.embed_photos, "delay", messages.append)
    monkeypatch.setattr(upkeep, "queue_depths", lambda: {"celery": len(messages)})
    ids = [store(ann, photo_of(angle)).pk for angle in range(3 * TOGETHER)]
    FaceImage.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    for _ in range(20):
        upkeep.sweep()
    assert messages == [ids[:8], ids[8:16], ids[16:]]
    messages.clear()  # emptied
    upkeep.sweep()
    assert len(messages) == 3


def test_a_message_lost_among_many_others_is_repeated_once_its_photo_is_the_oldest(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages: list[list[int]] = []
    monkeypatch.setattr(tasks.embed_photos, "delay", messages.append)
    monkeypatch.setattr(upkeep, "queue_depths", lambda: {"celery": 1000})
    lost, late = store(ann, photo_of(10)), store(ann, photo_of(11))
    waits = timezone.now() - upkeep.LATE * 2
    FaceImage.objects.filter(pk=lost.pk).update(created_at=waits)
    upkeep.sweep()
    assert messages == [[lost.pk]]
    assert late.state == "pending"


def test_rejected_photos_are_kept_as_long_as_the_operator_says(
    ann: Person,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    ready, old, late = (store(ann, data) for data in
                        (photo_of(10), photo_without_face(), photo_of(120)))  # fmt: skip
    embed_images([ready.pk, old.pk, late.pk])
    for image, days in ((ready, 31), (old, 31), (late, 29)):
        processed = timezone.now() - timedelta(days=days)
        FaceImage.objects.filter(pk=image.pk).update(processed_at=processed)
    settings.REJECTED_PHOTOS_KEPT = None
    assert upkeep.tidy() == 0
    settings.REJECTED_PHOTOS_KEPT = timedelta(days=30)
    with django_capture_on_commit_callbacks(execute=True):
        assert upkeep.tidy() == 1
    assert set(FaceImage.objects.values_list("pk", flat=True)) == {ready.pk, late.pk}
    there = [Path(image.file.path).exists() for image in (ready, old, late)]
    assert there == [True, False, True]


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
