"""A whole site of its own, in a folder of its own, to be hurt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg

from faceproject.embedded import addresses

ROOT = Path(__file__).resolve().parent.parent.parent


class Site:
    """The supervisor with all it runs, on a free port, with real networks and services."""

    def __init__(self, var_dir: Path, **settings: str) -> None:
        self.var_dir = var_dir
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PYTEST")},
            "VAR_DIR": str(var_dir),
            "PORT": "0",
            "DEMO": "off",
            "WORKER_PROCESSES": "1",
            "ADMIN_PASSWORD": "only for this test",
            **settings,
        }
        self._supervisor: subprocess.Popen[str] | None = None
        self._port = 0

    @property
    def address(self) -> str:
        return f"http://localhost:{self._port}"

    def start(self) -> None:
        """Return when the site answers."""
        self._supervisor = subprocess.Popen(
            [sys.executable, "-m", "faceproject.supervisor"],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self._supervisor.stdout is not None
        said = []
        for line in self._supervisor.stdout:
            said.append(line)
            if line.startswith("The site runs at"):
                self._port = int(line.rstrip().rstrip("/").rpartition(":")[2])
                return
        raise AssertionError("the site did not start:\n" + "".join(said))

    def stop(self) -> None:
        if self._supervisor is not None:
            self._supervisor.send_signal(signal.SIGINT)
            self._supervisor.communicate(timeout=60)

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    def started(self, *arguments: str) -> subprocess.Popen[str]:
        """A command that goes on; what it says can be read."""
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**self._environment, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    # --- Hurting it -----------------------------------------------------------------------

    def kill(self, what: str) -> None:
        """`kill -9` the processes of this site whose command line holds `what`."""
        _kill(self._running(what))

    @contextmanager
    def suspended(self, what: str) -> Iterator[None]:
        """Meanwhile they do nothing."""
        found = self._running(what)
        for process in found:
            process.suspend()
        try:
            yield
        finally:
            for process in found:
                process.resume()

    def _running(self, what: str) -> list[psutil.Process]:
        found = [process for process in self._processes() if what in _command(process)]
        assert found, f"no process runs {what}"
        return found

    def kill_everything(self) -> None:
        assert self._supervisor is not None
        _kill([psutil.Process(self._supervisor.pid), *self._processes()])
        self._supervisor.communicate(timeout=60)

    def _processes(self) -> list[psutil.Process]:
        """All that belong to this site: by its folder, in the environment or among the words."""
        return [process for process in psutil.process_iter() if self._owns(process)]

    def _owns(self, process: psutil.Process) -> bool:
        try:
            mine = process.environ().get("VAR_DIR") == str(self.var_dir)
            return (mine and process.pid != os.getpid()) or str(self.var_dir) in _command(process)
        except psutil.Error:
            return False

    # --- Looking at it --------------------------------------------------------------------

    def photos(self, state: str) -> int:
        return self.number("SELECT count(*) FROM people_faceimage WHERE state = %s", state)

    def number(self, query: str, *values: str) -> int:
        with self.connect() as connection:
            row = connection.execute(query.encode(), values).fetchone()
        assert row is not None
        return int(row[0])

    def connect(self) -> psycopg.Connection:
        """Committed and closed by `with`."""
        database = addresses.django_database(self.var_dir)
        return psycopg.connect(
            host=database["HOST"],
            port=5432,
            dbname=database["NAME"],
            user=database["USER"],
            passfile=database["OPTIONS"]["passfile"],
        )

    def wait_until(
        self, condition: Callable[[], bool], seconds: float, what: str, *, every: float = 0.1
    ) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if condition():
                    return
            except psycopg.OperationalError:
                pass  # it was just killed, and comes back
            time.sleep(every)
        raise AssertionError(f"{what} did not happen within {seconds:.0f} s")


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(processes, timeout=10)
