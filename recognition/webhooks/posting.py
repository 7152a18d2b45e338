"""One POST to one checked address.

Not by requests: that looks names up itself, follows redirects and obeys proxies of the
environment. The standard library takes a socket that is connected already.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException

from people.errors import Refusal
from recognition.webhooks.targets import Target

CONNECT_S = 5.0
READ_S = 10.0
# A wait for one byte is bounded by READ_S; whoever sends a byte now and then, by this.
WHOLE_S = 15.0
MOST_ADDRESSES = 3


class NotPosted(Refusal):
    code = "connection_failed"


def post(*, target: Target, body: bytes, headers: Mapping[str, str]) -> int:
    """Returns the HTTP status; what else is answered is not read. Raises NotPosted."""
    sock = _connect(target)
    with closing(sock), _cut_after(sock) as is_cut:
        try:
            return _exchange(sock, target, body, headers)
        except TimeoutError as error:
            raise _timeout() from error
        except (OSError, HTTPException) as error:
            if is_cut.is_set():
                raise _timeout() from error
            if isinstance(error, ssl.SSLError):
                raise NotPosted("The certificate or TLS failed.", code="tls_failed") from error
            raise NotPosted("The connection broke, or it is not HTTP.") from error


def _connect(target: Target) -> socket.socket:
    refusal = NotPosted("Nobody answers at this address.")
    for address in target.addresses[:MOST_ADDRESSES]:
        try:
            return socket.create_connection((str(address), target.port), timeout=CONNECT_S)
        except TimeoutError:
            refusal = _timeout()
        except OSError:
            refusal = NotPosted("Nobody answers at this address.")
    raise refusal


def _exchange(plain: socket.socket, target: Target, body: bytes, headers: Mapping[str, str]) -> int:
    plain.settimeout(READ_S)
    sock = plain
    if target.scheme == "https":
        # The authorities are the system's, so that those of an intranet count as well.
        sock = ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)
    connection = HTTPConnection(target.host, target.port)
    connection.sock = sock
    with closing(sock), closing(connection):
        own = {"Host": target.authority, "Connection": "close"}
        connection.request("POST", target.path, body, {**headers, **own})
        with closing(connection.getresponse()) as response:
            return response.status


@contextmanager
def _cut_after(sock: socket.socket) -> Iterator[threading.Event]:
    """Ends the connection after WHOLE_S, in whatever it is then; the event says that it was."""
    is_cut = threading.Event()
    # A second handle of the same connection: TLS takes the first one over.
    with closing(sock.dup()) as twin:

        def cut() -> None:
            is_cut.set()
            with suppress(OSError):  # it has ended by itself
                twin.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(WHOLE_S, cut)
        timer.daemon = True
        timer.start()
        try:
            yield is_cut
        finally:
            timer.cancel()
            timer.join()


def _timeout() -> NotPosted:
    return NotPosted("It took too long to answer.", code="timeout")
