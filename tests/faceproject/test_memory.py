from pathlib import Path

import pytest

from faceproject.embedded import memory

_MB = 1024 * 1024


def test_a_machine_of_16_gb_gives_an_eighth_to_shared_buffers() -> None:
    assert memory.postgres_settings(16 * 1024 * _MB)["shared_buffers"] == "2048MB"


def test_shared_buffers_grow_with_what_is_stored_up_to_a_quarter_of_the_machine() -> None:
    def shared(stored: int) -> str:
        return memory.postgres_settings(8 * 1024 * _MB, stored * _MB)["shared_buffers"]

    assert [shared(stored) for stored in (0, 900, 1500, 9000)] == [
        "1024MB", "1024MB", "1500MB", "2048MB"
    ]  # fmt: skip


def test_what_is_stored_is_the_tables_and_not_the_log(tmp_path: Path) -> None:
    assert memory.stored_in(tmp_path) == 0
    (tmp_path / "base" / "5").mkdir(parents=True)
    (tmp_path / "base" / "5" / "16384").write_bytes(b"table")
    (tmp_path / "pg_wal").mkdir()
    (tmp_path / "pg_wal" / "1").write_bytes(b"log")
    assert memory.stored_in(tmp_path) == 5


def test_a_small_container_still_gets_sizes_postgres_accepts() -> None:
    settings = memory.postgres_settings(256 * _MB)
    assert settings["shared_buffers"] == settings["maintenance_work_mem"] == "64MB"


def test_this_machine_has_memory() -> None:
    assert memory.machine_memory() > 256 * _MB


def test_a_small_dev_shm_is_not_used_by_builds_that_would_not_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def dev_shm(megabytes: int) -> None:
        monkeypatch.setattr(memory, "_dev_shm_holds", lambda size: 2 * size <= megabytes * _MB)

    dev_shm(64)  # a container's
    assert memory.postgres_settings(8192 * _MB)["dynamic_shared_memory_type"] == "sysv"
    dev_shm(1024)  # twice what maintenance takes here, and not what an index takes
    assert memory.postgres_settings(8192 * _MB)["dynamic_shared_memory_type"] == "sysv"
    dev_shm(2048)
    assert "dynamic_shared_memory_type" not in memory.postgres_settings(8192 * _MB)
