"""`manage.py worker`, as on a machine that only embeds: the environment and nothing else."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.chaos.site import Site

TOGETHER = 8  # photos of one task
# Handed to the workers in one message, as a bulk import does.
TAKE_IN = """
from pathlib import Path
from people.models import FaceImageSource, Person
from people.services import enrol_photo
from recognition.queueing import gathered
person = Person.objects.create(full_name={name!r})
with gathered():
    for path in sorted(Path({folder!r}).iterdir())[{first}:{last}]:
        enrol_photo(person=person, data=path.read_bytes(), source=FaceImageSource.IMPORT)
"""


@pytest.fixture
def demo() -> Path:
    folder: Path = settings.MODELS_DIR / "demo" / "train" / "Madonna"
    if not folder.is_dir():
        pytest.skip("needs the demo photos and the networks: manage.py fetch_models")
    return folder


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A database and a queue, and nobody who works."""
    folder = tmp_path_factory.mktemp("site")
    for parent in (folder, folder.parent):
        parent.chmod(0o711)  # as root, the services run as another user
    site = Site(folder)
    site.manage("migrate", "-v", "0")
    return site


@pytest.fixture
def start_worker(site: Site) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        """Return when it takes up tasks, or is about to."""
        worker = site.started("worker", "--processes", "1")
        started.append(worker)
        assert worker.stdout is not None
        assert "1 worker process for celery, reembedding" in worker.stdout.readline()
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.communicate(timeout=60)


def ended(command: subprocess.Popen[str]) -> int:
    command.communicate(timeout=60)
    return command.returncode


def test_two_workers_share_the_work_and_finish_what_they_are_at_when_told_to_end(
    site: Site, demo: Path, start_worker: Callable[[], subprocess.Popen[str]]
) -> None:
    workers = [start_worker(), start_worker()]

    def names() -> list[str]:
        found: list[str] = json.loads(site.manage("status", "--json"))["workers"]
        return found

    def take_in(name: str, first: int, last: int) -> subprocess.Popen[str]:
        script = TAKE_IN.format(name=name, folder=str(demo), first=first, last=last)
        return site.started("shell", "-v", "0", "-c", script)

    site.wait_until(lambda: len(set(names())) == 2, 60, "the answer of both workers")
    assert ended(take_in("Ann", 0, 1)) == 0
    site.wait_until(lambda: site.photos("ready") == 1, 60, "embedding a photo")

    held = "SELECT count(*) FROM people_faceimage WHERE claimed_until > now()"
    pending = "SELECT count(*) FROM people_faceimage WHERE state = 'pending'"
    # One connection, and no wait for the command to end: the task takes a quarter of a second.
    with site.connect() as connection:
        connection.autocommit = True
        taken_in = take_in("Bob", 1, 1 + TOGETHER)
        site.wait_until(
            lambda: connection.execute(held).fetchone() != (0,), 60, "taking up photos", every=0.005
        )
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        left = connection.execute(pending).fetchone()
    assert ended(taken_in) == 0
    assert left != (0,), "the task was over before anybody was told to end"
    assert [worker.wait(60) for worker in workers] == [0, 0]
    photos = json.loads(site.manage("status", "--json", "--wait", "0.2"))["photos"]
    assert photos["pending"] == 0
    assert photos["ready"] + photos["rejected"] == 1 + TOGETHER
