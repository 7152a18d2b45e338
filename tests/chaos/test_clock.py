"""`kill -9` of Postgres in the middle of 200 clock-ins: what was answered is there, once."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.conf import settings

from tests.chaos.site import Site

PEOPLE, ENROLLED, CLOCKED = 20, 2, 10  # photos of each


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if not (settings.MODELS_DIR / "manifest.json").is_file():
        pytest.skip("needs the networks: manage.py fetch_models")
    folder = tmp_path_factory.mktemp("site")
    for parent in (folder, folder.parent):
        parent.chmod(0o711)  # as root, the services run as another user
    site = Site(folder, CLOCK_REPEAT_SECONDS="0", THROTTLE_ACCOUNT="9999/min")
    site.start()
    yield site
    site.stop()


@pytest.fixture
def faces(shared_data: Callable[[str], Path]) -> list[list[Path]]:
    """Of each person, photos enough to enrol and to clock with."""
    folders = sorted(shared_data("lfw_people").iterdir())
    photos = [sorted(folder.iterdir())[: ENROLLED + CLOCKED] for folder in folders]
    enough = [found for found in photos if len(found) == ENROLLED + CLOCKED]
    if len(enough) < PEOPLE:
        pytest.skip(f"needs {PEOPLE} people with {ENROLLED + CLOCKED} photos each")
    return enough[:PEOPLE]


class Kiosk:
    """Sends each capture again, with its key, until it is answered."""

    def __init__(self, site: Site, key: str) -> None:
        self._url = f"{site.address}/api/v1/attendance/clock/"
        self._key = key
        self.failures = 0
        self.answered = threading.Semaphore(0)

    def clock(self, photo: Path) -> tuple[int, dict[str, Any]]:
        body = json.dumps({"photo": base64.b64encode(photo.read_bytes()).decode()}).encode()
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
            "Idempotency-Key": photo.name,
        }
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            status, answer = self._send(Request(self._url, body, headers))  # noqa: S310
            if status and status < 500:
                self.answered.release()
                return status, answer
            self.failures += 1
            time.sleep(0.2)
        raise AssertionError("a clock-in was never answered")

    @staticmethod
    def _send(request: Request) -> tuple[int, dict[str, Any]]:
        """Status 0: there was no answer."""
        try:
            with urlopen(request, timeout=30) as response:  # noqa: S310
                return response.status, json.load(response)
        except HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")
        except (OSError, HTTPException):
            return 0, {}


def enrol(site: Site, faces: list[list[Path]], folder: Path) -> None:
    for photos in faces:
        person = folder / photos[0].parent.name
        person.mkdir(parents=True)
        for photo in photos[:ENROLLED]:
            (person / photo.name).write_bytes(photo.read_bytes())
    site.manage("import_people", str(folder), "--gallery", "North")


def test_clock_ins_survive_a_kill_of_the_database(
    site: Site, faces: list[list[Path]], tmp_path: Path
) -> None:
    enrol(site, faces, tmp_path / "photos")
    added = site.manage("add_device", "Door", "--gallery", "North", "--json")
    kiosk = Kiosk(site, json.loads(added)["key"])
    captures = [photo for photos in faces for photo in photos[ENROLLED:]]
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(kiosk.clock, photo) for photo in captures]
        for _ in range(len(captures) // 3):
            kiosk.answered.acquire()
        site.kill("/bin/postgres")
        done = [answer.result() for answer in answers]

    assert kiosk.failures, "everything was answered before the database was killed"
    assert {status for status, _body in done} <= {201, 422}
    events = [body["event"]["id"] for status, body in done if status == 201]
    assert len(events) > 0.8 * len(captures)
    assert len(set(events)) == len(events)
    # Beside them there are corrections: of photos at once, the older may be settled the later.
    stored = site.number(
        "SELECT count(*) FROM recognition_attendanceevent WHERE replaces_id IS NULL"
    )
    kept = site.number(
        "SELECT count(*) FROM recognition_attendanceevent WHERE public_id::text = ANY"
        " (string_to_array(%s, ','))",
        ",".join(events),
    )
    assert (stored, kept) == (len(events), len(events))
    attempts = site.number("SELECT count(*) FROM recognition_attempt")
    assert attempts == len(captures), "a capture was decided twice, or its decision was lost"
