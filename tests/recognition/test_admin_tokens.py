"""API tokens in the admin: whoever may sees and deletes them, and nobody makes or changes one."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken
from rest_framework.test import APIClient

from people.models import Gallery
from recognition.devices import add_device

LIST = reverse("admin:knox_authtoken_changelist")


@pytest.fixture
def clerk(db: None) -> User:
    return User.objects.create_user("clerk", password="only for this test", is_staff=True)


def url(name: str, token: AuthToken) -> str:
    return reverse(f"admin:knox_authtoken_{name}", args=[token.pk])


def status(key: str) -> int:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return int(client.get("/api/v1/attendance/me/").status_code)


def test_a_token_that_is_deleted_opens_nothing_any_more(root: Client, clerk: User) -> None:
    token, key = AuthToken.objects.create(user=clerk)
    before = status(key)
    page = root.get(LIST).content.decode()
    assert "clerk" in page
    assert key not in page
    assert root.post(url("delete", token), {"post": "yes"}).status_code == 302
    assert before != 401
    assert status(key) == 401


def test_nobody_makes_or_changes_a_token_there(root: Client, clerk: User) -> None:
    token, _key = AuthToken.objects.create(user=clerk)
    changed = {"user": clerk.pk, "expiry_0": "2099-01-01", "expiry_1": "00:00"}
    assert root.post(reverse("admin:knox_authtoken_add"), changed).status_code == 403
    assert root.post(url("change", token), changed).status_code == 403
    assert AuthToken.objects.get().expiry == token.expiry
    page = root.get(url("change", token))
    assert page.status_code == 200
    assert "expiry_0" not in page.content.decode()


def test_the_keys_of_devices_are_not_there(root: Client, db: None) -> None:
    new = add_device(name="Door", galleries=[Gallery.objects.create(name="North")])
    token = AuthToken.objects.get(user=new.device.account)
    assert token.token_key not in root.get(LIST).content.decode()
    assert root.get(url("delete", token)).status_code == 302
    assert status(new.key) != 401


def test_hr_sees_none(hr: Client) -> None:
    assert hr.get(LIST).status_code == 403
