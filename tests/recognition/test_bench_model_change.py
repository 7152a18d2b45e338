"""What the bench of a model change counts as wrong, and that a wrong answer misses the row."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from recognition.evaluation.bench_model_change import Answer, _Load, change_row, wrong
from tests.faces import photo_of
from tests.fixtures import Enrol

THRESHOLDS = {"old v1": 0.5, "new v1": 0.4}
GOOD = [Answer(0.01, 200, "old v1", 0.5), Answer(0.01, 200, "new v1", 0.4), Answer(0.01, 201)]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (Answer(0.01, 200, "old v1", 0.5), (0, 0)),
        (Answer(0.01, 201), (0, 0)),
        (Answer(0.01, 503), (1, 0)),
        (Answer(60.0, 0), (1, 0)),
        (Answer(0.01, 200, "old v1", 0.4), (0, 1)),
        (Answer(0.01, 200, "new v1", 0.5), (0, 1)),
        (Answer(0.01, 200, "another v1", 0.5), (0, 1)),
    ],
)
def test_failed_requests_and_mixed_answers_are_counted(
    answer: Answer, found: tuple[int, int]
) -> None:
    assert wrong([*GOOD, answer], THRESHOLDS) == found


def test_one_wrong_answer_misses_the_row_however_quick_the_others() -> None:
    assert change_row(GOOD, GOOD, 0, 0).is_met
    assert not change_row(GOOD, GOOD, 1, 0).is_met
    assert not change_row(GOOD, GOOD, 0, 1).is_met


def test_a_change_during_which_one_model_answered_nobody_shows_nothing() -> None:
    assert not change_row(GOOD, [GOOD[0], GOOD[2]], 0, 0).is_met


def test_its_clients_are_let_in_where_admins_have_to_enrol(
    settings: Settings, enrol: Enrol, tmp_path: Path
) -> None:
    settings.FACE_LOGIN_STAFF_MUST_ENROL = True
    (tmp_path / "Ann").mkdir()
    file = tmp_path / "Ann" / "1.png"
    file.write_bytes(photo_of(10))
    load = _Load(0, [file], {"Ann": enrol("Ann", 10)})
    key, kind = load._headers["Authorization"], load._headers["Content-Type"]
    for path, form in (load._question, next(load._new)):
        answer = Client().generic("POST", path, form, kind, headers={"Authorization": key})
        assert answer.status_code in (200, 201)
