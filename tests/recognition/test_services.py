"""verify and recognize, on Postgres, with faces that are angles."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from people import prepared
from people import services as people
from people.images import Pixels, decode
from people.models import FaceImageSource, Gallery, Person
from recognition.engine import ManyFaces, WeightsMissing
from recognition.models import Attempt, AttemptSource
from recognition.services import ErasedMeanwhile, NoFrames, Result, recognize, verify
from tests.faces import FakeEngine, distance_of, photo_of, photo_without_face
from tests.fixtures import Enrol


def seen(*angles: float) -> list[Pixels]:
    return [decode(photo_of(angle)).pixels for angle in angles]


def who(*angles: float, galleries: Sequence[Gallery] = (), top: int = 1) -> Result:
    return recognize(
        probe=seen(*angles), galleries=galleries, top=top, source=AttemptSource.COMMAND
    )


def is_it(person: Person, *angles: float) -> Result:
    return verify(probe=seen(*angles), person=person, source=AttemptSource.COMMAND)


def test_the_claimed_person_is_verified(enrol: Enrol) -> None:
    result = is_it(enrol("Ann", 10), 20)
    assert result.outcome == "match"
    assert result.message == "Verified! Welcome Ann"
    assert result.distance == pytest.approx(distance_of(10), abs=0.02)


def test_another_face_does_not_match_the_claim(enrol: Enrol) -> None:
    result = is_it(enrol("Ann", 10), 100)
    assert result.outcome == "no_match"
    assert result.message == "Person name and face didn't match!"
    assert result.person is None


def test_somebody_without_photos_is_never_verified(enrol: Enrol) -> None:
    result = is_it(enrol("Ann"), 10)
    assert (result.outcome, result.reason) == ("no_match", "not_enrolled")
    assert result.message == "Person name and face didn't match!"


@pytest.mark.parametrize("ask", [is_it, lambda _ann, angle: who(angle)])
def test_somebody_erased_while_the_face_is_compared_is_no_answer(
    enrol: Enrol, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Person, float], Result]
) -> None:
    ann = enrol("Ann", 10)
    insert = prepared.insert

    def erase_first(attempt: Attempt) -> Attempt:
        people.erase(person=ann)
        return insert(attempt)

    monkeypatch.setattr(prepared, "insert", erase_first)
    with connection.cursor() as cursor:  # as outside the transaction of a test
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(ErasedMeanwhile), transaction.atomic():
        ask(ann, 10)
    assert not Attempt.objects.exists()


def test_the_nearest_person_is_recognized(enrol: Enrol) -> None:
    enrol("Ann", 10)
    enrol("Bob", 80)
    result = who(70)
    assert result.message == "Hi! Welcome Bob"
    assert result.person is not None
    assert result.runner_up_distance == pytest.approx(distance_of(60), abs=0.02)


def test_a_stranger_is_told_so(enrol: Enrol) -> None:
    enrol("Ann", 10)
    result = who(100)
    assert result.outcome == "unknown"
    assert result.message == "Sorry! You're not in the database."
    assert result.person is None


def test_an_empty_database_knows_nobody(fake_engine: FakeEngine, model: object) -> None:
    result = who(10)
    assert result.outcome == "unknown"
    assert result.distance is None


def test_recognizing_is_stricter_than_verifying(enrol: Enrol) -> None:
    ann = enrol("Ann", 10)
    assert is_it(ann, 62).outcome == "match"
    assert who(62).outcome == "unknown"


def test_a_person_with_many_photos_counts_once(enrol: Enrol) -> None:
    enrol("Ann", 10, 11, 12)
    enrol("Bob", 80)
    result = who(12, top=3)
    assert [candidate.who.name for candidate in result.candidates] == ["Ann", "Bob"]


def test_two_people_with_one_face_match_nobody(enrol: Enrol) -> None:
    enrol("Ann", 10)
    twin = Person.objects.create(full_name="Twin")
    stored = people.enrol_photo(
        person=twin, data=photo_of(10), source=FaceImageSource.ADMIN, accept_flags=True
    )
    from recognition.enrolment import embed_images

    assert stored.image is not None
    embed_images([stored.image.pk])
    result = who(10)
    assert (result.outcome, result.reason) == ("unknown", "two_people_equally_near")


def test_a_deactivated_person_is_in_no_answer(enrol: Enrol) -> None:
    ann = enrol("Ann", 10)
    people.deactivate(person=ann)
    assert who(10).outcome == "unknown"
    assert is_it(ann, 10).outcome == "no_match"
    people.activate(person=ann)
    assert who(10).outcome == "match"


def test_a_gallery_answers_only_for_its_people(enrol: Enrol) -> None:
    north, south = (Gallery.objects.create(name=name) for name in ("North", "South"))
    enrol("Ann", 10, gallery=north)
    assert who(10, galleries=[north]).outcome == "match"
    assert who(10, galleries=[south]).outcome == "unknown"
    assert who(10, galleries=[south, north]).outcome == "match"


def test_several_frames_are_one_probe(enrol: Enrol) -> None:
    ann = enrol("Ann", 10)
    result = is_it(ann, 30, 50)
    assert result.distance == pytest.approx(distance_of(30), abs=0.02)
    assert Attempt.objects.get().frames == 2


def test_frames_of_two_people_are_refused(enrol: Enrol) -> None:
    enrol("Ann", 10)
    result = who(10, 120)
    assert result.outcome == "frames_differ"
    assert result.person is None


def test_a_frame_without_a_face_is_left_out(enrol: Enrol) -> None:
    enrol("Ann", 10)
    frames = [decode(photo_without_face()).pixels, *seen(10)]
    assert recognize(probe=frames, source=AttemptSource.API).outcome == "match"


def test_a_frame_with_several_people_refuses_the_whole_probe(
    enrol: Enrol, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = enrol("Ann", 10)
    probe, asked = fake_engine.probe, iter([False, True])

    def crowded(photo: Pixels) -> object:
        if next(asked):
            raise ManyFaces
        return probe(photo)

    monkeypatch.setattr(fake_engine, "probe", crowded)
    assert is_it(ann, 10, 10).outcome == "many_faces"


def test_frames_that_would_not_verify_each_other_are_refused(enrol: Enrol) -> None:
    assert is_it(enrol("Ann", 10), 10, 75).outcome == "frames_differ"


def test_a_probe_without_a_face_says_why(enrol: Enrol) -> None:
    enrol("Ann", 10)
    result = recognize(probe=[decode(photo_without_face()).pixels], source=AttemptSource.API)
    assert result.outcome == "no_face"
    assert "Face the camera" in result.message
    assert Attempt.objects.get().outcome == "no_face"


@pytest.mark.parametrize("count", [0, 17])
def test_no_frames_or_too_many_are_refused(enrol: Enrol, count: int) -> None:
    with pytest.raises(NoFrames):
        who(*[10] * count)


def test_thresholds_can_be_overridden(enrol: Enrol, settings: Settings) -> None:
    ann = enrol("Ann", 10)
    settings.VERIFY_THRESHOLD = settings.RECOGNIZE_THRESHOLD = 0.1
    assert is_it(ann, 30).outcome == "no_match"
    assert who(30).outcome == "unknown"
    assert who(30).threshold == 0.1


def test_missing_weights_are_no_pass(
    enrol: Enrol, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = enrol("Ann", 10)

    def missing(photo: Pixels) -> None:
        raise WeightsMissing("facenet_weights.onnx")

    monkeypatch.setattr(fake_engine, "probe", missing)
    with pytest.raises(WeightsMissing):
        is_it(ann, 10)
    assert not Attempt.objects.exists()


def test_each_decision_is_on_record(enrol: Enrol) -> None:
    ann = enrol("Ann", 10)
    is_it(ann, 100)
    who(10)
    recognized, verified = Attempt.objects.all()
    assert (verified.claimed, verified.found, verified.outcome) == (ann, None, "no_match")
    assert (recognized.claimed, recognized.found, recognized.outcome) == (None, ann, "match")
    assert recognized.distance is not None
    assert recognized.distance < recognized.threshold


def test_the_record_cannot_be_changed_or_deleted(enrol: Enrol) -> None:
    enrol("Ann", 10)
    who(100)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Attempt.objects.update(outcome="match")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Attempt.objects.all().delete()


def test_the_record_of_an_erased_person_names_nobody(enrol: Enrol) -> None:
    ann = enrol("Ann", 10)
    who(10)
    people.erase(person=ann)
    attempt = Attempt.objects.get()
    assert attempt.found is None
    assert attempt.outcome == "match"


def test_a_record_cannot_be_given_to_another_person(enrol: Enrol) -> None:
    enrol("Ann", 10)
    bob = enrol("Bob", 100)
    who(10)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Attempt.objects.update(found=bob)


def test_a_vector_of_no_direction_is_refused() -> None:
    from people.vectors import unit

    with pytest.raises(ValueError, match="direction"):
        unit(np.zeros(128, dtype=np.float32))
