"""Activated only when nothing is in the way, in one transaction, and back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from people.errors import Refusal
from people.images import decode
from people.models import EmbeddingModel, FaceEmbedding, FaceImageSource, Person, Template
from people.services import enrol_photo
from recognition import enrolment, services
from recognition.enrolment import embed_images
from recognition.models import AttemptSource, ModelChange
from recognition.reembedding import runs, switching
from recognition.reembedding.switching import CannotActivate
from tests.faces import photo_of
from tests.fixtures import Enrol
from tests.recognition.reembedding.conftest import OtherEngine, build, work_off


@pytest.fixture
def ann(enrol: Enrol) -> Person:
    return enrol("Ann", 10, 11)


def who(angle: float) -> services.Result:
    return services.recognize(probe=[decode(photo_of(angle)).pixels], source=AttemptSource.COMMAND)


def refusal_of(model: EmbeddingModel, **options: object) -> CannotActivate:
    with pytest.raises(CannotActivate) as refused:
        switching.activate(model=model, **options)  # type: ignore[arg-type]
    return refused.value


def test_an_activated_model_answers_with_its_own_vectors_and_threshold(
    ann: Person, other: EmbeddingModel, model: EmbeddingModel
) -> None:
    other = build(other)
    assert (who(10).model, who(10).threshold) == (str(model), model.recognize_threshold)
    other.recognize_threshold = 0.5
    other.save()
    switching.activate(model=other)
    result = who(10)
    assert (result.message, result.model, result.threshold) == (
        "Hi! Welcome Ann", str(other), 0.5,
    )  # fmt: skip
    assert (result.attempt and result.attempt.model) == other


def test_the_switch_is_on_record(ann: Person, other: EmbeddingModel, model: EmbeddingModel) -> None:
    change = switching.activate(model=build(other))
    assert (change.kind, change.model, change.previous) == ("activated", other, model)
    model.refresh_from_db()
    assert model.state == "ready"


def test_a_model_that_is_not_built_is_refused(ann: Person, other: EmbeddingModel) -> None:
    assert refusal_of(other).code == "not_finished"
    runs.start(model=other)
    assert refusal_of(other).code == "not_finished"


def test_the_active_and_a_retired_model_are_refused(
    ann: Person, other: EmbeddingModel, model: EmbeddingModel
) -> None:
    assert refusal_of(model).code == "already_active"
    switching.retire(model=other)
    other.refresh_from_db()
    assert refusal_of(other).code == "retired"


def test_people_who_would_be_missing_are_named(
    enrol: Enrol, ann: Person, other: EmbeddingModel, other_engine: OtherEngine
) -> None:
    enrol("Bob", 90)
    other_engine.blind_to = {90}
    build(other)
    refusal = refusal_of(other)
    assert refusal.code == "people_missing"
    assert "Bob" in refusal.message
    assert "Ann" not in refusal.message
    assert switching.activate(model=other, may_miss=1).missing == 1


def test_an_uncalibrated_model_is_refused_and_an_override_is_on_record(
    ann: Person, other: EmbeddingModel
) -> None:
    other = build(other)
    other.calibration = {}
    other.save()
    assert refusal_of(other).code == "uncalibrated"
    assert refusal_of(other, overrides=["people_missing"]).code == "uncalibrated"
    assert switching.activate(model=other, overrides=["uncalibrated"]).overrides == ["uncalibrated"]


def test_an_override_of_nothing_is_not_on_record(ann: Person, other: EmbeddingModel) -> None:
    assert switching.activate(model=build(other), overrides=["uncalibrated"]).overrides == []


def test_a_threshold_set_by_hand_is_no_threshold_of_the_new_model(
    ann: Person, other: EmbeddingModel, settings: Settings
) -> None:
    settings.VERIFY_THRESHOLD = 0.7
    refusal = refusal_of(build(other))
    assert refusal.code == "threshold_set_by_hand"
    assert "VERIFY_THRESHOLD" in refusal.message


def test_only_what_may_be_overridden_is(ann: Person, other: EmbeddingModel) -> None:
    assert refusal_of(other, overrides=["not_finished"]).code == "not_finished"


def test_photos_that_were_left_out_of_step_refuse(
    enrol: Enrol, ann: Person, other: EmbeddingModel
) -> None:
    build(other)
    FaceEmbedding.objects.of(other).filter(image__person=ann).first().delete()  # type: ignore[union-attr]
    refusal = refusal_of(other)
    assert (refusal.code, "1 photos" in refusal.message) == ("not_finished", True)


def test_a_roll_back_knows_who_was_enrolled_meanwhile(
    enrol: Enrol, ann: Person, other: EmbeddingModel, model: EmbeddingModel
) -> None:
    switching.activate(model=build(other))
    enrol("Dora", 100)
    change = switching.roll_back()
    assert (change.kind, change.model, change.missing) == ("rolled_back", model, 0)
    result = who(100)
    assert (result.message, result.model) == ("Hi! Welcome Dora", str(model))


def test_rolling_back_twice_goes_forward_again(ann: Person, other: EmbeddingModel) -> None:
    switching.activate(model=build(other))
    switching.roll_back()
    assert switching.roll_back().model == other


def test_there_is_no_way_back_to_a_retired_model(
    ann: Person, other: EmbeddingModel, model: EmbeddingModel
) -> None:
    with pytest.raises(Refusal) as nothing:
        switching.roll_back()
    switching.activate(model=build(other))
    model.refresh_from_db()
    switching.retire(model=model)
    with pytest.raises(Refusal) as retired:
        switching.roll_back()
    assert (nothing.value.code, retired.value.code) == ("nothing_before", "retired")


def test_what_was_switched_stays_on_record(ann: Person, other: EmbeddingModel) -> None:
    change = switching.activate(model=build(other))
    for alter in (change.delete, lambda: ModelChange.objects.update(overrides=["nothing"])):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            alter()


def test_the_active_model_is_never_retired(model: EmbeddingModel) -> None:
    with pytest.raises(Refusal) as refused:
        switching.retire(model=model)
    assert refused.value.code == "active"


def test_a_model_being_built_is_not_retired(ann: Person, other: EmbeddingModel) -> None:
    runs.start(model=other)
    with pytest.raises(Refusal) as refused:
        switching.retire(model=other)
    assert refused.value.code == "run_exists"


def test_a_retired_model_gets_no_more_vectors_and_loses_its_own_later(
    enrol: Enrol,
    ann: Person,
    other: EmbeddingModel,
    model: EmbeddingModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    switching.activate(model=build(other))
    switching.retire(model=model)
    dora = enrol("Dora", 100)
    assert list(Template.objects.filter(person=dora).values_list("model", flat=True)) == [other.pk]
    assert switching.drop_retired() == 0  # somebody may still be reading them
    monkeypatch.setattr(switching, "DROPPED_AFTER", timedelta(seconds=-1))  # time has passed
    assert switching.drop_retired() == 3
    assert not FaceEmbedding.objects.of(model).exists()
    assert FaceEmbedding.objects.of(other).count() == 3
    assert who(10).message == "Hi! Welcome Ann"


def test_a_run_activates_when_it_is_done_if_told_so(ann: Person, other: EmbeddingModel) -> None:
    work_off(runs.start(model=other, activate_when_done=True))
    other.refresh_from_db()
    assert other.state == "active"


def test_a_run_that_may_not_activate_says_why(
    enrol: Enrol, ann: Person, other: EmbeddingModel, other_engine: OtherEngine
) -> None:
    enrol("Bob", 90)
    other_engine.blind_to = {90}
    run = runs.start(model=other, activate_when_done=True)
    work_off(run)
    other.refresh_from_db()
    assert (run.state, other.state) == ("done", "ready")
    assert "would be left" in run.error
    assert "Bob" not in run.error  # it would outlive an erasure


def test_a_photo_embedded_before_the_switch_is_judged_by_the_new_model(
    ann: Person,
    other: EmbeddingModel,
    other_engine: OtherEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The model changes between embedding and settling."""
    build(other)
    twin = Person.objects.create(full_name="Twin")
    image = enrol_photo(person=twin, data=photo_of(10), source=FaceImageSource.ADMIN).image
    assert image is not None
    compared: list[str] = []
    flag = enrolment._flag
    settle = enrolment._settle

    def switch_first(*arguments: object) -> object:
        monkeypatch.setattr(enrolment, "_settle", settle)
        switching.activate(model=other)
        return settle(*arguments)  # type: ignore[arg-type]

    def note(person: Person, found: object, model: EmbeddingModel) -> Refusal | None:
        compared.append(str(model))
        return flag(person, found, model)  # type: ignore[arg-type]

    monkeypatch.setattr(enrolment, "_settle", switch_first)
    monkeypatch.setattr(enrolment, "_flag", note)
    embed_images([image.pk])
    image.refresh_from_db()
    assert compared == [str(other)]
    assert image.reason_code == "already_enrolled"
