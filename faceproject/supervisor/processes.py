"""The site's own processes: started, started again when they die, stopped together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from faceproject.embedded.accounts import open_log

_CHILD = Path(__file__).with_name("child.py")
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 30.0  # seconds before a dead process is started again
_HEALTHY_AFTER = 60.0  # seconds of life that make a death count as the first one
_POLL = 0.05  # seconds


@dataclass
class Child:
    """One process. `module` and `arguments` follow `python -m`."""

    name: str
    module: str
    arguments: Sequence[str]
    log: Path
    cwd: Path
    niceness: int = 0
    inherited: Sequence[int] = ()  # open files, by number
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    _started: float = 0.0
    _deaths: int = 0
    _due: float = 0.0

    def start(self) -> None:
        launcher = [sys.executable, "-I", "-S", str(_CHILD), str(os.getpid()), str(self.niceness)]
        with open_log(self.log) as output:
            self._process = subprocess.Popen(
                [*launcher, sys.executable, "-m", self.module, *self.arguments],
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=tuple(self.inherited),
                # Ctrl-C goes to the supervisor, which stops its processes in order.
                start_new_session=True,
            )
        self._started = time.monotonic()

    def revive(self) -> str | None:
        """Start again what has died, later each time. Says so when it notices a death."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._due:
                self.start()
            return None
        status = self._process.poll()
        if status is None:
            return None
        self._deaths = 0 if now - self._started > _HEALTHY_AFTER else self._deaths
        delay = min(_FIRST_DELAY * 2**self._deaths, _LONGEST_DELAY)
        self._deaths, self._due, self._process = self._deaths + 1, now + delay, None
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return f"The {self.name} ended ({how}); it starts again. Its log is {self.log}."

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def send(self, signum: signal.Signals) -> None:
        """Signal the process and, but for a polite request, all it has started."""
        if self._process is None:
            return
        try:
            if signum == signal.SIGTERM:
                os.kill(self._process.pid, signum)
            else:
                os.killpg(self._process.pid, signum)
        except ProcessLookupError:
            pass


def stop(children: Iterable[Child], patience: float) -> None:
    """Ask all to end; kill what has not after `patience` seconds."""
    children = list(children)
    for child in children:
        if child.running():
            child.send(signal.SIGTERM)
    deadline = time.monotonic() + patience
    while any(child.running() for child in children) and time.monotonic() < deadline:
        time.sleep(_POLL)
    for child in children:
        child.send(signal.SIGKILL)  # also what a dead process has left behind
    while any(child.running() for child in children):
        time.sleep(_POLL)
