"""Where the embedded services live and listen. Pure: nothing is started, created or connected."""

import hashlib
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROLE = DATABASE = "face"
_SOCKET_PATH_LIMIT = 90  # the kernel refuses 108 bytes; a socket's own name needs the rest


def socket_dir(var_dir: Path) -> Path:
    """The private folder of the sockets: inside `var_dir`, or short when that path is long."""
    inside = var_dir / "run"
    if len(os.fsencode(inside)) <= _SOCKET_PATH_LIMIT - 20:
        return inside
    digest = hashlib.sha256(os.fsencode(var_dir)).hexdigest()[:12]
    # Not $TMPDIR: two processes that differ in it must still find each other.
    return Path(f"/tmp/face-{os.getuid()}-{digest}")  # noqa: S108


def password_file(var_dir: Path) -> Path:
    """In libpq's own format, so that every client reads it when it connects, and not before."""
    return var_dir / "postgres.password"


def valkey_socket(var_dir: Path) -> Path:
    return socket_dir(var_dir) / "valkey.sock"


def django_database(var_dir: Path) -> dict[str, Any]:
    """Django's DATABASES entry of the embedded Postgres, without OPTIONS of the site's own."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": DATABASE,
        "USER": ROLE,
        "HOST": str(socket_dir(var_dir)),
        "PORT": "5432",
        "OPTIONS": {"passfile": str(password_file(var_dir))},
    }


def cache_beside(broker: str) -> str:
    """The same server's next database, for what may be forgotten; empty for another kind."""
    if broker.startswith("redis+socket://"):
        path = broker.removeprefix("redis+socket://").partition("?")[0]
        return f"unix://{path}?db=1"
    parts = urlsplit(broker)
    if parts.scheme in ("redis", "rediss"):
        return parts._replace(path="/1").geturl()
    return ""


def celery_broker(var_dir: Path) -> str:
    return f"redis+socket://{valkey_socket(var_dir)}"
