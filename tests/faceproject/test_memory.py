from faceproject.embedded import memory

_MB = 1024 * 1024


def test_a_machine_of_16_gb_gives_an_eighth_to_shared_buffers() -> None:
    assert memory.postgres_settings(16 * 1024 * _MB)["shared_buffers"] == "2048MB"


def test_a_small_container_still_gets_sizes_postgres_accepts() -> None:
    settings = memory.postgres_settings(256 * _MB)
    assert settings["shared_buffers"] == settings["maintenance_work_mem"] == "64MB"


def test_this_machine_has_memory() -> None:
    assert memory.machine_memory() > 256 * _MB
