"""However many try at once, each attempt is counted, and a lock that has fallen holds."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from pytest_django import Settings

from recognition.liveness import StepFrame
from recognition.login import brakes, faces
from recognition.login.accounts import Mode
from recognition.login.faces import Claim, Sent
from recognition.models import Attempt, LoginBrake
from tests.faces import frame_for
from tests.recognition.login.conftest import ADA, SOMEBODY

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("claimed", "ada"),
]


@pytest.fixture(autouse=True)
def one_picture_is_enough(settings: Settings) -> None:
    settings.FACE_LOGIN_LIVENESS = "off"


def answered(face: float, address: str = "192.0.2.1") -> str:
    frame = StepFrame(frame_for("look_straight", face), "look_straight", 0)
    claim = Claim(mode=Mode.CLAIMED, bound_to="this browser", address=address, name="ada")
    try:
        return faces.answer(claim=claim, read=lambda: Sent("", [frame])).code
    finally:
        connection.close()


def test_fifty_wrong_faces_at_once_are_counted_as_exactly_fifty() -> None:
    with ThreadPoolExecutor(10) as pool:
        codes = Counter(pool.map(answered, [SOMEBODY] * 50))
    assert codes == {"no_match": 5, "too_many_attempts": 45}
    total = LoginBrake.objects.get(account=brakes.account_of("ada"), address="")
    assert total.failures == 50
    assert Attempt.objects.count() == 50
    assert answered(ADA, address="192.0.2.2") == "face_login_off"


def test_from_fifty_addresses_fifty_are_looked_at_and_then_none() -> None:
    addresses = [f"198.51.100.{number}" for number in range(60)]
    with ThreadPoolExecutor(10) as pool:
        codes = Counter(pool.map(answered, [SOMEBODY] * 60, addresses))
    assert codes == {"no_match": 50, "face_login_off": 10}
