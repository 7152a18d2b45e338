"""`kill -9` in the middle of a re-embedding: nothing lost, nothing twice, and it goes on by itself.

A small one in every test run. `make chaos` makes it 1,000 photos and 20 kills.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from redis import Redis

from faceproject.embedded import addresses
from recognition.reembedding.sources import PHOTOS_AT_ONCE
from tests.chaos.brokers import Broker, rabbitmq, redis_server
from tests.chaos.site import Site

PHOTOS = int(os.environ.get("CHAOS_PHOTOS", "192"))
KILLS = int(os.environ.get("CHAOS_KILLS", "3"))
SEED = int(os.environ.get("CHAOS_SEED", "0"))
RESUMES_WITHIN_S = 60
WORKERS = 2
# Everything that works on a run. Postgres is killed whole, a worker alone.
VICTIMS = ("worker1@", "valkey-server", "/bin/postgres", "worker2@")

# Enrolled under the first model with made-up vectors: the run embeds the photos for real.
ENROL = """
import json, hashlib
import numpy as np
from pathlib import Path
from typing import Any
from django.core.files.base import ContentFile
from people.images import decode
from people.models import EmbeddingModel, FaceEmbedding, FaceImage, Person, Template
rng, active = np.random.default_rng(0), EmbeddingModel.objects.current()
for path in map(Path, json.loads(Path({listed!r}).read_text())):
    person, is_new = Person.objects.get_or_create(full_name=path.parent.name)
    photo = decode(path.read_bytes())
    image = FaceImage(person=person, sha256=photo.sha256, width=photo.pixels.shape[1],
                      height=photo.pixels.shape[0], source="command", state="ready")
    image.file.save("photo.jpg", ContentFile(photo.jpeg()), save=False)
    image.save()
    vector = rng.normal(size=128).astype(np.float32)
    vector /= np.linalg.norm(vector)
    FaceEmbedding.objects.create(image=image, model=active, vector=vector)
    if is_new:
        Template.objects.create(person=person, model=active, vector=vector, photos=1)
"""


@pytest.fixture
def start_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Site]]:
    """start_site(NAME=value, …): a site with two workers."""
    if not (settings.MODELS_DIR / "manifest.json").is_file():
        pytest.skip("needs the networks: manage.py fetch_models")
    sites = []

    def start(**environment: str) -> Site:
        folder = tmp_path_factory.mktemp("site")
        for parent in (folder, folder.parent):
            parent.chmod(0o711)  # as root, the services run as another user
        site = Site(folder, WORKER_PROCESSES=str(WORKERS), **environment)
        sites.append(site)
        site.start()
        return site

    yield start
    for site in sites:
        site.stop()
        shutil.rmtree(site.var_dir / "photos", ignore_errors=True)


@pytest.fixture
def photos(shared_data: Callable[[str], Path]) -> list[Path]:
    """Of Labeled Faces in the Wild, PHOTOS of them."""
    found = sorted((shared_data("lfw_view1") / "images").glob("*/*.jpg"))[:PHOTOS]
    if len(found) < PHOTOS:
        pytest.skip(f"needs {PHOTOS} photos")
    return found


def enrol(site: Site, photos: list[Path]) -> None:
    listed = site.var_dir / "photos.json"
    listed.write_text(json.dumps([str(path) for path in photos]))
    site.manage("shell", "-c", ENROL.format(listed=str(listed)))


class Watcher:
    """Looks at the one run of a site, also while its database is down."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def read(self) -> tuple[str, int]:
        """State and photos dealt with."""
        with self._site.connect() as connection:
            row = connection.execute("SELECT state, settled FROM recognition_reembeddingrun")
            found = row.fetchone()
        assert found is not None
        return str(found[0]), int(found[1])

    def wait_for(self, settled: int, seconds: float) -> float:
        """Seconds until so many photos are dealt with, or the run is over."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            try:
                state, number = self.read()
            except psycopg.OperationalError:
                time.sleep(0.1)  # it was just killed, and comes back
                continue
            if number >= settled or state == "done":
                return time.monotonic() - began
            time.sleep(0.1)
        raise AssertionError(f"{settled} photos were not dealt with within {seconds:.0f} s")


Kill = Callable[[], object]


def survive(site: Site, photos: list[Path], kills: Iterable[Kill], *, held: int = 0) -> None:
    """Re-embed while each of these is done in turn, at a random moment of its share.

    It goes on when one more photo is dealt with than `held`.
    """
    kills = list(kills)
    chance = random.Random(SEED)  # noqa: S311
    enrol(site, photos)
    site.manage("add_model", "tighter", "--margin", "-0.1")
    site.manage("reembed", "tighter", "--json")
    watcher = Watcher(site)
    watcher.wait_for(1, 60)
    slowest = 0.0
    for number, kill in enumerate(kills):
        share = len(photos) / (len(kills) + 1)
        watcher.wait_for(int(share * (number + chance.random())), 300)
        state, settled = watcher.read()
        assert state == "running", f"the run was over before kill {number + 1}"
        kill()
        took = watcher.wait_for(settled + held + 1, RESUMES_WITHIN_S)
        slowest = max(slowest, took)
    watcher.wait_for(len(photos), 60 + len(photos))
    site.wait_until(lambda: watcher.read()[0] == "done", RESUMES_WITHIN_S, "the end")
    sys.stdout.write(
        f"{len(photos)} photos, {len(kills)} kills: it went on after at most {slowest:.1f} s\n"
    )
    _nothing_lost_nothing_twice(site, len(photos), people=len({path.parent for path in photos}))


def test_a_run_survives_kills_of_workers_broker_and_database(
    start_site: Callable[..., Site], photos: list[Path]
) -> None:
    site = start_site()
    survive(site, photos, [partial(site.kill, one) for one in islice(cycle(VICTIMS), KILLS)])


# --- Other brokers ----------------------------------------------------------------------------


@pytest.fixture
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    with request.param(tmp_path) as broker:
        yield broker


@pytest.mark.parametrize("broker", [redis_server, rabbitmq], indirect=True)
def test_a_run_on_another_broker_survives_kills_of_worker_and_broker(
    broker: Broker, start_site: Callable[..., Site], photos: list[Path]
) -> None:
    environment = broker.settings()
    site = start_site(**environment)
    # What the workers had in their hands needs no broker.
    held = WORKERS * PHOTOS_AT_ONCE
    survive(site, photos, [partial(site.kill, "worker1@"), broker.kill], held=held)
    site.wait_until(
        lambda: len(status(site)["workers"]) == WORKERS,
        RESUMES_WITHIN_S,
        "the answer of all workers",
    )
    found = status(site)
    assert found["broker"] == "ok"
    prefix = environment["QUEUE_PREFIX"]
    assert list(found["queues"]) == [prefix + name for name in ("celery", "reembedding")]
    assert not (site.var_dir / "valkey").exists()


def status(site: Site, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(site.manage("status", "--json", *options))
    return found


# --- An emptied broker ------------------------------------------------------------------------

# As a bulk import queues photos: one message for all of them.
TAKE_IN = """
import json
from pathlib import Path
from people.models import FaceImageSource, Person
from people.services import enrol_photo
from recognition.queueing import gathered
person = Person.objects.create(full_name="Somebody new")
with gathered():
    for path in map(Path, json.loads(Path({listed!r}).read_text())):
        enrol_photo(person=person, data=path.read_bytes(), source=FaceImageSource.IMPORT)
"""


def test_an_emptied_broker_loses_nothing(
    start_site: Callable[..., Site], photos: list[Path]
) -> None:
    site = start_site()

    def empty() -> None:
        with Redis(unix_socket_path=str(addresses.valkey_socket(site.var_dir))) as queue:
            queue.flushall()

    survive_emptying(site, photos, empty)


@pytest.mark.parametrize("broker", [rabbitmq], indirect=True)
def test_a_broker_whose_folder_is_deleted_loses_nothing(
    broker: Broker, start_site: Callable[..., Site], photos: list[Path]
) -> None:
    survive_emptying(start_site(**broker.settings()), photos, broker.empty)


def survive_emptying(site: Site, photos: list[Path], empty: Callable[[], None]) -> None:
    """What both a run and new photos have queued is gone."""
    old, new = photos[: 6 * PHOTOS_AT_ONCE], photos[-4:]
    enrol(site, old)
    site.manage("add_model", "tighter", "--margin", "-0.1")
    with site.suspended("celery -A faceproject worker"):
        site.manage("reembed", "tighter", "--json")
        listed = site.var_dir / "new.json"
        listed.write_text(json.dumps([str(path) for path in new]))
        site.manage("shell", "-c", TAKE_IN.format(listed=str(listed)))
        assert queued(site), "nothing was queued that could be lost"
        empty()
        assert not queued(site)
    watcher = Watcher(site)
    site.wait_until(lambda: watcher.read()[0] == "done", 2 * RESUMES_WITHIN_S, "the end of the run")
    site.wait_until(lambda: site.photos("pending") == 0, RESUMES_WITHIN_S, "embedding new photos")
    settled = site.photos("ready") + site.photos("rejected")
    assert settled == len(old) + len(new)


def queued(site: Site) -> int:
    """Chunks that no worker has. The other queue fills by itself: the clock puts sweeps there."""
    _, reembedding = status(site, "--wait", "0.1")["queues"].values()
    return int(reembedding)


def _nothing_lost_nothing_twice(site: Site, photos: int, people: int) -> None:
    vectors = site.number(
        "SELECT count(*) FROM people_faceembedding e JOIN people_embeddingmodel m"
        " ON m.id = e.model_id WHERE m.name = 'tighter'"
    )
    distinct = site.number(
        "SELECT count(DISTINCT image_id) FROM people_faceembedding e JOIN people_embeddingmodel m"
        " ON m.id = e.model_id WHERE m.name = 'tighter'"
    )
    failed = site.number("SELECT count(*) FROM recognition_reembeddingfailure")
    given_up = site.number(
        "SELECT count(*) FROM recognition_reembeddingfailure WHERE code = 'processing_failed'"
    )
    assert (vectors + failed, distinct, given_up) == (photos, vectors, 0)
    assert vectors > 0.8 * photos
    in_templates = site.number(
        "SELECT sum(photos) FROM people_template t JOIN people_embeddingmodel m"
        " ON m.id = t.model_id WHERE m.name = 'tighter'"
    )
    assert in_templates == vectors
    assert site.number("SELECT count(*) FROM people_template") <= 2 * people
    assert site.number("SELECT count(*) FROM recognition_reembeddingchunk") == 0
    assert site.number("SELECT settled FROM recognition_reembeddingrun") == photos
    ready = "SELECT count(*) FROM people_embeddingmodel WHERE state = 'ready'"
    assert site.number(ready) == 1
