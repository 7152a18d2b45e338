"""What can be refused before anybody looks at a picture, and what the pictures have to show."""

from dataclasses import replace

import pytest

from recognition.liveness.frames import MOST_OF_STEP
from recognition.models import Attempt
from tests.faces import frame_for, with_bystander
from tests.recognition.liveness.answers import answer_to, check, code_of, given_challenge

pytestmark = pytest.mark.usefixtures("fake_engine", "model")


def test_several_frames_of_a_step_are_welcome() -> None:
    session = given_challenge()
    frames = [
        replace(frame, pixels=frame_for(frame.step, 10, variant=n), taken_ms=frame.taken_ms + n)
        for frame in answer_to(session)
        for n in range(MOST_OF_STEP)
    ]
    assert check(session, frames).probe.frames == len(frames)


def test_steps_in_another_order_are_refused() -> None:
    session = given_challenge()
    frames = answer_to(session)
    frames[1], frames[2] = frames[2], frames[1]
    assert code_of(session, frames) == "step_missing"


def test_movements_of_another_order_under_the_names_of_this_one_are_refused() -> None:
    session = given_challenge()
    frames = answer_to(session)
    frames[1], frames[2] = (
        replace(frames[1], pixels=frames[2].pixels),
        replace(frames[2], pixels=frames[1].pixels),
    )
    assert code_of(session, frames) == "step_not_seen"


@pytest.mark.parametrize("number", [0, 100])
def test_no_frames_and_too_many_are_refused(number: int) -> None:
    session = given_challenge()
    assert code_of(session, answer_to(session)[:1] * number) == "frames_malformed"


def test_one_picture_for_all_steps_is_refused() -> None:
    session = given_challenge()
    still = frame_for("look_straight", 10)
    frames = [replace(frame, pixels=still) for frame in answer_to(session)]
    assert code_of(session, frames) == "frames_alike"


def test_a_still_face_is_refused_though_its_pictures_differ() -> None:
    session = given_challenge()
    frames = [
        replace(frame, pixels=frame_for("look_straight", 10, variant=number))
        for number, frame in enumerate(answer_to(session))
    ]
    assert code_of(session, frames) == "frames_alike"


def test_two_people_who_take_turns_are_refused() -> None:
    session = given_challenge()
    frames = answer_to(session)
    frames[-1] = replace(frames[-1], pixels=frame_for(frames[-1].step, 90))
    assert code_of(session, frames) == "face_changed"


@pytest.mark.parametrize("number", range(4))
def test_a_second_face_on_any_of_the_frames_is_refused(number: int) -> None:
    session = given_challenge()
    frames = answer_to(session)
    crowded = with_bystander(frames[number].pixels, share=0.6)
    frames[number] = replace(frames[number], pixels=crowded)
    assert code_of(session, frames) == "several_faces"
    assert Attempt.objects.get().outcome == "several_faces"


def test_somebody_far_behind_does_not_matter() -> None:
    session = given_challenge()
    frames = [
        replace(frame, pixels=with_bystander(frame.pixels, share=0.4))
        for frame in answer_to(session)
    ]
    assert check(session, frames)


@pytest.mark.parametrize(
    ("apart_ms", "code"), [(100, "too_fast"), (-1000, "too_fast"), (21_000, "too_slow")]
)
def test_times_that_no_person_keeps_are_refused(apart_ms: int, code: str) -> None:
    session = given_challenge(seconds_ago=50)
    assert code_of(session, answer_to(session, apart_ms=apart_ms)) == code


def test_an_answer_in_no_time_is_refused_whatever_the_browser_says() -> None:
    session = given_challenge(seconds_ago=0)
    assert code_of(session, answer_to(session)) == "too_fast"


def test_frames_that_took_longer_than_the_challenge_is_old_are_refused() -> None:
    session = given_challenge(seconds_ago=5)
    assert code_of(session, answer_to(session, apart_ms=10_000)) == "too_fast"
