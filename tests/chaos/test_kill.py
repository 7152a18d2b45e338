"""`kill -9` in the middle of a queued import: nothing is lost, nothing is done twice."""

from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.conf import settings

from tests.chaos.site import Site

PHOTOS = 200
START = """
from people.imports import start_import
with open({path!r}, "rb") as file:
    start_import(file=file, name="photos.zip")
"""


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if not (settings.MODELS_DIR / "manifest.json").is_file():
        pytest.skip("needs the networks: manage.py fetch_models")
    folder = tmp_path_factory.mktemp("site")
    for parent in (folder, folder.parent):
        parent.chmod(0o711)  # as root, the services run as another user
    site = Site(folder)
    site.start()
    yield site
    site.stop()


@pytest.fixture
def archive(shared_data: Callable[[str], Path], tmp_path: Path) -> Path:
    """200 photos of real people, 8 of each."""
    path = tmp_path / "photos.zip"
    with ZipFile(path, "w") as archive:
        for person in sorted(shared_data("lfw_people").iterdir())[: PHOTOS // 8]:
            for photo in sorted(person.iterdir())[:8]:
                archive.write(photo, f"{person.name}/{photo.name}")
    return path


def test_an_import_survives_kills_of_worker_broker_and_database(site: Site, archive: Path) -> None:
    """All the work is the worker's: it stores the photos of the archive, then embeds them."""
    site.manage("shell", "-c", START.format(path=str(archive)))

    def stored() -> int:
        return site.number("SELECT count(*) FROM people_faceimage")

    def settled() -> int:
        return stored() - site.photos("pending")

    site.wait_until(lambda: stored() >= 20, 60, "storing")
    site.kill("celery -A faceproject worker")
    site.wait_until(lambda: settled() >= 20, 120, "going on without the worker")
    site.kill("valkey-server")
    site.wait_until(lambda: settled() >= 50, 120, "going on without the broker")
    site.kill("/bin/postgres")
    site.wait_until(lambda: settled() >= 80, 120, "going on without the database")
    assert settled() < PHOTOS, "the import was over before everything was killed"
    site.kill_everything()
    site.start()
    site.wait_until(lambda: settled() == PHOTOS, 180, "settling every photo")
    ready = site.photos("ready")
    assert ready > PHOTOS * 0.8
    assert site.number("SELECT count(*) FROM people_faceembedding") == ready
    assert site.number("SELECT count(DISTINCT image_id) FROM people_faceembedding") == ready
    assert site.number("SELECT sum(photos) FROM people_template") == ready
    assert site.number("SELECT stored FROM people_importrun WHERE state = %s", "done") == PHOTOS
