"""How many workers, from which queues, and when one is replaced."""

from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest
from celery.worker import state
from django.conf import settings
from django.core.management import CommandError, call_command
from pytest_django import Settings

from faceproject import brokers, recycling
from faceproject.management.commands.worker import default_processes
from faceproject.supervisor import site
from recognition.engine.errors import WeightsUnavailable
from tests.fixtures import Enrol

GB = 1024**3


@pytest.mark.parametrize(
    ("cores", "memory", "processes"),
    [(2, 8 * GB, 2), (64, 8 * GB, 10), (8, GB, 1), (1, 64 * GB, 1)],
)
def test_there_are_as_many_workers_as_cores_and_memory_hold(
    cores: int, memory: int, processes: int
) -> None:
    assert default_processes(cores=cores, memory=memory) == processes


def test_every_worker_takes_what_somebody_waits_for_first() -> None:
    for worker in site.workers(2):
        queues = worker.arguments[list(worker.arguments).index("--queues") + 1]
        assert queues == "celery,reembedding"


def test_queues_that_do_not_exist_are_a_mistake_of_the_call() -> None:
    for arguments in (["--queues", "nothing"], ["--processes", "0"]):
        with pytest.raises(CommandError):
            call_command("worker", *arguments)


@pytest.mark.django_db
def test_a_worker_that_does_not_see_the_photos_refuses_to_start(
    enrol: Enrol, settings: Settings, tmp_path: Path
) -> None:
    enrol("Ann", 10)
    settings.VAR_DIR = tmp_path
    settings.PHOTOS_DIR = tmp_path / "of this machine alone"
    with pytest.raises(CommandError, match="set PHOTOS_DIR") as refused:
        call_command("worker")
    assert refused.value.returncode == 2


@pytest.mark.django_db
def test_a_worker_without_networks_fetches_them_first(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.VAR_DIR, settings.MODELS_DIR = tmp_path, tmp_path / "models"
    fetch = Mock(side_effect=WeightsUnavailable("There is no network here."))
    monkeypatch.setattr("recognition.engine.fetch.fetch", fetch)
    with pytest.raises(SystemExit) as end:
        call_command("worker")
    assert end.value.code == 2
    assert fetch.call_args.args == (tmp_path / "models",)


def test_a_worker_grown_too_large_ends_after_its_task(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "should_stop", None)
    assert recycling.resident_mb() > 1
    settings.WORKER_MAX_MB = 10**9
    recycling.end_if_too_large()
    assert state.should_stop is None
    settings.WORKER_MAX_MB = 1
    recycling.end_if_too_large()
    assert state.should_stop == 0


def test_what_the_clock_asks_for_is_forgotten_when_no_worker_comes() -> None:
    entries = cast("dict[str, dict[str, Any]]", settings.CELERY["beat_schedule"])
    for entry in entries.values():
        assert entry["schedule"] <= entry["options"]["expires"] <= 24 * 3600


def test_each_kind_of_broker_has_its_own_settings() -> None:
    assert brokers.transport_options("amqp://host//") == {"confirm_publish": True}
    for address in ("redis://host/0", "rediss://host/0", "redis+socket:///run/valkey.sock"):
        assert brokers.transport_options(address)["visibility_timeout"] <= 30


def test_re_embedding_has_a_queue_of_its_own() -> None:
    routes = settings.CELERY["task_routes"]
    assert routes == {"recognition.tasks.reembed_chunk": {"queue": "reembedding"}}
