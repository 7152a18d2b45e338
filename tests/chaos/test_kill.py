"""`kill -9` in the middle of a queued import: nothing is lost, nothing is done twice."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.chaos.site import Site

PHOTOS = 200


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
def photos(shared_data: Callable[[str], Path], tmp_path: Path) -> Path:
    """200 photos of real people, 8 of each."""
    folder = tmp_path / "photos"
    for person in sorted(shared_data("lfw_people").iterdir())[: PHOTOS // 8]:
        (folder / person.name).mkdir(parents=True)
        for photo in sorted(person.iterdir())[:8]:
            (folder / person.name / photo.name).write_bytes(photo.read_bytes())
    return folder


def test_an_import_survives_kills_of_worker_broker_and_database(site: Site, photos: Path) -> None:
    site.manage("import_people", str(photos), "--queue")
    assert site.number("SELECT count(*) FROM people_faceimage") == PHOTOS

    def settled() -> int:
        return site.photos("ready") + site.photos("rejected")

    before = settled()
    for what in ("celery -A faceproject worker", "valkey-server", "/bin/postgres"):
        site.kill(what)
        goal = min(before + 25, PHOTOS)
        site.wait_until(lambda goal=goal: settled() >= goal, 90, f"going on without {what}")  # type: ignore[misc]
        before = settled()
    assert before < PHOTOS, "the import was over before everything was killed"
    site.kill_everything()
    site.start()
    site.wait_until(lambda: site.photos("pending") == 0, 120, "settling every photo")
    assert settled() == PHOTOS
    ready = site.photos("ready")
    assert ready > PHOTOS * 0.8
    assert site.number("SELECT count(*) FROM people_faceembedding") == ready
    assert site.number("SELECT sum(photos) FROM people_template") == ready
    assert site.number("SELECT count(DISTINCT image_id) FROM people_faceembedding") == ready
