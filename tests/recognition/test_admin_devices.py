"""Devices in the admin: whoever may adds, renews and revokes; a key is seen once."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
import segno
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from people.models import Gallery
from recognition.devices import NewKey, add_device
from recognition.models import Device

LIST = reverse("admin:recognition_device_changelist")
ADD = reverse("admin:recognition_device_add")


@pytest.fixture
def north(db: None) -> Gallery:
    return Gallery.objects.create(name="North")


@pytest.fixture
def door(north: Gallery) -> NewKey:
    return add_device(name="Door", galleries=[north])


def status(key: str) -> int:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return int(client.post("/api/v1/recognize/").status_code)


def shown_key(response: Any) -> str:
    found = re.search(r'<code class="face-key">([0-9a-f]+)</code>', response.content.decode())
    assert found is not None
    return found[1]


def kiosk_code(key: str) -> str:
    """The QR code of the address at which a browser becomes this kiosk."""
    code = segno.make(f"http://testserver/kiosk/#key={key}", error="m", micro=False)
    return str(code.svg_inline(scale=4, border=4, light="#fff", title="Pair a kiosk"))


def url(name: str, new: NewKey) -> str:
    return reverse(f"admin:recognition_device_{name}", args=[new.device.pk])


def add(root: Client, gallery: Gallery, name: str = "Gate") -> Any:
    return root.post(ADD, {"name": name, "galleries": [gallery.pk], "may_clock": "on"})


def test_a_device_is_added_and_its_key_is_shown_with_a_code(root: Client, north: Gallery) -> None:
    response = add(root, north)
    assert status(shown_key(response)) == 403  # may clock, may not recognize
    assert kiosk_code(shown_key(response)) in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    device = Device.objects.get()
    assert (device.name, device.may_clock, device.may_recognize) == ("Gate", True, False)
    assert list(device.galleries.all()) == [north]


@pytest.mark.parametrize(
    ("address", "warning"),
    [
        ({"HTTP_HOST": "localhost:8000"}, "leads to localhost:8000, where each device finds only"),
        ({}, "leads to testserver without https"),
        ({"secure": True}, ""),
    ],
)
def test_a_code_that_leads_nowhere_says_so(
    root: Client, north: Gallery, address: dict[str, Any], warning: str
) -> None:
    form = {"name": "Gate", "galleries": [north.pk], "may_clock": "on"}
    shown = root.post(ADD, form, **address).content.decode()
    assert warning in shown
    assert ("This code leads to" in shown) is bool(warning)


def test_the_key_is_nowhere_else(root: Client, north: Gallery) -> None:
    key = shown_key(add(root, north))
    device = Device.objects.get()
    pages = [LIST, reverse("admin:recognition_device_change", args=[device.pk])]
    assert not any(key in root.get(page).content.decode() for page in pages)
    assert not any(key in str(session.get_decoded()) for session in Session.objects.all())
    assert not any(key in str(vars(entry)) for entry in LogEntry.objects.all())


def test_sending_the_form_again_makes_no_second_device(root: Client, north: Gallery) -> None:
    add(root, north)
    again = add(root, north, name="gate ")
    assert "There is a device of this name already." in html.unescape(again.content.decode())
    assert Device.objects.count() == 1


def test_a_device_is_changed_and_its_key_stays(root: Client, door: NewKey) -> None:
    south = Gallery.objects.create(name="South")
    root.post(url("change", door), {"name": "Gate", "galleries": [south.pk], "may_recognize": "on"})
    device = Device.objects.get()
    assert (device.name, device.may_clock) == ("Gate", False)
    assert list(device.galleries.all()) == [south]
    assert status(door.key) == 400


def test_moves_are_asked_for_where_somebody_turns_that_on(root: Client, door: NewKey) -> None:
    assert "a photo that waited proves nothing" in root.get(url("change", door)).content.decode()
    form = {"name": "Door", "galleries": [door.device.galleries.get().pk], "may_clock": "on"}
    root.post(url("change", door), {**form, "requires_liveness": "on"})
    assert Device.objects.get().requires_liveness
    assert "Requires liveness" in root.get(LIST).content.decode()
    root.post(url("change", door), form)
    assert not Device.objects.get().requires_liveness


def test_a_look_at_the_question_does_nothing(root: Client, door: NewKey) -> None:
    for what in ("renew", "revoke"):
        assert root.get(url(what, door)).status_code == 200
    assert status(door.key) == 400


def test_a_new_key_replaces_the_old_one(root: Client, door: NewKey) -> None:
    new = shown_key(root.post(url("renew", door)))
    assert (status(door.key), status(new)) == (401, 400)


def test_a_revoked_device_stays_revoked(root: Client, door: NewKey) -> None:
    assert root.post(url("revoke", door), follow=True).status_code == 200
    assert status(door.key) == 401
    assert root.post(url("renew", door)).status_code == 404
    assert b"Revoked for good." in root.get(url("change", door)).content


def test_a_device_cannot_be_deleted(root: Client, door: NewKey) -> None:
    assert root.post(url("delete", door), {"post": "yes"}).status_code == 403
    assert Device.objects.exists()


def test_who_has_no_permission_does_none_of_it(hr: Client, door: NewKey) -> None:
    for address in (ADD, LIST, url("change", door), url("renew", door), url("revoke", door)):
        assert hr.post(address).status_code in (403, 404)
    assert status(door.key) == 400
