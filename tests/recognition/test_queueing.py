"""A worker is asked for a few photos at once, whoever stores them and however many."""

import pytest

from people import imports
from people.models import FaceImage
from recognition import tasks
from recognition.enrolment import TOGETHER
from recognition.queueing import gathered, queue_photos
from tests.faces import photo_of
from tests.people.test_imports_runs import archive


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    sent: list[list[int]] = []
    monkeypatch.setattr(tasks.embed_photos, "delay", sent.append)
    return sent


def test_many_photos_are_cut_into_messages(messages: list[list[int]]) -> None:
    assert queue_photos(range(TOGETHER + 1))
    assert messages == [list(range(TOGETHER)), [TOGETHER]]


def test_photos_stored_one_by_one_are_queued_as_soon_as_there_is_enough(
    messages: list[list[int]],
) -> None:
    with gathered():
        for number in range(TOGETHER + 1):
            queue_photos([number])
        assert messages == [list(range(TOGETHER))]
    assert messages == [list(range(TOGETHER)), [TOGETHER]]


def test_photos_stored_before_an_error_are_queued(messages: list[list[int]]) -> None:
    def store_until_the_disk_is_full() -> None:
        with gathered():
            queue_photos([1])
            raise OSError

    with pytest.raises(OSError):  # noqa: PT011  it is the one above
        store_until_the_disk_is_full()
    assert messages == [[1]]


@pytest.mark.django_db(transaction=True)
def test_the_photos_of_an_archive_are_queued_together(
    messages: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.import_archive, "delay", lambda _run: None)
    files = {f"P{angle}/1.png": photo_of(angle) for angle in range(TOGETHER + 1)}
    run = imports.start_import(file=archive(files), name="staff.zip")
    tasks.import_archive(run.pk)
    ids = list(FaceImage.objects.order_by("pk").values_list("pk", flat=True))
    assert messages == [ids[:TOGETHER], ids[TOGETHER:]]
