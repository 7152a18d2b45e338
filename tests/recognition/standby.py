"""A primary and its streaming replica, made by the embedded server's own programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.core.management import call_command
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper

from faceproject.embedded import accounts, addresses, cluster
from faceproject.embedded.postgres import Postgres
from recognition.replicas import REPLICA

PATIENCE_S = 20


@dataclass
class Pair:
    primary: Postgres
    replica: Postgres

    def pause(self) -> None:
        """Let the replica fall behind."""
        self._on_replica("SELECT pg_wal_replay_pause()")

    def catch_up(self) -> None:
        """Wait until the replica knows all that the primary does."""
        self._on_replica("SELECT pg_wal_replay_resume()")
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_lsn()::text")
            written = cursor.fetchone()[0]
        end = time.monotonic() + PATIENCE_S
        while not self._on_replica(f"SELECT pg_last_wal_replay_lsn() >= '{written}'"):
            assert time.monotonic() < end, "the replica does not catch up"
            time.sleep(0.02)

    def _on_replica(self, statement: str) -> object:
        with connections[REPLICA].cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]


@contextmanager
def running() -> Iterator[Pair]:
    folder = Path(tempfile.mkdtemp(prefix="face-replica-"))
    folder.chmod(0o711)
    pair = Pair(*(Postgres(folder / name) for name in ("primary", REPLICA)))
    try:
        for server in (pair.primary, pair.replica):
            server.var_dir.mkdir(mode=0o711)
        _prepare(pair.primary)
        pair.primary.start()
        _base_backup(pair)
        pair.replica.start()
        with _connected(pair):
            call_command("migrate", verbosity=0)
            yield pair
    finally:
        for server in (pair.replica, pair.primary):
            server.stop()
        shutil.rmtree(folder)


def _prepare(primary: Postgres) -> None:
    """What a database administrator does for replication, and lets the tests hold it up."""
    cluster.create(primary.var_dir)
    accounts.give_away(primary.data, accounts.named_id())
    grants = [
        f"ALTER ROLE {addresses.ROLE} REPLICATION;",
        f"GRANT EXECUTE ON FUNCTION pg_wal_replay_pause() TO {addresses.ROLE};",
        f"GRANT EXECUTE ON FUNCTION pg_wal_replay_resume() TO {addresses.ROLE};",
    ]
    arguments = ["--single", "-D", str(primary.data), addresses.DATABASE]
    cluster._run(accounts.named_id(), primary.data, "postgres", arguments, "\n".join(grants) + "\n")
    with (primary.data / "pg_hba.conf").open("a") as access:
        access.write("local replication all scram-sha-256\n")
    accounts.give_away(primary.data, accounts.service_id())


def _base_backup(pair: Pair) -> None:
    secret = addresses.password_file(pair.primary.var_dir)
    shutil.copy(secret, addresses.password_file(pair.replica.var_dir))
    accounts.private_dir(pair.replica.data)
    arguments = ["-D", str(pair.replica.data), "--write-recovery-conf", "--checkpoint=fast"]
    where = ["-h", str(addresses.socket_dir(pair.primary.var_dir)), "-U", addresses.ROLE]
    subprocess.run(
        accounts.as_user(
            accounts.service_id(), cluster.program("pg_basebackup"), [*arguments, *where]
        ),
        cwd=pair.replica.data,
        env={**os.environ, "PGPASSWORD": secret.read_text().strip().rpartition(":")[2]},
        check=True,
        capture_output=True,
    )


@contextmanager
def _connected(pair: Pair) -> Iterator[None]:
    """Django's connections of this thread, instead of the test database's."""
    before = connections["default"]
    for alias, server in (("default", pair.primary), (REPLICA, pair.replica)):
        address = addresses.django_database(server.var_dir)
        connections[alias] = DatabaseWrapper({**before.settings_dict, **address}, alias)
    try:
        yield
    finally:
        for alias in ("default", REPLICA):
            connections[alias].close()
        del connections[REPLICA]
        connections["default"] = before
