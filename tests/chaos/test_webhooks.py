"""Webhooks of a whole site: sent by its workers, and sent after whatever was killed."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.conf import settings

from tests.chaos.site import Site
from tests.recognition.webhooks.conftest import Receiver, listening

ADD_ENDPOINT = """
from recognition.webhooks.endpoints import add_endpoint
add_endpoint(name="Payroll", url={url!r})
"""
COME = """
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from people.models import Person
from recognition.attendance.corrections import add_forgotten
person, _ = Person.objects.get_or_create(full_name="Ann", staff_number="7")
add_forgotten(person=person, direction="in", occurred_at=timezone.now() - timedelta(minutes=1),
              reason="Forgot", by=User.objects.first())
"""
WORKER = "celery -A faceproject worker"


@pytest.fixture
def site(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    if not (settings.MODELS_DIR / "manifest.json").is_file():
        pytest.skip("needs the networks: manage.py fetch_models")
    monkeypatch.setenv("WEBHOOKS_ALLOW_PRIVATE", "on")
    folder = tmp_path_factory.mktemp("site")
    for parent in (folder, folder.parent):
        parent.chmod(0o711)  # as root, the services run as another user
    site = Site(folder)
    site.start()
    yield site
    site.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


def delivered(site: Site) -> int:
    return site.number("SELECT count(*) FROM recognition_webhookdelivery WHERE state = 'delivered'")


def ids(receiver: Receiver) -> list[str]:
    return [headers["webhook-id"] for _path, headers, _body in receiver.requests]


def test_webhooks_survive_kills_of_broker_and_of_the_worker_while_sending(
    site: Site, receiver: Receiver
) -> None:
    site.manage("shell", "-c", ADD_ENDPOINT.format(url=receiver.url))
    site.manage("shell", "-c", COME)
    site.wait_until(lambda: delivered(site) == 1, 20, "sending the first")

    site.kill("valkey-server")
    site.manage("shell", "-c", COME)
    site.wait_until(lambda: delivered(site) == 2, 90, "sending without what the broker held")

    let_go = threading.Event()
    receiver.handle = lambda _request: (let_go.wait(60), None)[1]
    site.manage("shell", "-c", COME)
    site.wait_until(lambda: len(receiver.requests) == 3, 60, "trying the third")
    site.kill(WORKER)
    receiver.handle = None
    let_go.set()
    assert delivered(site) == 2
    claim_is_over(site)
    site.wait_until(lambda: delivered(site) == 3, 90, "sending what a killed worker had begun")

    first, second, third, again = ids(receiver)
    assert third == again
    assert len({first, second, third}) == 3


def claim_is_over(site: Site) -> None:
    """As after some minutes."""
    with site.connect() as connection:
        connection.execute("UPDATE recognition_webhookdelivery SET next_try_at = now()"
                           " WHERE state = 'pending'")  # fmt: skip
