"""A run embeds every photo once, whatever happens to it and to the photos meanwhile."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from django.utils import timezone

from people import services as people
from people.errors import Refusal
from people.images import decode
from people.models import (
    EmbeddingModel,
    FaceEmbedding,
    FaceImage,
    FaceImageSource,
    Person,
    Template,
)
from people.storage import StoreMissing
from recognition.ahead import BATCH
from recognition.engine import WeightsMissing
from recognition.enrolment import embed_images
from recognition.models import ReembeddingChunk, ReembeddingFailure, ReembeddingRun
from recognition.reembedding import chunks, runs, sources
from recognition.reembedding.chunks import embed_chunk
from tests.faces import FakeEngine, photo_of
from tests.fixtures import Enrol
from tests.recognition.reembedding.conftest import OtherEngine, build, work_off

ANGLES = (0, 60, 120)  # three people nobody takes for one another


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "PHOTOS_AT_ONCE", 2)


@pytest.fixture
def staff(enrol: Enrol) -> list[Person]:
    """Three people with three photos each."""
    return [enrol(f"P{angle}", angle, angle + 1, angle + 2) for angle in ANGLES]


def vectors_of(model: EmbeddingModel) -> int:
    return FaceEmbedding.objects.of(model).count()


def test_every_photo_gets_a_vector_and_every_person_a_template(
    staff: list[Person], other: EmbeddingModel
) -> None:
    run = runs.start(model=other)
    assert (run.total, run.chunks.count()) == (9, 5)
    work_off(run)
    assert (run.state, run.settled, run.failed) == ("done", 9, 0)
    assert vectors_of(other) == 9
    assert list(Template.objects.of(other).values_list("photos", flat=True)) == [3, 3, 3]
    other.refresh_from_db()
    assert other.state == "ready"


def test_templates_are_what_enrolling_would_have_made(
    enrol: Enrol, staff: list[Person], other: EmbeddingModel
) -> None:
    build(other)
    before = {t.person_id: t.vector for t in Template.objects.of(other)}
    Template.objects.of(other).delete()
    FaceEmbedding.objects.all().delete()
    FaceImage.objects.update(state="pending")
    embed_images(list(FaceImage.objects.values_list("pk", flat=True)))
    after = {t.person_id: t.vector for t in Template.objects.of(other)}
    assert before.keys() == after.keys()
    for person, vector in before.items():
        assert vector == pytest.approx(after[person], abs=1e-6)


def test_a_chunk_run_twice_changes_nothing(staff: list[Person], other: EmbeddingModel) -> None:
    run = runs.start(model=other)
    chunk = run.chunks.first()
    assert chunk is not None
    assert embed_chunk(chunk.pk) == run.pk
    assert embed_chunk(chunk.pk) is None
    run.refresh_from_db()
    assert (run.settled, vectors_of(other)) == (2, 2)


def test_a_chunk_in_two_hands_counts_once(
    staff: list[Person],
    other: EmbeddingModel,
    other_engine: OtherEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first holder is slow: its claim runs out, and somebody else does the work before it."""
    run = runs.start(model=other)
    chunk = run.chunks.first()
    assert chunk is not None
    embed = other_engine.enrol

    def overtaken(photos: list[object]) -> object:
        monkeypatch.setattr(other_engine, "enrol", embed)
        ReembeddingChunk.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
        assert embed_chunk(chunk.pk) == run.pk
        return embed(photos)  # type: ignore[arg-type]

    monkeypatch.setattr(other_engine, "enrol", overtaken)
    embed_chunk(chunk.pk)
    run.refresh_from_db()
    assert (run.settled, vectors_of(other)) == (2, 2)


def test_a_chunk_somebody_holds_is_left_to_them(staff: list[Person], other: EmbeddingModel) -> None:
    run = runs.start(model=other)
    soon = timezone.now() + timedelta(seconds=10)
    ReembeddingChunk.objects.update(claimed_until=soon)
    assert [embed_chunk(chunk.pk) for chunk in run.chunks.all()] == [None] * 5


def test_a_chunk_of_several_batches_gives_each_photo_its_own_vector(
    staff: list[Person], other: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "PHOTOS_AT_ONCE", 2 * BATCH + 1)
    lost = FaceImage.objects.order_by("pk")[BATCH]
    Path(lost.file.path).unlink()
    run = runs.start(model=other)
    assert run.chunks.count() == 1
    work_off(run)
    assert (run.settled, run.failed) == (9, 1)
    assert ReembeddingFailure.objects.get().image == lost
    for found in FaceEmbedding.objects.of(other):
        own = FaceEmbedding.objects.exclude(model=other).get(image=found.image_id)
        assert found.vector == pytest.approx(np.roll(own.vector, 60), abs=1e-6)


def test_a_photo_that_fails_is_listed_with_its_reason(
    staff: list[Person], other: EmbeddingModel, other_engine: OtherEngine
) -> None:
    other_engine.blind_to = {61}
    run = runs.start(model=other)
    work_off(run)
    failure = ReembeddingFailure.objects.get()
    assert (failure.model, failure.image.person, failure.code) == (other, staff[1], "no_face")
    assert "No face found" in failure.reason
    assert (run.state, run.failed, vectors_of(other)) == ("done", 1, 8)


def test_another_run_tries_failed_photos_again(
    staff: list[Person], other: EmbeddingModel, other_engine: OtherEngine
) -> None:
    other_engine.blind_to = {61}
    work_off(runs.start(model=other))
    other_engine.blind_to = set()
    run = runs.start(model=other)
    assert run.total == 1
    work_off(run)
    assert not ReembeddingFailure.objects.exists()
    assert vectors_of(other) == 9


def test_a_lost_file_is_a_failure_and_not_the_end(
    staff: list[Person], other: EmbeddingModel
) -> None:
    image = FaceImage.objects.first()
    assert image is not None
    Path(image.file.path).unlink()
    work_off(runs.start(model=other))
    assert ReembeddingFailure.objects.get().code == "photo_lost"


def test_a_worker_that_does_not_see_the_photos_gives_them_back(
    staff: list[Person], other: EmbeddingModel, photos_dir: Path, tmp_path: Path
) -> None:
    run = runs.start(model=other)
    photos_dir.rename(tmp_path / "mounted elsewhere")
    with pytest.raises(StoreMissing):
        runs.work_one(run.pk)
    assert set(run.chunks.values_list("tries", "claimed_until")) == {(0, None)}
    assert not ReembeddingFailure.objects.exists()
    (tmp_path / "mounted elsewhere").rename(photos_dir)
    work_off(run)
    assert vectors_of(other) == 9


def test_a_photo_enrolled_during_a_run_gets_both_vectors(
    staff: list[Person], other: EmbeddingModel, enrol: Enrol
) -> None:
    run = runs.start(model=other)
    dora = enrol("Dora", 170)
    assert Template.objects.filter(person=dora).count() == 2
    work_off(run)
    assert vectors_of(other) == 10


def test_a_photo_enrolled_beside_a_ready_model_gets_both_vectors(
    staff: list[Person], other: EmbeddingModel, enrol: Enrol
) -> None:
    build(other)
    assert Template.objects.filter(person=enrol("Dora", 170)).count() == 2


def test_a_model_without_a_run_costs_enrolments_nothing(
    other: EmbeddingModel, other_engine: OtherEngine, enrol: Enrol
) -> None:
    enrol("Dora", 170)
    assert (vectors_of(other), other_engine.embedded) == (0, 0)


def test_a_model_that_cannot_embed_now_holds_up_no_enrolment(
    staff: list[Person], other: EmbeddingModel, other_engine: OtherEngine, enrol: Enrol
) -> None:
    build(other)
    other_engine.fails = WeightsMissing("other.onnx")
    dora = enrol("Dora", 170)
    assert Template.objects.filter(person=dora).count() == 1
    other_engine.fails = None
    build(other)
    assert Template.objects.filter(person=dora).count() == 2


def test_a_photo_the_other_model_cannot_use_is_enrolled_and_listed(
    staff: list[Person], other: EmbeddingModel, other_engine: OtherEngine, enrol: Enrol
) -> None:
    build(other)
    other_engine.blind_to = {170}
    dora = enrol("Dora", 170)
    assert FaceImage.objects.get(person=dora).state == "ready"
    assert ReembeddingFailure.objects.get().image.person == dora


def test_a_photo_deleted_during_a_run_leaves_no_trace(
    staff: list[Person], other: EmbeddingModel
) -> None:
    run = runs.start(model=other)
    runs.work_one(run.pk)
    first, last = FaceImage.objects.earliest("pk"), FaceImage.objects.latest("pk")
    for image in (first, last):  # embedded already, and not yet
        people.delete_photo(image=image)
    work_off(run)
    assert vectors_of(other) == 7
    photos = Template.objects.of(other).order_by("person_id").values_list("photos", flat=True)
    assert list(photos) == [2, 3, 2]


def test_a_person_erased_during_a_run_leaves_no_trace(
    staff: list[Person], other: EmbeddingModel
) -> None:
    run = runs.start(model=other)
    runs.work_one(run.pk)
    people.erase(person=staff[0])
    work_off(run)
    assert (run.state, vectors_of(other)) == ("done", 6)
    assert not Template.objects.filter(person=staff[0].pk).exists()


def test_a_person_deactivated_during_a_run_is_embedded_and_stays_inactive(
    staff: list[Person], other: EmbeddingModel
) -> None:
    run = runs.start(model=other)
    people.deactivate(person=staff[0])
    work_off(run)
    assert Template.objects.of(other).filter(person=staff[0]).exists()
    assert not Person.objects.get(pk=staff[0].pk).is_active


def test_a_flag_accepted_during_a_run_gives_both_vectors(
    staff: list[Person], other: EmbeddingModel, enrol: Enrol
) -> None:
    twin = enrol("Twin", 0)
    run = runs.start(model=other)
    image = FaceImage.objects.get(person=twin)
    assert image.reason_code == "already_enrolled"
    people.accept_flagged(image=image, by=None)
    embed_images([image.pk])
    work_off(run)
    assert Template.objects.filter(person=twin).count() == 2


def test_photos_that_wait_go_before_those_of_a_run(
    staff: list[Person], other: EmbeddingModel
) -> None:
    run = runs.start(model=other)
    stored = people.enrol_photo(
        person=staff[0], data=photo_of(3, variant=9), source=FaceImageSource.ADMIN
    )
    assert stored.image is not None
    runs.work_one(run.pk)
    stored.image.refresh_from_db()
    assert stored.image.state == "ready"


def test_a_paused_run_rests_and_resumes_where_it_was(
    staff: list[Person], other: EmbeddingModel
) -> None:
    run = runs.start(model=other)
    runs.work_one(run.pk)
    runs.pause(run=run)
    assert [embed_chunk(chunk.pk) for chunk in run.chunks.all()] == [None] * 4
    runs.go_on(run.pk)
    assert vectors_of(other) == 2
    runs.resume(run=run)
    work_off(run)
    assert (run.state, run.settled, vectors_of(other)) == ("done", 9, 9)


def test_a_cancelled_run_writes_nothing_more_and_the_next_goes_on(
    staff: list[Person], other: EmbeddingModel, other_engine: OtherEngine
) -> None:
    run = runs.start(model=other)
    runs.work_one(run.pk)
    runs.cancel(run=run)
    runs.go_on(run.pk)
    assert (run.state, run.chunks.count(), vectors_of(other)) == ("cancelled", 0, 2)
    work_off(runs.start(model=other))
    assert (vectors_of(other), other_engine.embedded) == (9, 9)


def test_a_chunk_cancelled_while_it_is_worked_on_writes_nothing(
    staff: list[Person],
    other: EmbeddingModel,
    other_engine: OtherEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = runs.start(model=other)
    embed = other_engine.enrol

    def cancelled_meanwhile(photos: list[object]) -> object:
        runs.cancel(run=run)
        return embed(photos)  # type: ignore[arg-type]

    monkeypatch.setattr(other_engine, "enrol", cancelled_meanwhile)
    runs.work_one(run.pk)
    assert vectors_of(other) == 0


def test_a_second_run_for_a_model_is_refused(staff: list[Person], other: EmbeddingModel) -> None:
    runs.start(model=other)
    with pytest.raises(Refusal) as refused:
        runs.start(model=other)
    assert refused.value.code == "run_exists"


def test_missing_weights_stop_nothing_for_good(
    staff: list[Person], other: EmbeddingModel, other_engine: OtherEngine
) -> None:
    other_engine.fails = WeightsMissing("other.onnx")
    run = runs.start(model=other)
    with pytest.raises(WeightsMissing):
        runs.work_one(run.pk)
    run.refresh_from_db()
    assert "fetch_models" in run.error
    assert not run.chunks.filter(tries__gt=0).exists()
    other_engine.fails = None
    work_off(run)
    assert (run.state, run.error, vectors_of(other)) == ("done", "", 9)


def test_a_photo_that_kills_workers_takes_no_other_with_it(
    staff: list[Person],
    other: EmbeddingModel,
    other_engine: OtherEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = runs.start(model=other)
    embed = other_engine.enrol

    def die_of_the_bad_one(photos: list[object]) -> object:
        if any(round(photo[..., 0].mean()) == 61 for photo in photos):  # type: ignore[index]
            raise MemoryError
        return embed(photos)  # type: ignore[arg-type]

    monkeypatch.setattr(other_engine, "enrol", die_of_the_bad_one)
    deaths = 0
    while run.state == "running":
        try:
            runs.work_one(run.pk)
        except MemoryError:
            deaths += 1
            ReembeddingChunk.objects.update(claimed_until=None)
        run.refresh_from_db()
    assert deaths == chunks.SPLIT_AFTER + chunks.GIVE_UP_AFTER
    assert ReembeddingFailure.objects.get().code == "processing_failed"
    assert vectors_of(other) == 8


def test_what_the_broker_lost_is_queued_again(
    staff: list[Person], other: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.start(model=other)
    queued: list[int] = []
    held_by_broker = {"reembedding": 0}
    monkeypatch.setattr(runs, "queue_depths", lambda: held_by_broker)
    monkeypatch.setattr(runs, "_queue", lambda chunks: queued.extend(c.pk for c in chunks))
    monkeypatch.setattr("django.db.transaction.on_commit", lambda then: then())
    runs.go_on(run.pk)
    assert queued == []  # their messages are under way
    long_ago = timezone.now() - runs.LOST_AFTER * 2
    lost, dead, held = run.chunks.all()[:3]
    ReembeddingChunk.objects.filter(pk__in=[lost.pk, dead.pk, held.pk]).update(queued_at=long_ago)
    for chunk, seconds in ((dead, -1), (held, 20)):
        until = timezone.now() + timedelta(seconds=seconds)
        ReembeddingChunk.objects.filter(pk=chunk.pk).update(claimed_until=until)
    held_by_broker["reembedding"] = 1
    runs.go_on(run.pk)
    assert queued == []  # the broker has messages: they are late, not lost
    held_by_broker["reembedding"] = 0
    for _ in range(2):
        runs.go_on(run.pk)
        assert queued == [lost.pk, dead.pk]


def test_a_message_that_was_lost_among_others_is_repeated_later(
    staff: list[Person], other: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.start(model=other)
    queued: list[int] = []
    monkeypatch.setattr(runs, "queue_depths", lambda: {"reembedding": 1})
    monkeypatch.setattr(runs, "_queue", lambda chunks: queued.extend(c.pk for c in chunks))
    monkeypatch.setattr("django.db.transaction.on_commit", lambda then: then())
    lost = run.chunks.all()[0]
    long_ago = timezone.now() - runs.LATE_AFTER * 2
    ReembeddingChunk.objects.filter(pk=lost.pk).update(queued_at=long_ago)
    runs.go_on(run.pk)
    assert queued == [lost.pk]


def test_a_message_that_comes_while_the_chunk_is_held_is_repeated(
    staff: list[Person], other: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker gives the message of a killed worker away before the claim has run out."""
    repeated: list[tuple[list[int], timedelta]] = []
    monkeypatch.setattr(runs, "queue_chunks", lambda ids, after: repeated.append((ids, after)))
    run = runs.start(model=other)
    chunk = run.chunks.first()
    assert chunk is not None
    until = timezone.now() + timedelta(seconds=25)
    ReembeddingChunk.objects.filter(pk=chunk.pk).update(claimed_until=until)
    runs.work_off(chunk.pk)
    assert repeated == [([chunk.pk], runs.LOOK_AGAIN)]
    ReembeddingChunk.objects.filter(pk=chunk.pk).update(claimed_until=None)
    runs.work_off(chunk.pk)
    runs.work_off(chunk.pk)  # settled: nothing to look for any more
    assert len(repeated) == 1


def test_only_so_many_chunks_are_handed_out_at_once(
    staff: list[Person], other: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "LEAST_AHEAD", 2)
    run = runs.start(model=other)
    assert run.chunks.count() == 2
    runs.work_one(run.pk)
    assert run.chunks.count() == 2
    work_off(run)
    assert vectors_of(other) == 9


def test_a_limited_run_hands_out_what_is_due_soon(
    staff: list[Person], other: EmbeddingModel
) -> None:
    run = runs.start(model=other, rate_limit=0.5)
    assert all(len(chunk.image_ids) == 1 for chunk in run.chunks.all())
    moments = [chunk.not_before for chunk in run.chunks.all()]
    gaps = [(b - a).total_seconds() for a, b in pairwise(moments)]
    assert gaps == pytest.approx([2.0] * len(gaps), abs=0.2)
    assert moments[-1] - timezone.now() <= runs.LIMITED_AHEAD
    assert run.chunks.count() < 9


def test_nobody_enrolled_is_done_at_once(other: EmbeddingModel) -> None:
    assert build(other).state == "ready"


def test_photos_that_become_ready_behind_the_cursor_are_found(
    staff: list[Person], other: EmbeddingModel
) -> None:
    image = FaceImage.objects.earliest("pk")
    FaceImage.objects.filter(pk=image.pk).update(state="pending")
    run = runs.start(model=other)
    while runs.work_one(run.pk) and run.chunks.count() > 1:
        run.refresh_from_db()
    FaceImage.objects.filter(pk=image.pk).update(state="ready")
    work_off(run)
    assert FaceEmbedding.objects.of(other).filter(image=image).exists()


def test_progress_is_told_in_numbers(staff: list[Person], other: EmbeddingModel) -> None:
    run = runs.start(model=other)
    assert (run.percent, run.seconds_left, run.is_stalled) == (0, None, False)
    runs.work_one(run.pk)
    ReembeddingRun.objects.filter(pk=run.pk).update(rate=3.5)
    run.refresh_from_db()
    assert (run.percent, run.seconds_left) == (22, 2.0)
    ReembeddingRun.objects.update(progress_at=timezone.now() - timedelta(minutes=1))
    run.refresh_from_db()
    assert (run.is_stalled, run.seconds_left) == (True, None)


def test_the_fake_engines_differ(fake_engine: FakeEngine, other_engine: OtherEngine) -> None:
    pixels = decode(photo_of(30)).pixels
    a, b = (engine.probe(pixels).embedding for engine in (fake_engine, other_engine))
    assert float(a @ b) == pytest.approx(0.0)
