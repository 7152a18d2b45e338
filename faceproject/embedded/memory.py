"""How much memory the embedded Postgres may count on, and what reading from it costs."""

import os
from pathlib import Path

_CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_MB = 1024 * 1024


def machine_memory() -> int:
    """Bytes of memory: the machine's, or the container's when that is less."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in _CGROUP_LIMITS:
        if limit.is_file() and (text := limit.read_text().strip()).isdigit():
            total = min(total, int(text))
    return total


def stored_in(data: Path) -> int:
    """Bytes of all tables and indexes of a data folder; 0 where there is none yet."""
    total = 0
    for file in (data / "base").glob("*/*"):
        try:
            total += file.stat().st_size
        except FileNotFoundError:  # a backend that outlives its server still tidies up
            continue
    return total


def postgres_settings(memory: int, stored: int = 0) -> dict[str, str]:
    """PostgreSQL's sizes for a machine of `memory` bytes that also runs the site and its models.

    stored: bytes of the tables and indexes at the start. The index of a gallery has to fit
    shared_buffers, or search slows down: they grow with what is stored, up to a quarter of the
    machine. Whoever builds an index takes up to a quarter of effective_cache_size for it, and every
    core but one beside its own.
    """
    usual = min(max(memory // 8, 64 * _MB), 8192 * _MB)
    shared = max(usual, min(stored, memory // 4))
    maintenance = min(max(memory // 32, 64 * _MB), 2048 * _MB)
    cache = memory // 2
    settings = {
        "shared_buffers": f"{shared // _MB}MB",
        "effective_cache_size": f"{cache // _MB}MB",
        "maintenance_work_mem": f"{maintenance // _MB}MB",
        # What is looked up here and there lies in memory or on a disk without heads. At the default
        # of 4 a small gallery is searched by reading the whole of a large one.
        "random_page_cost": "1.1",
        "max_parallel_maintenance_workers": str(min(max((os.cpu_count() or 2) - 1, 1), 7)),
    }
    if not _dev_shm_holds(max(cache // 4, maintenance)):
        # A container's /dev/shm is 64 MB: a parallel index build would run out of it.
        settings["dynamic_shared_memory_type"] = "sysv"
    return settings


def _dev_shm_holds(size: int) -> bool:
    shm = Path("/dev/shm")  # noqa: S108
    if not shm.is_dir():
        return True
    status = os.statvfs(shm)
    return status.f_frsize * status.f_blocks >= 2 * size
