"""The commands, as an operator gives them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from celery import current_app
from django.core.management import CommandError, call_command
from kombu.exceptions import OperationalError

from people.models import EmbeddingModel, Person
from people.services import erase
from recognition.management.commands import reembed
from recognition.models import ReembeddingRun
from recognition.reembedding import runs
from recognition.reembedding.switching import kept_back
from tests.fixtures import Enrol
from tests.recognition.reembedding.conftest import OtherEngine, build

pytestmark = pytest.mark.usefixtures("staff")


@pytest.fixture
def staff(enrol: Enrol) -> None:
    for angle in (0, 60, 120):
        enrol(f"P{angle}", angle)


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and what was said, on both streams."""
    out = io.StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def run_json(*arguments: str) -> tuple[int, dict[str, Any]]:
    code, text = run(*arguments, "--json")
    found: dict[str, Any] = json.loads(text.splitlines()[0])
    return code, found


def test_a_model_is_added_re_embedded_activated_and_rolled_back(
    other_engine: OtherEngine, model: EmbeddingModel
) -> None:
    code, added = run_json("add_model", "other", "--margin", "-0.1", "--align", "rotate")
    assert (code, added["model"], added["recipe"]["align"]) == (0, "other v1", "rotate")
    code, done = run_json("reembed", "other v1", "--here")
    assert (code, done["state"], done["settled"], done["model_state"]) == (0, "done", 3, "ready")
    code, refused = run_json("activate_model", "other")
    assert (code, refused["error"]["code"]) == (2, "uncalibrated")
    code, switched = run_json("activate_model", "other", "--override", "uncalibrated")
    assert (code, switched["active"], switched["overrides"]) == (0, "other v1", ["uncalibrated"])
    code, back = run_json("rollback_model")
    assert (code, back["active"], back["missing_people"]) == (0, str(model), 0)
    code, retired = run_json("retire_model", "other")
    assert (code, retired) == (0, {"retired": "other v1"})


def test_failures_are_listed_with_their_reasons(
    other: EmbeddingModel, other_engine: OtherEngine
) -> None:
    other_engine.blind_to = {60}
    code, done = run_json("reembed", "other", "--here")
    assert code == 0
    assert [(one["person"], one["code"]) for one in done["failures"]] == [("P60", "no_face")]
    other_engine.blind_to = {60}
    code, said = run("reembed", "other", "--here", "--activate-when-done")
    assert code == 1
    assert "P60" in said
    assert "would be left without a vector" in said


def test_a_run_is_paused_resumed_and_cancelled(other: EmbeddingModel) -> None:
    assert run_json("reembed", "other", "--pause") == (
        2,
        {"error": {"code": "no_run", "message": "No re-embedding for other v1 is under way."
                   " Start one."}},
    )  # fmt: skip
    run("reembed", "other", "--rate", "0.5")
    states = []
    for option in ("--pause", "--resume", "--cancel"):
        code, found = run_json("reembed", "other", option)
        states.append((code, found["state"]))
    assert states == [(0, "paused"), (0, "running"), (0, "cancelled")]


def test_started_twice_it_is_one_run(other: EmbeddingModel) -> None:
    run("reembed", "other")
    code, said = run("reembed", "other")
    assert (code, ReembeddingRun.objects.count()) == (0, 1)
    assert "under way already" in said


# --- Watched to its end ---------------------------------------------------------------------

Meanwhile = Callable[[Callable[[ReembeddingRun], object]], None]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """meanwhile(act): what somebody else does to the run between two looks of --watch."""

    def meanwhile(act: Callable[[ReembeddingRun], object]) -> None:
        def sleep(_seconds: float) -> None:
            act(ReembeddingRun.objects.get())

        monkeypatch.setattr(reembed, "time", SimpleNamespace(sleep=sleep))

    return meanwhile


def embed(run: ReembeddingRun) -> None:
    """As a worker does."""
    runs.work_one(run.pk)


def test_a_watched_run_that_is_done_ends_with_0(
    other: EmbeddingModel, meanwhile: Meanwhile
) -> None:
    meanwhile(embed)
    code, found = run_json("reembed", "other", "--watch")
    assert (code, found["state"], found["settled"], found["model_state"]) == (0, "done", 3, "ready")


@pytest.mark.parametrize(
    ("end", "state"), [(runs.pause, "paused"), (runs.cancel, "cancelled")], ids=["pause", "cancel"]
)
def test_a_watched_run_that_somebody_stops_ends_with_1(
    other: EmbeddingModel, meanwhile: Meanwhile, end: Callable[..., None], state: str
) -> None:
    meanwhile(lambda run: end(run=run))
    code, found = run_json("reembed", "other", "--watch")
    assert (code, found["state"]) == (1, state)


def test_a_watched_run_that_activates_ends_with_0(
    other: EmbeddingModel, meanwhile: Meanwhile
) -> None:
    meanwhile(embed)
    code, found = run_json("reembed", "other", "--watch", "--activate-when-done")
    assert (code, found["state"], found["model_state"]) == (0, "done", "active")


def test_a_watched_run_that_may_not_activate_ends_with_1_and_says_why(
    other: EmbeddingModel, other_engine: OtherEngine, meanwhile: Meanwhile
) -> None:
    other_engine.blind_to = {60}
    meanwhile(embed)
    code, found = run_json("reembed", "other", "--watch", "--activate-when-done")
    assert (code, found["state"], found["model_state"]) == (1, "done", "ready")
    assert "would be left without a vector" in found["error"]
    assert found["missing_people"] == ["P60"]


def test_who_kept_a_model_from_being_activated_is_named_and_not_stored(
    other: EmbeddingModel, other_engine: OtherEngine
) -> None:
    other_engine.blind_to = {60}
    code, said = run("reembed", "other", "--here", "--activate-when-done")
    assert code == 1
    named = said[said.index("would be left without a vector") :]
    assert named.splitlines()[1].strip() == "P60"
    ended = ReembeddingRun.objects.get()
    assert "P60" not in ended.error
    erase(person=Person.objects.get(full_name="P60"))
    assert not kept_back(ended)


def test_a_run_started_without_activation_activates_for_who_joins_it(
    other: EmbeddingModel, meanwhile: Meanwhile
) -> None:
    run("reembed", "other")
    meanwhile(embed)
    code, found = run_json("reembed", "other", "--watch", "--activate-when-done")
    assert (code, found["state"], found["model_state"]) == (0, "done", "active")


def test_a_run_that_goes_on_is_watched_at_the_rate_asked_for(
    other: EmbeddingModel, meanwhile: Meanwhile
) -> None:
    run("reembed", "other")
    run("reembed", "other", "--pause")
    meanwhile(embed)
    code, found = run_json("reembed", "other", "--resume", "--watch", "--rate", "20")
    assert (code, found["state"], found["rate_limit"]) == (0, "done", 20.0)


# --- Changed while it is under way ------------------------------------------------------------


def test_a_live_run_takes_over_what_is_asked_for(other: EmbeddingModel) -> None:
    run("reembed", "other", "--may-miss", "2")
    arguments = ("--rate", "20", "--activate-when-done", "--override", "uncalibrated")
    code, found = run_json("reembed", "other", *arguments)
    assert (code, ReembeddingRun.objects.count()) == (0, 1)
    assert (found["rate_limit"], found["activate_when_done"]) == (20.0, True)
    assert (found["may_miss"], found["overrides"]) == (2, ["uncalibrated"])
    _code, said = run("reembed", "other", "--may-miss", "0")
    assert "as asked for now" in said
    assert ReembeddingRun.objects.get().may_miss == 0


def test_a_run_that_is_not_paused_is_neither_resumed_nor_changed(other: EmbeddingModel) -> None:
    run("reembed", "other")
    code, found = run_json("reembed", "other", "--resume", "--rate", "20")
    assert (code, found["error"]["code"]) == (2, "no_run")
    assert ReembeddingRun.objects.get().rate_limit is None


@pytest.mark.parametrize(
    "arguments",
    [["--pause", "--watch"], ["--cancel", "--rate", "2"], ["--pause", "--may-miss", "1"],
     ["--cancel", "--margin", "0.1"], ["--resume", "--margin", "0.1"], ["--may-miss", "-1"]],
    ids=" ".join,
)  # fmt: skip
def test_what_would_be_ignored_is_a_mistake_of_the_call(
    other: EmbeddingModel, arguments: list[str]
) -> None:
    run("reembed", "other")
    with pytest.raises(CommandError):
        call_command("reembed", "other", *arguments)
    assert ReembeddingRun.objects.get().state == "running"


# --- Which model ------------------------------------------------------------------------------


def test_a_recipe_adds_the_model_first_and_once(other_engine: OtherEngine) -> None:
    for _ in range(2):
        code, done = run_json("reembed", "other", "--margin", "-0.1", "--here")
        assert (code, done["model"], done["state"]) == (0, "other v1", "done")
    run_json("reembed", "other", "--margin", "-0.1", "--flip", "always")
    names = [str(model) for model in EmbeddingModel.objects.order_by("pk")]
    assert names == ["facenet128 v1", "other v1", "other v2"]


def test_a_recipe_that_another_model_has_is_refused(other: EmbeddingModel) -> None:
    code, found = run_json("reembed", "twin", "--margin", "-0.1")
    assert (code, found["error"]["code"]) == (2, "recipe_exists")


@pytest.mark.parametrize("name", ["nobody", "facenet128 v9", "99999"])
def test_an_unknown_model_is_a_sentence_that_names_the_others(name: str) -> None:
    code, found = run_json("reembed", name)
    assert (code, found["error"]["code"]) == (2, "model_unknown")
    assert "facenet128 v1" in found["error"]["message"]


def test_a_name_of_several_versions_asks_which(other: EmbeddingModel) -> None:
    run("add_model", "other", "--margin", "-0.2")
    code, found = run_json("reembed", "other")
    assert (code, found["error"]["code"]) == (2, "model_ambiguous")


@pytest.mark.parametrize(
    "recipe",
    ['{"margin": "wide"}', '{"margin": 7}', '{"margin": NaN}', '{"align": "sideways"}',
     '{"network": "other"}', '{"colour": 1}', '{"name": "x"}'],
)  # fmt: skip
def test_a_recipe_that_cannot_be_is_refused(recipe: str) -> None:
    code, found = run_json("add_model", "other", "--recipe", recipe)
    assert (code, found["error"]["code"]) == (2, "bad_recipe")


@pytest.mark.parametrize("arguments", [["--recipe", "["], ["--recipe", "[]"], ["--margin", "x"]])
def test_what_is_no_recipe_is_a_mistake_of_the_call(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("add_model", "other", *arguments)


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf", "fast"])
def test_a_rate_is_a_number_above_zero(other: EmbeddingModel, rate: str) -> None:
    with pytest.raises(CommandError):
        call_command("reembed", "other", "--rate", rate)


def test_the_status_says_what_goes_on(
    other: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.start(model=other)
    code, found = run_json("status", "--wait", "0.2")
    assert code == 0
    assert found["broker"] == "ok"
    assert set(found["queues"]) == {"celery", "reembedding"}
    assert found["photos"] == {"pending": 0, "ready": 3, "rejected": 0}
    assert [(one["model"], one["state"]) for one in found["runs"]] == [("other v1", "running")]
    states = [(one["model"], one["state"], one["index"]) for one in found["models"]]
    assert states == [("facenet128 v1", "active", "exact"), ("other v1", "building", "exact")]
    _code, said = run("status", "--wait", "0.2")
    assert "3 ready" in said
    assert "0 of 3 photos" in said


def test_the_status_without_a_broker_says_so(
    other: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable() -> None:
        raise OperationalError("nobody there")

    monkeypatch.setattr(current_app, "connection_for_read", unreachable)
    build(other)
    _code, found = run_json("status")
    assert (found["broker"], found["queues"], found["workers"]) == ("unreachable", None, [])
    _code, said = run("status")
    assert "the broker cannot be reached" in said
