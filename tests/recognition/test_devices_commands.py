from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from people.models import Gallery
from recognition.models import Device


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=out)
    return out.getvalue()


def fails(*arguments: str) -> str:
    out = io.StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command(*arguments, stdout=out, stderr=io.StringIO())
    assert stopped.value.code == 2
    return str(json.loads(out.getvalue())["error"]["code"])


def status(key: str) -> int:
    """Of a question without a photo: 400 for who may ask, 401 for a key that is none."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return int(client.post("/api/v1/recognize/").status_code)


@pytest.fixture(autouse=True)
def north(db: None) -> Gallery:
    return Gallery.objects.create(name="North")


def add(*more: str) -> str:
    return str(json.loads(run("add_device", "Door", "--gallery", "north", "--json", *more))["key"])


def test_a_device_is_added_and_its_key_works() -> None:
    assert status(add()) == 400
    device = Device.objects.get()
    assert (device.may_clock, device.may_recognize) == (True, True)
    assert list(device.galleries.values_list("name", flat=True)) == ["North"]


def test_a_device_may_be_kept_from_clocking_or_recognizing() -> None:
    assert status(add("--no-recognize", "--no-clock")) == 403
    device = Device.objects.get()
    assert (device.may_clock, device.may_recognize) == (False, False)


def test_a_device_may_ask_for_moves() -> None:
    add("--requires-liveness")
    assert Device.objects.get().requires_liveness
    run("add_device", "Gate", "--gallery", "North")
    assert not Device.objects.get(name="Gate").requires_liveness


def test_people_see_the_key_on_a_line_of_its_own() -> None:
    lines = run("add_device", "Door", "--gallery", "North").splitlines()
    assert status(lines[-1]) == 400


def test_a_renewed_key_replaces_the_old_one() -> None:
    old = add()
    new = json.loads(run("renew_device_key", "door", "--json"))["key"]
    assert (status(old), status(new)) == (401, 400)


def test_a_revoked_device_is_not_answered_and_gets_no_key() -> None:
    key = add()
    assert "has been revoked" in run("revoke_device", "Door")
    assert status(key) == 401
    assert fails("renew_device_key", "Door", "--json") == "device_unknown"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["add_device", "Door", "--gallery", "South"], "gallery_unknown"),
        (["add_device", "GATE", "--gallery", "North"], "device_exists"),
        (["revoke_device", "Door"], "device_unknown"),
        (["renew_device_key", "Door"], "device_unknown"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], code: str) -> None:
    run("add_device", "Gate", "--gallery", "North")
    assert fails(*arguments, "--json") == code
    assert Device.objects.count() == 1
