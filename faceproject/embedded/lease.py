"""Who uses the embedded services: the first to come starts them, the last to go stops them.

Two files are locked, never written. `users` is held shared by everybody who needs the services;
`start` exclusively, for the moment of starting or stopping. The kernel releases both when a
process dies, however it dies, so nothing is ever left over to clean up by hand.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from faceproject.embedded.errors import ServiceError
from faceproject.embedded.postgres import Postgres
from faceproject.embedded.valkey import Valkey

Service = Postgres | Valkey


@dataclass
class Lease:
    """Held by one process; `ensure` brings back whatever has died since."""

    var_dir: Path
    services: tuple[Service, ...]

    def healthy(self) -> bool:
        return all(service.running() for service in self.services)

    def ensure(self) -> None:
        with _locked(self.var_dir, "start", fcntl.LOCK_EX):
            for service in self.services:
                service.start()


@contextmanager
def hold(var_dir: Path, *, postgres: bool = True, valkey: bool = True) -> Iterator[Lease]:
    """Have the chosen services running inside the block.

    Raises ServiceError with a sentence for the person at the terminal.
    """
    _make_var_dir(var_dir)
    database, broker = Postgres(var_dir), Valkey(var_dir)
    wanted: tuple[tuple[Service, bool], ...] = ((database, postgres), (broker, valkey))
    lease = Lease(var_dir, tuple(service for service, needed in wanted if needed))
    users = _open(var_dir, "users")
    try:
        with _locked(var_dir, "start", fcntl.LOCK_EX):
            fcntl.flock(users, fcntl.LOCK_SH)
            for service in lease.services:
                service.start()
        yield lease
    finally:
        with _locked(var_dir, "start", fcntl.LOCK_EX):
            if _is_last(users):
                # All of them: an earlier user may have started what this one did not need.
                try:
                    broker.stop()
                finally:
                    database.stop()
            # Unlocked, not only closed: a child may have inherited the file.
            fcntl.flock(users, fcntl.LOCK_UN)
        os.close(users)


def _is_last(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _locked(var_dir: Path, name: str, kind: int) -> Iterator[None]:
    descriptor = _open(var_dir, name)
    try:
        fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)


def _open(var_dir: Path, name: str) -> int:
    return os.open(var_dir / "locks" / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _make_var_dir(var_dir: Path) -> None:
    locks = var_dir / "locks"
    try:
        # Open to pass through, since the services may run as another user; each folder inside
        # is private.
        var_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        locks.mkdir(mode=0o700, exist_ok=True)
        owner = locks.stat().st_uid
    except OSError as error:
        raise ServiceError(
            f"{var_dir} cannot be used ({error.strerror}): set VAR_DIR to a folder of your own."
        ) from error
    if owner != os.geteuid():
        # Root could go on, and would leave files that the owner can no longer use.
        raise ServiceError(
            f"{var_dir} belongs to user {owner}: run this as that user, or set VAR_DIR."
        )
