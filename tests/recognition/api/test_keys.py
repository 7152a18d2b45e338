"""Keys that are over: whoever holds one is told so, and nobody else is told anything."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from people.models import Gallery
from recognition import upkeep
from recognition.devices import NewKey, add_device, renew_key, revoke
from recognition.models import Device
from tests.recognition.api.conftest import client_with, is_problem

URL = "/api/v1/recognize/"  # for users who may ask, and for devices
BAD_REQUEST = 400  # of a question without a photo: whoever gets so far is let in


@pytest.fixture
def token(db: None) -> str:
    user = User.objects.create_superuser("root", password="a long password")
    return str(AuthToken.objects.create(user=user)[1])


def ask(key: str) -> Any:
    return client_with(key).post(URL)


def is_refused(answer: Any, code: str) -> None:
    is_problem(answer, 401)
    assert answer.json()["code"] == code
    assert answer["WWW-Authenticate"] == "Bearer"


def end(token: str, ago: timedelta) -> None:
    AuthToken.objects.filter(token_key=token[:15]).update(expiry=timezone.now() - ago)


def test_a_token_that_ran_out_says_so(token: str) -> None:
    assert ask(token).status_code == BAD_REQUEST
    end(token, timedelta(0))
    is_refused(ask(token), "key_expired")


def test_a_revoked_key_says_so(new_device: NewKey) -> None:
    assert ask(new_device.key).status_code == BAD_REQUEST
    revoke(device=new_device.device)
    is_refused(ask(new_device.key), "key_revoked")


def test_a_replaced_key_says_so_and_the_new_one_works(new_device: NewKey) -> None:
    renewed = renew_key(device=new_device.device)
    is_refused(ask(new_device.key), "key_revoked")
    assert ask(renewed.key).status_code == BAD_REQUEST


def test_every_key_a_device_had_is_revoked(new_device: NewKey) -> None:
    renewed = renew_key(device=new_device.device)
    revoke(device=new_device.device)
    for key in (new_device.key, renewed.key):
        is_refused(ask(key), "key_revoked")


@pytest.mark.parametrize("is_active", [{"is_active": False}, {"account__is_active": False}])
def test_a_device_or_account_that_is_off_is_refused(
    new_device: NewKey, is_active: dict[str, bool]
) -> None:
    """Each of what revoking does is enough by itself."""
    if "is_active" in is_active:
        Device.objects.update(**is_active)
    else:
        User.objects.filter(device=new_device.device).update(is_active=False)
    is_problem(ask(new_device.key), 401)


def test_a_revoked_key_stays_so_when_the_device_is_switched_on_by_hand(new_device: NewKey) -> None:
    revoke(device=new_device.device)
    Device.objects.update(is_active=True)
    User.objects.update(is_active=True)
    is_refused(ask(new_device.key), "key_revoked")


def test_revoking_one_device_leaves_the_others(new_device: NewKey, north: Gallery) -> None:
    other = add_device(name="Gate", galleries=[north])
    revoke(device=other.device)
    assert ask(new_device.key).status_code == BAD_REQUEST


def test_only_the_whole_key_is_told_what_is_wrong_with_it(new_device: NewKey, token: str) -> None:
    """A part of it, its hash, and what the database keeps beside that prove nothing."""
    revoke(device=new_device.device)
    end(token, timedelta(days=1))
    for key in (new_device.key, token):
        row = AuthToken.objects.get(token_key=key[:15])
        for near in (key[:-1], key + "0", key.upper(), row.token_key, row.digest):
            is_refused(ask(near), "authentication_failed")


def test_the_refusal_names_neither_device_nor_account(new_device: NewKey) -> None:
    revoke(device=new_device.device)
    said = ask(new_device.key).content.decode()
    assert new_device.device.name not in said
    assert new_device.device.account.username not in said


def test_any_key_costs_one_question_to_the_database(new_device: NewKey, token: str) -> None:
    """Or the time would tell a key that was from one that never was."""
    revoke(device=new_device.device)
    end(token, timedelta(days=1))
    counts = set()
    for key in (new_device.key, token, "0" * 64):
        with CaptureQueriesContext(connection) as asked:
            ask(key)
        counts.add(len(asked))
    assert counts == {1}


def test_a_key_that_is_over_is_remembered_for_a_while(new_device: NewKey, token: str) -> None:
    revoke(device=new_device.device)
    end(token, timedelta(days=29))
    upkeep.tidy()
    is_refused(ask(token), "key_expired")
    is_refused(ask(new_device.key), "key_revoked")
    end(token, timedelta(days=31))
    upkeep.tidy()
    is_refused(ask(token), "authentication_failed")


def test_tidying_leaves_keys_that_work(new_device: NewKey, token: str) -> None:
    upkeep.tidy()
    assert ask(token).status_code == ask(new_device.key).status_code == BAD_REQUEST


def test_who_logged_out_has_no_key_at_all(token: str) -> None:
    client: APIClient = client_with(token)
    assert client.delete("/api/v1/tokens/").status_code == 204
    is_refused(ask(token), "authentication_failed")
