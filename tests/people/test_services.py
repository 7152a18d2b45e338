from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import psycopg
import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from people import services
from people.models import (
    EmbeddingModel,
    FaceEmbedding,
    FaceImage,
    FaceImageSource,
    Gallery,
    ImportRun,
    Person,
    Template,
)
from tests.faces import photo_of
from tests.fixtures import Enrol

pytestmark = pytest.mark.django_db


def files(folder: Path) -> list[Path]:
    return [path for path in folder.glob("??/*") if path.is_file()]


def store(person: Person, data: bytes) -> services.Enrolled:
    return services.enrol_photo(person=person, data=data, source=FaceImageSource.ADMIN)


@pytest.fixture
def ann() -> Person:
    return Person.objects.create(full_name="Ann", staff_number="7")


def test_a_photo_is_stored_privately_and_pending(ann: Person, photos_dir: Path) -> None:
    image = store(ann, photo_of(10)).image
    assert image is not None
    assert image.state == "pending"
    (file,) = files(photos_dir)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    with pytest.raises(ValueError, match="accessible via a URL"):
        _ = image.file.url


def test_the_same_photo_twice_changes_nothing(ann: Person, photos_dir: Path) -> None:
    first = store(ann, photo_of(10))
    second = store(ann, photo_of(10))
    assert second.already
    assert second.image == first.image
    assert len(files(photos_dir)) == FaceImage.objects.count() == 1


def test_a_photo_that_is_none_stores_nothing(ann: Person, photos_dir: Path) -> None:
    outcome = store(ann, b"not a picture")
    assert outcome.error is not None
    assert outcome.error.code == "photo_wrong_type"
    assert not files(photos_dir)


def test_a_failed_transaction_leaves_no_file(
    ann: Person, photos_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: FaceImage, **_kwargs: object) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(FaceImage, "save", fail)
    with pytest.raises(RuntimeError):
        store(ann, photo_of(10))
    assert not files(photos_dir)


@pytest.mark.parametrize("name", ["Ann", "ann ", "7"])
def test_people_are_found_by_name_or_number(ann: Person, name: str) -> None:
    assert services.find_person(name_or_id=name) == ann


def test_people_are_found_by_id(ann: Person) -> None:
    assert services.find_person(name_or_id=str(ann.public_id)) == ann


def test_an_unknown_name_is_refused(ann: Person) -> None:
    with pytest.raises(services.PersonUnknown):
        services.find_person(name_or_id="Bob")


def test_a_name_of_two_people_is_refused(ann: Person) -> None:
    Person.objects.create(full_name="ANN")
    with pytest.raises(services.PersonAmbiguous):
        services.find_person(name_or_id="Ann")


def test_getting_or_adding_finds_the_known_person(ann: Person) -> None:
    assert services.get_or_add_person(full_name="ANN") == (ann, False)


def test_getting_or_adding_makes_a_new_person_in_the_gallery() -> None:
    gallery = Gallery.objects.create(name="North")
    person, new = services.get_or_add_person(full_name="Bob", gallery=gallery)
    assert new
    assert list(person.galleries.all()) == [gallery]


def test_erasing_removes_rows_vectors_and_files(
    enrol: Enrol, photos_dir: Path, django_capture_on_commit_callbacks: object
) -> None:
    ann = enrol("Ann", 10, 11)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        erased = services.erase(person=ann)
    assert (erased.photos, erased.embeddings, erased.templates) == (2, 2, 1)
    assert not files(photos_dir)
    assert not Person.objects.exists()
    assert not FaceEmbedding.objects.exists()
    assert not Template.objects.exists()


def test_erasing_takes_the_name_out_of_what_was_said_of_others(enrol: Enrol) -> None:
    ann, bob = enrol("Ann", 10), enrol("Bob", 11)
    run = ImportRun.objects.create(
        name="staff.zip",
        refused=[{"name": f"{who}/1.jpg", "code": "x", "reason": "x"} for who in ("ann", "Bob")],
    )
    services.erase(person=ann)
    run.refresh_from_db()
    assert bob.images.get().reason.startswith("Already enrolled as somebody erased since, ")
    assert [file["name"] for file in run.refused] == ["Bob/1.jpg"]


def test_erasing_takes_the_name_out_of_reasons_and_nothing_else(enrol: Enrol) -> None:
    al, bob = enrol("Al", 10), enrol("Bob", 11)
    reason = "Staff number 7 belongs to Al, not to Alan."
    run = ImportRun.objects.create(
        name="staff.zip",
        refused=[{"name": "7/1.jpg", "code": "staff_number_taken", "reason": reason}],
    )
    services.erase(person=al)
    run.refresh_from_db()
    assert bob.images.get().reason.startswith("Already enrolled as somebody erased since, ")
    expected = "Staff number 7 belongs to somebody erased since, not to Alan."
    assert run.refused[0]["reason"] == expected


def test_a_file_that_cannot_be_removed_does_not_keep_the_others(
    ann: Person,
    photos_dir: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    stuck = store(ann, photo_of(10)).image
    store(ann, photo_of(11))
    assert stuck is not None
    path = Path(stuck.file.path)
    path.unlink()
    (path / "inside").mkdir(parents=True)
    with django_capture_on_commit_callbacks(execute=True):
        services.erase(person=ann)
    assert not files(photos_dir)


def test_erasing_waits_for_a_photo_that_is_being_compared(
    ann: Person, model: EmbeddingModel
) -> None:
    with psycopg.connect(**connection.get_connection_params()) as worker:
        worker.execute("SELECT pg_advisory_xact_lock(hashtext('enrolment'), %s)", [model.pk])
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '100ms'")
        with pytest.raises(OperationalError, match="lock timeout"):
            services.erase(person=ann)
    services.erase(person=ann)


def test_erasing_twice_is_refused(ann: Person) -> None:
    services.erase(person=ann)
    with pytest.raises(services.PersonUnknown):
        services.erase(person=ann)


@pytest.mark.usefixtures("fake_engine", "model")
def test_a_photo_that_was_just_accepted_has_not_waited(enrol: Enrol) -> None:
    image = enrol("Ann", 10).images.get()
    long_ago = timezone.now() - timedelta(hours=1)
    FaceImage.objects.filter(pk=image.pk).update(
        state="rejected", reason_code="already_enrolled", created_at=long_ago
    )
    services.accept_flagged(image=image, by=None)
    waiting = FaceImage.objects.waiting_longer_than
    assert not waiting(timedelta(seconds=12)).exists()
    FaceImage.objects.filter(pk=image.pk).update(accepted_at=long_ago)
    assert waiting(timedelta(seconds=12)).exists()
    FaceImage.objects.filter(pk=image.pk).update(accepted_at=None)
    assert waiting(timedelta(seconds=12)).exists()


@pytest.mark.parametrize(
    "change", [services.delete_photo, partial(services.accept_flagged, by=None)]
)
def test_a_photo_erased_meanwhile_is_said_to_be_gone(
    ann: Person, change: Callable[..., None]
) -> None:
    image = store(ann, photo_of(10)).image
    services.erase(person=ann)
    with pytest.raises(services.PhotoGone):
        change(image=image)


def test_deleting_a_photo_takes_it_out_of_the_template(enrol: Enrol) -> None:
    ann = enrol("Ann", 10, 30)
    services.delete_photo(image=ann.images.all()[0])
    template = Template.objects.get(person=ann)
    assert template.photos == 1
    services.delete_photo(image=ann.images.get())
    assert not Template.objects.exists()


def refused_by_the_database(person: Person) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        person.save()


@pytest.mark.parametrize(
    "fields",
    [
        {"full_name": ""},
        {"full_name": "Bob", "staff_number": ""},
        {"full_name": "Bob", "staff_number": "7"},
        {"full_name": "Bob", "consent_method": "signed"},
    ],
)
def test_the_database_refuses_an_impossible_person(ann: Person, fields: dict[str, str]) -> None:
    refused_by_the_database(Person(**fields))


def test_many_people_may_have_no_staff_number() -> None:
    Person.objects.create(full_name="Bob")
    Person.objects.create(full_name="Cid")


def make_model(**fields: object) -> EmbeddingModel:
    return EmbeddingModel(
        **{
            "name": "other",
            "recipe": {},
            "dimensions": 128,
            "verify_threshold": 1,
            "recognize_threshold": 0.8,
            "outlier_threshold": 1.2,
            **fields,
        }
    )


def test_two_active_models_are_refused_by_the_database() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_model(state="active").save()


@transaction.atomic
def retire_all_models() -> None:
    EmbeddingModel.objects.update(state="retired")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_no_active_model_is_refused_by_the_database() -> None:
    with pytest.raises(IntegrityError, match="must be active"):
        retire_all_models()


def test_a_switch_of_models_is_one_transaction() -> None:
    other = make_model(state="ready")
    other.save()
    with transaction.atomic():
        EmbeddingModel.objects.filter(state="active").update(state="ready")
        EmbeddingModel.objects.filter(pk=other.pk).update(state="active")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert EmbeddingModel.objects.current() == other


def test_recognizing_may_not_be_laxer_than_verifying() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_model(recognize_threshold=1.1).save()


def test_a_vector_that_is_not_of_unit_length_is_refused_by_the_database(enrol: Enrol) -> None:
    template = Template.objects.get(person=enrol("Ann", 10))
    template.vector = template.vector * 2
    with pytest.raises(IntegrityError), transaction.atomic():
        template.save()
