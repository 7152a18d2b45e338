"""Whether the time of a log-in by face tells a name that nobody has from a wrong face."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.contrib.auth.models import User

from people.models import FaceImageSource, Person
from people.services import enrol_photo
from recognition.enrolment import embed_images
from recognition.evaluation import login_timing
from recognition.evaluation.bench_engine import a_portrait
from recognition.evaluation.bench_rows import Row
from recognition.evaluation.login_timing import Timing
from recognition.liveness import StepFrame
from recognition.login import brakes, faces
from recognition.login.accounts import Mode
from recognition.login.faces import Claim, Sent
from recognition.queueing import kept_in_process

_KNOWN, _UNKNOWN = "known", "nobody"


def rows(*, full: bool) -> list[Row]:
    """Both in turns. What is compared is the same with a challenge, which both answer alike."""
    settings.FACE_LOGIN_MODE, settings.FACE_LOGIN_LIVENESS = "claimed", "off"
    frame = StepFrame(a_portrait(settings.MODELS_DIR), "look_straight", 0)
    _enrol_somebody_else()
    timing = login_timing.measure(
        wrong_face=partial(_attempt, _KNOWN, frame),
        unknown_name=partial(_attempt, _UNKNOWN, frame),
        pairs=400 if full else 100,
    )
    return [_row(timing)]


def _row(timing: Timing) -> Row:
    """The ratio: how many times the difference fits into the noise of one kind."""
    wrong, unknown = (
        " / ".join(f"{ms:.0f}" for ms in quartiles)
        for quartiles in (timing.wrong_face, timing.unknown_name)
    )
    return Row(
        work="log-in by face: the difference between a wrong face and an unknown name",
        against="the noise of one of them",
        ours=abs(timing.difference),
        theirs=timing.noise,
        unit="ms",
        ratio=timing.noise / max(abs(timing.difference), 1e-3),
        least=1.0,
        note=(
            f"25/50/75 %: {wrong} and {unknown} ms; difference 95 % {timing.low:.1f} to"
            f" {timing.high:.1f} ms, {timing.pairs} pairs"
        ),
    )


def _enrol_somebody_else() -> None:
    """A demo person who is not the one of the portrait."""
    user = User.objects.create_user(_KNOWN)
    person = Person.objects.create(full_name="Known", user=user)
    photo = sorted((settings.MODELS_DIR / "demo" / "train" / "Jerry_Seinfeld").glob("*"))[2]
    with kept_in_process() as waiting:
        enrol_photo(person=person, data=photo.read_bytes(), source=FaceImageSource.COMMAND)
    embed_images(waiting)


def _attempt(name: str, frame: StepFrame) -> None:
    claim = Claim(mode=Mode.CLAIMED, bound_to="bench", address="192.0.2.1", name=name)
    found = faces.answer(claim=claim, read=lambda: Sent(nonce="", frames=[frame]))
    if found.code != "no_match":
        raise RuntimeError(f"A wrong face was answered with {found.code}.")
    # Otherwise the sixth would wait. Of each kind the same rows are touched.
    brakes.release(name=name)
