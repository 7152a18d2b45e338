"""An import goes on where it was, whatever died, and its report stays exact."""

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import kombu.exceptions
import psycopg
import pytest
from django.db import OperationalError, connection
from pytest_django import DjangoCaptureOnCommitCallbacks

from people import imports
from people.errors import Refusal
from people.imports import runs
from people.imports.archive import read_entry
from people.models import FaceImage, Gallery, ImportRun, Person
from people.services import Enrolled, erase
from recognition import tasks, upkeep
from tests.faces import photo_of

pytestmark = pytest.mark.usefixtures("queue")

Start = Callable[..., ImportRun]


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ids of the imports that were queued; photos are not embedded here."""
    queued: list[int] = []
    monkeypatch.setattr(tasks.import_archive, "delay", queued.append)
    monkeypatch.setattr(tasks.embed_photos, "delay", lambda _ids: None)
    return queued


def archive(files: Mapping[str, bytes]) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    out.seek(0)
    return out


FIVE = {
    "Ann/1.png": photo_of(10),
    "Ann/2.png": photo_of(11),
    "Ann/again.png": photo_of(10),
    "Bob/1.png": photo_of(100),
    "Bob/notes.txt": b"not a photo",
}


@pytest.fixture
def start(db: None, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Start:
    def start(files: Mapping[str, bytes] = FIVE, **options: object) -> ImportRun:
        with django_capture_on_commit_callbacks(execute=True):
            return imports.start_import(file=archive(files), name="staff.zip", **options)  # type: ignore[arg-type]

    return start


def counters(run: ImportRun) -> tuple[int, int, int, int, int]:
    run.refresh_from_db()
    return run.total, run.done, run.stored, run.already, run.refused_count


def test_an_import_is_queued_and_its_archive_private(start: Start, queue: list[int]) -> None:
    run = start()
    path = imports.archive_of(run)
    assert queue == [run.pk]
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_an_import_enrols_everybody_and_reports_each_file(
    start: Start, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    gallery = Gallery.objects.create(name="Paris")
    run = start(gallery=gallery)
    with django_capture_on_commit_callbacks(execute=True):
        assert imports.work_off(run_id=run.pk) is False
    assert counters(run) == (5, 5, 3, 1, 1)
    assert run.state == "done"
    assert run.finished_at is not None
    assert [one["code"] for one in run.refused] == ["photo_wrong_type"]
    assert {person.full_name: person.images.count() for person in gallery.people.all()} == {
        "Ann": 2,
        "Bob": 1,
    }
    assert not imports.archive_of(run).exists()


def test_names_are_used_and_forgotten_when_done(start: Start) -> None:
    csv = io.BytesIO(b"folder,full_name,staff_number,gallery\nAnn,Ann Ng,17,Rome\n")
    run = start(names_csv=csv)
    imports.work_off(run_id=run.pk)
    run.refresh_from_db()
    assert run.names == {}
    ann = Person.objects.get(staff_number="17")
    assert (ann.full_name, ann.galleries.get().name) == ("Ann Ng", "Rome")


def test_a_bad_archive_leaves_nothing_behind(db: None, photos_dir: Path) -> None:
    with pytest.raises(Refusal):
        imports.start_import(file=io.BytesIO(b"no zip"), name="x.zip")
    assert not ImportRun.objects.exists()
    assert list((photos_dir / "imports").iterdir()) == []


def test_an_import_is_worked_off_in_slices(start: Start) -> None:
    run = start()
    slices = 1
    while imports.work_off(run_id=run.pk, for_seconds=0.001):
        slices += 1
        assert slices < 100
    assert slices > 1
    assert counters(run) == (5, 5, 3, 1, 1)


@pytest.mark.parametrize("died_at", range(1, 5))
def test_an_import_that_died_goes_on_with_exact_counters(
    start: Start, monkeypatch: pytest.MonkeyPatch, died_at: int
) -> None:
    run = start()
    enrol, calls = imports.enrol_entry, 0

    def dying(**options: object) -> tuple[Enrolled, bool]:
        nonlocal calls
        calls += 1
        enrolled = enrol(**options)  # type: ignore[arg-type]
        if calls == died_at:
            raise OperationalError("the connection is gone")
        return enrolled

    monkeypatch.setattr(runs, "enrol_entry", dying)
    with pytest.raises(OperationalError):
        imports.work_off(run_id=run.pk)
    assert FaceImage.objects.count() == run.images.count()
    assert imports.unattended_runs() == [run.pk]
    imports.work_off(run_id=run.pk)
    assert counters(run) == (5, 5, 3, 1, 1)
    assert FaceImage.objects.count() == 3


def test_an_import_does_not_bring_back_what_an_erasure_took_out(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start({"Ann/1.png": photo_of(10), "Ann/2.txt.png": b"x", "Bob/1.png": b"x"})

    def erase_ann_first(packed: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
        if info.filename.startswith("Bob"):
            erase(person=Person.objects.get(full_name="Ann"))
        return read_entry(packed, info)

    monkeypatch.setattr(runs, "read_entry", erase_ann_first)
    imports.work_off(run_id=run.pk)
    run.refresh_from_db()
    assert [file["name"] for file in run.refused] == ["Bob/1.png"]


def test_working_it_off_again_changes_nothing(start: Start) -> None:
    run = start()
    imports.work_off(run_id=run.pk)
    imports.work_off(run_id=run.pk)
    assert counters(run) == (5, 5, 3, 1, 1)


def test_the_same_archive_again_is_all_already_there(start: Start) -> None:
    imports.work_off(run_id=start().pk)
    run = start()
    imports.work_off(run_id=run.pk)
    assert counters(run) == (5, 5, 0, 4, 1)


def test_two_deliveries_never_work_at_once(start: Start) -> None:
    run = start()
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('import'), %s)", [run.pk])
        assert imports.unattended_runs() == []
        assert imports.work_off(run_id=run.pk) is False
        assert counters(run)[1] == 0
        other.execute("SELECT pg_advisory_unlock(hashtext('import'), %s)", [run.pk])
    assert imports.unattended_runs() == [run.pk]


def test_a_lost_archive_ends_the_import_with_a_sentence(start: Start) -> None:
    run = start()
    imports.archive_of(run).unlink()
    imports.work_off(run_id=run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", "The archive is gone. Upload it again.")


def test_a_name_that_fits_two_people_refuses_only_their_photos(start: Start) -> None:
    for _ in range(2):
        Person.objects.create(full_name="Ann")
    run = start()
    imports.work_off(run_id=run.pk)
    assert counters(run) == (5, 5, 1, 0, 4)
    assert {one["code"] for one in run.refused} == {"person_ambiguous", "photo_wrong_type"}


def test_a_staff_number_of_somebody_else_refuses_the_photos(start: Start) -> None:
    Person.objects.create(full_name="Zoe", staff_number="17")
    run = start(names_csv=io.BytesIO(b"folder,full_name,staff_number\nBob,Bob,17\n"))
    imports.work_off(run_id=run.pk)
    run.refresh_from_db()
    assert "staff_number_taken" in {one["code"] for one in run.refused}
    assert not Person.objects.filter(full_name="Bob").exists()


def test_nobody_is_added_for_files_that_are_no_photos(start: Start) -> None:
    run = start({"Ann/1.png": photo_of(10), "Notes/a.txt": b"x"})
    imports.work_off(run_id=run.pk)
    assert list(Person.objects.values_list("full_name", flat=True)) == ["Ann"]


def test_the_sweep_queues_imports_nobody_is_at(
    start: Start, queue: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "queue_depths", lambda: {"celery": 0})
    run = start()
    queue.clear()
    upkeep.sweep()
    assert queue == [run.pk]


def test_with_the_broker_down_an_import_waits(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_run_id: int) -> None:
        raise kombu.exceptions.OperationalError("no broker")

    monkeypatch.setattr(tasks.import_archive, "delay", down)
    run = start()
    assert imports.unattended_runs() == [run.pk]


def test_the_task_queues_the_rest_of_a_long_import(
    start: Start, queue: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start()
    queue.clear()
    monkeypatch.setattr(tasks, "IMPORT_SLICE_S", 0.001)
    tasks.import_archive(run.pk)
    assert queue == [run.pk]


def test_archives_of_settled_imports_are_removed(start: Start, photos_dir: Path) -> None:
    run = start()
    imports.work_off(run_id=run.pk)
    left = imports.archive_of(run)
    left.write_bytes(b"a crash fell between the commit and the removal")
    running = imports.archive_of(start({"Cy/1.png": photo_of(60)}))
    assert imports.remove_settled_archives() == 1
    assert (left.exists(), running.exists()) == (False, True)
