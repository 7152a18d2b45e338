import numpy as np
import pytest

from recognition.engine import Engine, FaceRefused, Pixels, Reason
from recognition.engine.limits import ENROLMENT, PROBE, Limits, choose, weakness
from recognition.engine.quality import pose
from tests.recognition.engine.conftest import blurred, shrunk

FRONTAL = np.array([[53, 61], [107, 61], [80, 93], [56, 118], [104, 118]], np.float32)


def reason_of(engine: Engine, photo: Pixels, limits: Limits) -> Reason | None:
    try:
        choose(engine.faces(photo), limits)
    except FaceRefused as refusal:
        return refusal.reason
    return None


@pytest.mark.parametrize("limits", [ENROLMENT, PROBE])
def test_a_clear_portrait_is_usable(
    engine: Engine, demo_photos: list[Pixels], limits: Limits
) -> None:
    assert [reason_of(engine, photo, limits) for photo in demo_photos] == [None] * 5


@pytest.mark.parametrize("limits", [ENROLMENT, PROBE])
def test_a_blur_of_a_tenth_of_the_face_matches_nobody(
    engine: Engine, demo_photos: list[Pixels], limits: Limits
) -> None:
    for photo in demo_photos:
        smeared = blurred(photo, engine.faces(photo)[0].box.width / 10)
        assert reason_of(engine, smeared, limits) is not None


def test_a_blur_of_twelve_pixels_is_refused_on_a_web_camera_sized_face(
    engine: Engine, lfw_people: list[Pixels]
) -> None:
    reasons = [reason_of(engine, blurred(photo, 12), PROBE) for photo in lfw_people]
    assert None not in reasons


def test_a_slight_blur_is_refused_at_enrolment(engine: Engine, demo_photos: list[Pixels]) -> None:
    for photo in demo_photos:
        soft = blurred(photo, engine.faces(photo)[0].box.width * 0.045)
        assert reason_of(engine, soft, ENROLMENT) is Reason.TOO_BLURRED


@pytest.mark.parametrize(
    ("factor", "limits"), [(0.15, ENROLMENT), (0.06, PROBE)], ids=["enrolment", "probe"]
)
def test_darkness_is_refused(
    engine: Engine, demo_photos: list[Pixels], factor: float, limits: Limits
) -> None:
    for photo in demo_photos:
        dark = (photo * factor).astype(np.uint8)
        assert reason_of(engine, dark, limits) in {Reason.TOO_DARK, Reason.NO_FACE}


def test_glare_is_refused(engine: Engine, portrait: Pixels) -> None:
    glare = (255 - (255 - portrait.astype(np.float32)) * 0.1).astype(np.uint8)
    reason = reason_of(engine, glare, PROBE)
    assert reason in {Reason.TOO_BRIGHT, Reason.NO_FACE, Reason.LOW_CONFIDENCE}


def test_a_face_of_few_pixels_is_refused(engine: Engine, portrait: Pixels) -> None:
    times = round(engine.faces(portrait)[0].quality.size / 16)
    assert reason_of(engine, shrunk(portrait, times), PROBE) is Reason.TOO_SMALL


def test_sharpness_does_not_depend_on_the_size_of_the_photo(
    engine: Engine, lfw_people: list[Pixels]
) -> None:
    for photo in lfw_people[:5]:
        large = photo.repeat(3, axis=0).repeat(3, axis=1)
        one, other = (engine.faces(picture)[0].quality.sharpness for picture in (photo, large))
        assert other == pytest.approx(one, rel=0.25)


def test_ordinary_photos_are_rarely_refused_for_quality(
    engine: Engine, lfw_people: list[Pixels]
) -> None:
    weak = [weakness(engine.faces(photo)[0], ENROLMENT) for photo in lfw_people]
    assert sum(reason is not None for reason in weak) <= 1


def test_a_frontal_face_has_no_yaw_pitch_or_roll() -> None:
    assert pose(FRONTAL) == pytest.approx((0, 0, 0), abs=2)


def test_a_nose_off_the_middle_is_a_turned_head() -> None:
    turned = FRONTAL.copy()
    turned[2, 0] += 30
    assert pose(turned)[0] == pytest.approx(45, abs=3)


def test_a_tilted_head_is_roll_alone() -> None:
    angle = np.radians(30)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    yaw, pitch, roll = pose((FRONTAL @ turn.T).astype(np.float32))
    assert roll == pytest.approx(30, abs=0.1)
    assert (yaw, pitch) == pytest.approx((0, 0), abs=2)


def test_every_reason_says_what_to_do() -> None:
    for reason in Reason:
        assert reason.sentence.endswith(".")
