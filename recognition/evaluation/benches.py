"""The benches there are, each run in a process of its own, and what they found as JSON.

To add one: write a row-maker, `def rows(*, full: bool) -> list[Row]`, and name it in BENCHES. It
may bind itself to a core, fill the database and start servers: nothing of it outlives its process.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, cast

from recognition.evaluation.bench_rows import Row


class RowMaker(Protocol):
    """full: take the minutes that the large measurements need."""

    def __call__(self, *, full: bool) -> list[Row]: ...


@dataclass(frozen=True, slots=True)
class Bench:
    """maker: `package.module.function`, imported only where it runs.

    quick: does `make bench` run it, too, which has five minutes for everything? own_site: give it
    an empty, migrated database, a VAR_DIR and a broker of its own, which are gone afterwards;
    otherwise it runs beside the site as it is and must leave no trace. one_core: the process is
    bound to one processor core, and numpy's own products with it.
    """

    maker: str
    quick: bool = True
    own_site: bool = False
    one_core: bool = False


BENCHES: dict[str, Bench] = {
    "engine": Bench("recognition.evaluation.bench_engine.rows", one_core=True),
    "embedding": Bench("recognition.evaluation.bench_embedding.rows", one_core=True),
    "memory": Bench("recognition.evaluation.bench_memory.rows", own_site=True),
    "find": Bench("recognition.evaluation.bench_find.find_rows", own_site=True),
    "http": Bench("recognition.evaluation.bench_http.rows", own_site=True),
    "import": Bench("recognition.evaluation.bench_import.rows", own_site=True),
    "login": Bench("recognition.evaluation.bench_login.rows", own_site=True),
    "million": Bench("recognition.evaluation.bench_million.rows", quick=False, own_site=True),
    "search": Bench("recognition.evaluation.bench_find.search_rows", own_site=True),
    "reembedding": Bench("recognition.evaluation.bench_reembedding.rows", own_site=True),
}
_ONE_BLAS_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def chosen(only: Sequence[str], *, full: bool) -> dict[str, Bench]:
    """Those of these names, or, without names, all of the set."""
    return {
        name: bench
        for name, bench in BENCHES.items()
        if (name in only if only else full or bench.quick)
    }


def make_rows(name: str, *, full: bool) -> list[Row]:
    """Measure here, in this process."""
    if BENCHES[name].one_core:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    module, _, function = BENCHES[name].maker.rpartition(".")
    return cast(RowMaker, getattr(importlib.import_module(module), function))(full=full)


def run(name: str, *, full: bool, site: Mapping[str, str]) -> dict[str, Any] | None:
    """Measure in a child process; None when it failed, which it says itself on stderr.

    site: environment that a bench with a site of its own keeps of this one, as its models.
    """
    with tempfile.TemporaryDirectory(prefix="face-bench-") as folder:
        Path(folder).chmod(0o711)  # as root, the services run as another user
        out = Path(folder) / "found.json"
        command = [sys.executable, sys.argv[0], "bench", "--only", name, "--here", str(out)]
        with _environment(name, Path(folder), site) as environment:
            started = time.monotonic()
            done = subprocess.run(
                [*command, *(["--full"] if full else [])],
                env=environment,
                stdout=sys.stderr,
                check=False,
            )
        if done.returncode or not out.is_file():
            return None
        return {
            "bench": name,
            "full": full,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - started, 1),
            "machine": machine(),
            "rows": json.loads(out.read_text()),
        }


@contextmanager
def _environment(name: str, folder: Path, site: Mapping[str, str]) -> Iterator[dict[str, str]]:
    of_process = {**os.environ, **(_ONE_BLAS_THREAD if BENCHES[name].one_core else {})}
    if not BENCHES[name].own_site:
        yield of_process
        return
    var_dir = folder / "site"
    var_dir.mkdir(mode=0o711)
    yield {
        **of_process,
        "ALLOWED_HOSTS": "127.0.0.1",
        "HTTPS": "off",
        "DATABASE_URL": "",
        "CELERY_BROKER_URL": "",
        "CLOCK_REPEAT_SECONDS": "0",  # each clock-in is an event of its own
        "THROTTLE_ADDRESS": "1000000/min",
        "THROTTLE_ACCOUNT": "1000000/min",
        **site,
        "VAR_DIR": str(var_dir),
    }


def machine() -> dict[str, Any]:
    """What the numbers depend on."""
    return {
        "processor": _processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    with open("/proc/cpuinfo") as lines:
        return next((line.split(":", 1)[1].strip() for line in lines if "model name" in line), "")


def row_of(found: Mapping[str, Any]) -> Row:
    """A row from its JSON."""
    return Row(**{key: value for key, value in found.items() if key != "is_met"})


def keep(found: Mapping[str, Any], folder: Path) -> Path:
    """Write one bench's result, whole or not at all, in place of its last one."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{found['bench']}.json"
    handle, name = tempfile.mkstemp(dir=folder, suffix=".tmp")
    with os.fdopen(handle, "w") as file:
        json.dump(found, file, ensure_ascii=False, indent=1)
    Path(name).replace(target)
    return target
