"""The system user the services run as, and the folders only that user may enter."""

import os
import pwd
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from faceproject.embedded.errors import ServiceError

# As root: a number no distribution hands out, inside the 65,536 that a container maps.
_PRIVATE_ID = 65_525
_LAUNCHER = Path(__file__).with_name("launch.py")


def service_id() -> int:
    """The user and group id of the services: our own, or a private one when we are root."""
    return _PRIVATE_ID if os.geteuid() == 0 else os.geteuid()


def named_id() -> int:
    """As `service_id`, but one with a name: `initdb` and single-user mode look themselves up."""
    if os.geteuid() != 0:
        try:
            return pwd.getpwuid(os.geteuid()).pw_uid
        except KeyError as error:
            raise ServiceError(
                f"PostgreSQL insists on a user with a name, and user {os.geteuid()} has none:"
                " run this as another user, or set DATABASE_URL."
            ) from error
    named = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0}
    if not named:
        raise ServiceError(
            "Run this as an ordinary user: PostgreSQL refuses root, and this machine has no other."
        )
    return named.get("nobody", max(named.values()))


def private_dir(path: Path, owner: int | None = None) -> Path:
    """Create a folder only `owner` may enter, or refuse one that somebody else prepared."""
    owner = service_id() if owner is None else owner
    try:
        path.mkdir(mode=0o700)
        path.chmod(0o700)  # whatever the umask
        if os.geteuid() == 0:
            os.chown(path, owner, owner)
    except FileExistsError:
        pass
    found = path.lstat()
    if (
        not stat.S_ISDIR(found.st_mode)
        or found.st_uid != owner
        or stat.S_IMODE(found.st_mode) & 0o077
    ):
        raise ServiceError(
            f"{path} is not a private folder of user {owner}: remove it, then try again."
        )
    return path


def give_away(folder: Path, owner: int) -> None:
    """Hand a folder and all it holds to `owner`; nothing to do unless we are root."""
    if os.geteuid() != 0:
        return
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent) / name, owner, owner, follow_symlinks=False)
    os.chown(folder, owner, owner)


def as_user(uid: int, program: Path, arguments: Sequence[str]) -> list[str]:
    """The command line that runs `program` as that user, from its working folder."""
    launcher = [sys.executable, "-I", "-S", str(_LAUNCHER)]
    return [*launcher, str(uid), str(uid), str(program), *arguments]


def start_server(
    program: Path, arguments: Sequence[str], cwd: Path, log: Path
) -> "subprocess.Popen[bytes]":
    """Start a server in a session of its own: Ctrl-C at the terminal is not meant for it."""
    with open_log(log) as output:
        return subprocess.Popen(
            as_user(service_id(), program, arguments),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


_LOG_LIMIT = 10 * 1024 * 1024  # bytes


def open_log(log: Path) -> IO[bytes]:
    """Append to a log, keeping one older file once it has grown large."""
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def last_lines(log: Path, count: int = 3) -> str:
    if not log.is_file():
        return ""
    return " ".join(log.read_text(errors="replace").splitlines()[-count:])
