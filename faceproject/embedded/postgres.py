"""The embedded PostgreSQL: the binaries of a wheel, run by ourselves.

The wheel's own server class trusts every local user, opens its socket folder to all as root and
gives a crash recovery ten seconds. Here: a Unix socket in a private folder, a random password,
and as much time as recovery takes.
"""

import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from psycopg import pq

from faceproject.embedded import accounts, addresses, cluster, memory
from faceproject.embedded.errors import ServiceError

_POLL = 0.05  # seconds
_PATIENCE = 3.0  # seconds without a word to the person who waits
_STOP_FAST = 20.0  # seconds before a stop turns immediate, which the next start repairs
_NO_PROCESS = 4_194_305  # beyond the kernel's largest possible process id
_BACKENDS_REMAIN = "pre-existing shared memory block"


@dataclass
class Postgres:
    """One server for one VAR_DIR. Whoever starts or stops it holds the lease's start lock."""

    var_dir: Path
    _server: accounts.Server | None = field(default=None, repr=False)

    @property
    def data(self) -> Path:
        return cluster.data_dir(self.var_dir)

    @property
    def log(self) -> Path:
        return self.var_dir / "logs" / "postgres.log"

    def ping(self) -> pq.Ping:
        host = _quoted(addresses.socket_dir(self.var_dir))
        answer = pq.PGconn.ping(f"host='{host}' dbname=postgres connect_timeout=5".encode())
        return pq.Ping(answer)

    def running(self) -> bool:
        return self.ping() == pq.Ping.OK

    def start(self) -> None:
        """Return once the server answers; recovery after a crash may take minutes."""
        if self.running():
            return
        accounts.private_dir(addresses.socket_dir(self.var_dir))
        if not self.data.exists():
            cluster.create(self.var_dir)
        elif not addresses.password_file(self.var_dir).is_file():
            cluster.reset_password(self.var_dir)
        if self.data.stat().st_uid != accounts.service_id():  # a reset was cut short
            accounts.give_away(self.data, accounts.service_id())
        began = time.monotonic()
        while not self._start_once():
            # Backends of a killed server have not noticed yet.
            if time.monotonic() - began > 60:
                raise ServiceError(f"PostgreSQL does not start; its log is {self.log}.")
            time.sleep(0.5)

    def _start_once(self) -> bool:
        """False when a server that was there before is only now going: try again soon."""
        pid, launched = self._postmaster(), None
        if pid is None:
            self._reap()
            self._forget_dead_postmaster()
            self._server = launched = self._launch()
            pid = launched.process.pid
        began, told = time.monotonic(), False
        while (ping := self.ping()) != pq.Ping.OK:
            if not self._lives(pid):
                if launched is not None and _BACKENDS_REMAIN not in launched.said():
                    raise ServiceError(
                        f"PostgreSQL does not start: {launched.complaint()} (log: {self.log})"
                    )
                return False
            if not told and time.monotonic() - began > _PATIENCE:
                told = True
                what = "recovers from a crash" if ping == pq.Ping.REJECT else "starts"
                sys.stderr.write(f"PostgreSQL {what}; its log is {self.log}.\n")
            time.sleep(_POLL)
        return True

    def stop(self) -> None:
        pid = self._postmaster()
        if pid is None:
            self._reap()
            return
        os.kill(pid, signal.SIGINT)  # "fast": open transactions are rolled back
        deadline = time.monotonic() + _STOP_FAST
        while self._lives(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGQUIT)
                deadline = float("inf")
            time.sleep(_POLL)
        self._reap()

    def _reap(self) -> None:
        """Take the exit status of a server of ours that has ended."""
        if self._server is not None:
            self._server.process.wait()
            self._server = None

    # --- The process ----------------------------------------------------------------------

    def _launch(self) -> accounts.Server:
        settings = {
            **memory.postgres_settings(memory.machine_memory(), memory.stored_in(self.data)),
            "listen_addresses": "",
            "unix_socket_directories": f'"{addresses.socket_dir(self.var_dir)}"',
            "unix_socket_permissions": "0700",
            "max_wal_size": "2GB",
            "timezone": "UTC",
            # The log keeps the fault and not its statement or row: those hold names and vectors.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        arguments = ["-D", str(self.data), *options]
        return accounts.start_server(cluster.program("postgres"), arguments, self.data, self.log)

    def _postmaster(self) -> int | None:
        """The process id of the server of our data, if it lives."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        return pid if self._lives(pid) else None

    def _lives(self, pid: int) -> bool:
        """Process ids are used again, in containers at once: look at what runs under this one."""
        if self._server is not None and self._server.process.pid == pid:
            return not self._server.ended()
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            # A system without /proc: believe the file.
            return not Path("/proc/self").exists() and _exists(pid)
        return os.fsencode(self.data) in command

    def _forget_dead_postmaster(self) -> None:
        """Let a start pass over the process id of a dead server that another program has now.

        The data's file stays: its last lines let PostgreSQL see whether old backends still run.
        """
        file = self.data / "postmaster.pid"
        if file.is_file():
            lines = file.read_text().split("\n")
            lines[0] = str(_NO_PROCESS)
            file.write_text("\n".join(lines))
        addresses.socket_dir(self.var_dir).joinpath(".s.PGSQL.5432.lock").unlink(missing_ok=True)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _quoted(path: Path) -> str:
    """A path as a value of a connection string."""
    return str(path).replace("\\", "\\\\").replace("'", "\\'")
