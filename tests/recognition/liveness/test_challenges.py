"""A challenge is given to one, for one thing, once, for a minute."""

from collections import Counter
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings
from rest_framework.test import APIClient

from people.errors import Refusal
from people.models import EmbeddingModel
from recognition import health, liveness
from recognition.engine import WeightsMissing
from recognition.liveness import challenges
from recognition.models import Attempt, AttemptSource, LivenessSession
from recognition.services import ModelChanged, verify
from tests.fixtures import Enrol
from tests.recognition.api.test_concurrency import at_once
from tests.recognition.liveness.answers import MINE, answer_to, check, code_of, given_challenge

pytestmark = pytest.mark.usefixtures("fake_engine", "model")


def test_who_does_what_was_asked_is_live_and_can_be_verified(enrol: Enrol) -> None:
    session = given_challenge()
    live = check(session, answer_to(session))
    result = verify(probe=live.probe, person=enrol("Ann", 12), source=AttemptSource.LOGIN)
    assert result.outcome == "match"
    assert result.attempt is not None
    assert result.attempt.frames == len(session.steps)
    assert list(Attempt.objects.order_by("id").values_list("purpose", "outcome")) == [
        ("liveness", "live"),
        ("verify", "match"),
    ]


def test_a_probe_of_another_model_is_no_question(
    enrol: Enrol, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = given_challenge()
    live = check(session, answer_to(session))
    monkeypatch.setattr(EmbeddingModel, "pk", property(lambda _self: 0), raising=False)
    with pytest.raises(ModelChanged):
        verify(probe=live.probe, person=None, source=AttemptSource.LOGIN)


def test_a_challenge_is_answered_once() -> None:
    session = given_challenge()
    check(session, answer_to(session))
    assert code_of(session, answer_to(session)) == "challenge_used"


def test_a_failed_answer_uses_the_challenge_up_and_is_on_record() -> None:
    session = given_challenge()
    assert code_of(session, answer_to(session)[:1]) == "step_missing"
    assert code_of(session, answer_to(session)) == "challenge_used"
    assert Counter(Attempt.objects.values_list("purpose", "outcome")) == {
        ("liveness", "step_missing"): 1,
        ("liveness", "challenge_used"): 1,
    }


def test_after_a_minute_it_is_too_late() -> None:
    session = given_challenge(seconds_ago=61)
    assert code_of(session, answer_to(session)) == "challenge_expired"


@pytest.mark.parametrize(
    ("name", "other"),
    [("purpose", "enrol"), ("bound_to", "another session"), ("address", "192.0.2.2")],
)
def test_somebody_elses_challenge_is_refused_and_used_up(name: str, other: str) -> None:
    session = given_challenge()
    assert code_of(session, answer_to(session), **{name: other}) == "challenge_not_yours"
    assert code_of(session, answer_to(session)) == "challenge_used"


@hypothesis_settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(nonce=st.text(max_size=100))
def test_no_text_is_a_challenge_that_nobody_gave(nonce: str) -> None:
    with pytest.raises(Refusal) as refused:
        liveness.check(
            nonce=nonce, purpose="login", bound_to="mine", address="192.0.2.1", frames=[]
        )
    assert refused.value.code == "challenge_unknown"


def test_of_a_hundred_challenges_each_has_a_turn_and_a_nonce_of_its_own() -> None:
    chosen = [challenges.choose_steps(number) for number in (2, 3, 4, 5) for _ in range(25)]
    assert all(steps[0] == "look_straight" for steps in chosen)
    assert all({"turn_left", "turn_right"} & set(steps) for steps in chosen)
    assert all(len(set(steps)) == len(steps) for steps in chosen)
    assert len({tuple(steps) for steps in chosen}) > 20
    nonces = {given_challenge().nonce for _ in range(10)}
    assert len(nonces) == 10
    assert all(len(nonce) >= 43 for nonce in nonces)


def test_nobody_asks_until_the_steps_suit_a_recording() -> None:
    for _ in range(challenges.UNANSWERED):
        liveness.start(**MINE)
    with pytest.raises(Refusal) as refused:
        liveness.start(**{**MINE, "bound_to": "another session"})
    assert refused.value.code == "too_many_challenges"
    assert liveness.start(**{**MINE, "address": "192.0.2.9"}).pk


def test_without_the_mesh_nobody_is_asked_to_move(settings: Settings, tmp_path: Path) -> None:
    settings.MODELS_DIR = tmp_path
    with pytest.raises(WeightsMissing, match=r"Run: manage\.py fetch_models --mesh$"):
        given_challenge()
    assert not LivenessSession.objects.exists()
    assert health.mesh().endswith("Run: manage.py fetch_models --mesh")
    ready = APIClient().get("/api/v1/health/ready")
    assert (ready.status_code, ready.json()["checks"]["mesh"]) == (503, health.mesh())


def test_a_challenge_is_bound_to_something() -> None:
    with pytest.raises(ValueError, match="bound"):
        liveness.start(**{**MINE, "bound_to": ""})


def test_the_database_holds_no_challenge_that_is_easier() -> None:
    session = given_challenge()
    for steps in (["look_straight", "turn_left"], ["turn_left", "turn_right", "come_closer"]):
        with pytest.raises(IntegrityError), transaction.atomic():
            LivenessSession.objects.filter(pk=session.pk).update(steps=steps)


def test_old_challenges_are_forgotten() -> None:
    old, new = given_challenge(seconds_ago=25 * 3600), given_challenge()
    assert challenges.forget_old() == 1
    assert not LivenessSession.objects.filter(pk=old.pk).exists()
    assert LivenessSession.objects.filter(pk=new.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_of_twenty_answers_at_once_exactly_one_is_looked_at() -> None:
    session = given_challenge()

    def answer(_index: int) -> str:
        try:
            check(session, answer_to(session))
        except Refusal as refusal:
            return refusal.code
        return "live"

    assert Counter(at_once(20, answer)) == {"live": 1, "challenge_used": 19}
    assert Counter(Attempt.objects.values_list("outcome", flat=True)) == {
        "live": 1,
        "challenge_used": 19,
    }
