import pytest

from faceproject.embedded import memory

_MB = 1024 * 1024


def test_a_machine_of_16_gb_gives_an_eighth_to_shared_buffers() -> None:
    assert memory.postgres_settings(16 * 1024 * _MB)["shared_buffers"] == "2048MB"


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
