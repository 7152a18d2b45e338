"""The end of a run: all of it or nothing, and a model with an index that finds people."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections

from people.models import EmbeddingModel, Person
from recognition import search, upkeep
from recognition.matching import Candidate
from recognition.models import ModelChange, ReembeddingRun
from recognition.reembedding import finishing, runs, switching
from recognition.reembedding.chunks import embed_chunk
from recognition.reembedding.switching import CannotActivate
from tests.fixtures import Enrol
from tests.recognition.reembedding.conftest import build

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_S = 20
# Another process that ends a run, and dies of `kill -9` at one moment of it.
DIES = """
import os, signal, sys
import django
django.setup()
from django.db import connection
connection.settings_dict["NAME"], run, moment = sys.argv[1:]
from recognition.reembedding import finishing, switching
activate = switching.activate
def die(**asked):
    if moment == "after":
        activate(**asked)
    os.kill(os.getpid(), signal.SIGKILL)
switching.activate = die
finishing.finish(int(run))
"""


@pytest.fixture
def staff(enrol: Enrol) -> list[Person]:
    return [enrol(f"P{angle}", angle) for angle in (0, 60, 120)]


def at_its_end(model: EmbeddingModel, **options: Any) -> ReembeddingRun:
    """A run whose photos are embedded, and nothing else."""
    run = runs.start(model=model, **options)
    for chunk in run.chunks.all():
        embed_chunk(chunk.pk)
    return run


def states(run: ReembeddingRun) -> tuple[str, str]:
    """Of the run and of its model."""
    run.refresh_from_db()
    return run.state, run.model.state


# --- All or nothing -------------------------------------------------------------------------


def test_asked_to_activate_while_the_index_is_built_a_run_does_at_its_next_try(
    staff: list[Person], other: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = at_its_end(other)
    build = finishing._indexed

    def build_meanwhile(model: EmbeddingModel) -> float:
        runs.change(run=run, activate_when_done=True)
        return build(model)

    monkeypatch.setattr(finishing, "_indexed", build_meanwhile)
    finishing.finish(run.pk)
    assert states(run)[0] == "running"
    finishing.finish(run.pk)
    other.refresh_from_db()
    assert (states(run)[0], other.state) == ("done", "active")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_while_it_activates_a_run_is_ended_by_the_sweep(
    staff: list[Person], other: EmbeddingModel, moment: str
) -> None:
    run = at_its_end(other, activate_when_done=True)
    database = str(connection.settings_dict["NAME"])
    killed = subprocess.run(
        [sys.executable, "-c", DIES, database, str(run.pk), moment],
        cwd=settings.BASE_DIR,
        env=os.environ,
        timeout=PATIENCE_S,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert states(run) == ("running", "building")
    deadline = time.monotonic() + PATIENCE_S
    while states(run)[0] == "running" and time.monotonic() < deadline:
        upkeep.sweep()
    assert states(run) == ("done", "active")
    assert [change.model for change in ModelChange.objects.all()] == [other]


def test_nobody_sees_a_run_done_before_its_activation_is_decided(
    staff: list[Person], other: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = at_its_end(other, activate_when_done=True)
    seen: list[str] = []
    obstacles = switching.obstacles

    def look() -> str:
        try:
            return ReembeddingRun.objects.get(pk=run.pk).state
        finally:
            connections.close_all()

    def seen_from_outside(*asked: Any, **options: Any) -> Any:
        with ThreadPoolExecutor(1) as outside:
            seen.append(outside.submit(look).result())
        return obstacles(*asked, **options)

    monkeypatch.setattr(switching, "obstacles", seen_from_outside)
    runs.go_on(run.pk)
    assert set(seen) == {"running"}
    assert states(run) == ("done", "active")


def test_paused_while_its_index_is_checked_a_run_does_not_end(
    staff: list[Person], other: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = at_its_end(other, activate_when_done=True)

    def pause_meanwhile(_model: EmbeddingModel) -> float:
        runs.pause(run=run)
        return 1.0

    with monkeypatch.context() as patch:
        patch.setattr(finishing, "recall_of", pause_meanwhile)
        runs.go_on(run.pk)
    assert states(run) == ("paused", "building")
    runs.resume(run=run)
    runs.go_on(run.pk)
    assert states(run) == ("done", "active")


def test_a_model_somebody_activated_meanwhile_is_no_failure(
    staff: list[Person], other: EmbeddingModel
) -> None:
    build(other)
    run = at_its_end(other, activate_when_done=True)
    switching.activate(model=other)
    runs.go_on(run.pk)
    assert states(run) == ("done", "active")
    assert run.error == ""


# --- The index --------------------------------------------------------------------------------


@pytest.fixture
def outgrown(
    staff: list[Person], other: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EmbeddingModel]:
    """A model with more people than are searched exactly."""
    monkeypatch.setattr(search, "EXACT_LIMIT", len(staff) - 1)
    yield other
    for model in EmbeddingModel.objects.all():
        search.drop_index(model)


def test_the_index_is_built_and_checked_before_a_model_is_ready(outgrown: EmbeddingModel) -> None:
    run = at_its_end(outgrown)
    assert search.index_state(outgrown) == "missing"
    runs.go_on(run.pk)
    assert states(run) == ("done", "ready")
    assert run.recall == 1.0
    assert search.index_state(outgrown) == "valid"
    assert run.model.search_index == search.index_name(outgrown)


def test_recall_is_how_often_the_search_finds_whom_exact_search_does(
    staff: list[Person], outgrown: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(outgrown)
    first = search.Found(pk=staff[0].pk, public_id="", name="")
    monkeypatch.setattr(search, "nearest", lambda *_, **__: [Candidate(who=first, distance=0.1)])
    assert finishing.recall_of(outgrown) == pytest.approx(1 / 3)


def test_an_index_that_finds_too_few_is_dropped_and_the_run_says_why(
    outgrown: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = at_its_end(outgrown, activate_when_done=True)
    with monkeypatch.context() as patch:
        patch.setattr(finishing, "recall_of", lambda _model: finishing.LEAST_RECALL - 0.5)
        runs.go_on(run.pk)
    assert states(run) == ("running", "building")
    assert run.error == "The index finds 48% of the people; it is built again."
    assert (search.index_state(outgrown), run.model.search_index) == ("missing", "")
    runs.go_on(run.pk)
    assert states(run) == ("done", "active")
    assert (search.index_state(outgrown), run.error) == ("valid", "")


def test_an_index_somebody_else_is_building_is_waited_for(outgrown: EmbeddingModel) -> None:
    run = at_its_end(outgrown)
    builder = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        with builder.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext('hnsw'), %s)", [outgrown.pk])
            runs.go_on(run.pk)
            assert states(run) == ("running", "building")
            assert run.error == "The index is still being built."
            cursor.execute("SELECT pg_advisory_unlock(hashtext('hnsw'), %s)", [outgrown.pk])
    finally:
        builder.close()
    runs.go_on(run.pk)
    assert states(run) == ("done", "ready")


def test_a_ready_model_without_the_index_it_needs_is_not_activated(
    outgrown: EmbeddingModel,
) -> None:
    build(outgrown)
    search.drop_index(outgrown)
    with pytest.raises(CannotActivate) as refused:
        switching.activate(model=outgrown)
    assert refused.value.code == "index_missing"
    upkeep.sweep()
    assert switching.activate(model=outgrown).model == outgrown
