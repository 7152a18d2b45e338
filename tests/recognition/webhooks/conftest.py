"""A receiver that listens, and something to tell it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from people.models import Person
from recognition.attendance.corrections import add_forgotten
from recognition.models import AttendanceEvent, Direction, WebhookDelivery
from recognition.webhooks.delivery import deliver
from recognition.webhooks.endpoints import NewSecret, add_endpoint

Resolve = Callable[..., None]
Handle = Callable[[BaseHTTPRequestHandler], None]


class Receiver:
    """Keeps what it was sent; answers `status`, or as `handle` does."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.server = server
        self.status = 200
        self.extra: dict[str, str] = {}
        self.handle: Handle | None = None
        self.requests: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?tenant=1"

    def take(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append((request.path, headers, body))
        if self.handle is not None:
            self.handle(request)
            return
        request.send_response(self.status)
        for name, value in self.extra.items():
            request.send_header(name, value)
        request.end_headers()


@contextmanager
def listening(wrap: Callable[[Any], Any] | None = None) -> Iterator[Receiver]:
    """wrap: puts TLS around the socket."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.take(self)

        def log_message(self, *_args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_args: Any) -> None:
            """Whoever sends breaks off in some tests."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if wrap is not None:
            server.socket = wrap(server.socket)
        heard = Receiver(server)
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        try:
            yield heard
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


@pytest.fixture
def inside(settings: Settings) -> None:
    """Addresses of this machine are allowed."""
    settings.WEBHOOKS_ALLOW_PRIVATE = True


@pytest.fixture
def issued(db: None, inside: None, receiver: Receiver) -> NewSecret:
    return add_endpoint(name="Payroll", url=receiver.url)


@pytest.fixture
def ann(db: None) -> Person:
    return Person.objects.create(full_name="Ann Secretperson", staff_number="7")


@pytest.fixture
def boss(db: None) -> User:
    return User.objects.create_user("boss")


@pytest.fixture
def event(ann: Person, boss: User) -> AttendanceEvent:
    """Somebody came; told to the endpoints there are."""
    return add_forgotten(
        person=ann,
        direction=Direction.IN,
        occurred_at=timezone.now() - timedelta(hours=1),
        reason="Overslept",
        by=boss,
    )


@pytest.fixture
def delivery(issued: NewSecret, event: AttendanceEvent) -> WebhookDelivery:
    return WebhookDelivery.objects.get(endpoint=issued.endpoint, event=event)


def make_due(delivery: WebhookDelivery) -> None:
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        next_try_at=timezone.now(), claimed_until=None
    )


def send(delivery: WebhookDelivery) -> WebhookDelivery:
    """As when its time has come."""
    make_due(delivery)
    deliver(delivery_id=delivery.pk)
    delivery.refresh_from_db()
    return delivery


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """names("1.2.3.4", "::1"): what every name resolves to, each time it is looked up."""

    def answer(*addresses: str) -> None:
        def getaddrinfo(_host: Any, port: Any, *_args: Any, **_options: Any) -> Any:
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
                for address in addresses
            ]

        monkeypatch.setattr("recognition.webhooks.targets.socket.getaddrinfo", getaddrinfo)

    return answer
