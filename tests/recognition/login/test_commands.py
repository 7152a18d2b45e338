"""An operator lets somebody in whose face cannot be asked for, and sees who gives none."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from pytest_django import Settings

from people.models import Person
from recognition.login import brakes
from recognition.login.brakes import Braked
from recognition.models import BrakeKind
from tests.recognition.login.conftest import ADA, MakeAccount, Visitor

pytestmark = pytest.mark.django_db


def test_the_only_superuser_gets_in_again(
    visitor: Visitor, account: MakeAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    account("boss", face=ADA, is_staff=True, is_superuser=True)
    visitor.give_password("boss")
    assert visitor.account == ""
    call_command("allow_password", "boss", "--minutes", "5", "--json")
    assert json.loads(capsys.readouterr().out)["account"] == "boss"
    visitor.give_password("boss", page="/admin/login/")
    assert visitor.client.get("/admin/").status_code == 200


@pytest.mark.usefixtures("ada")
def test_what_failed_until_then_is_forgotten() -> None:
    for _ in range(5):
        brakes.enter(kind=BrakeKind.PASSWORD, name="ada", address="192.0.2.1")
    with pytest.raises(Braked):
        brakes.enter(kind=BrakeKind.PASSWORD, name="ada", address="192.0.2.1")
    call_command("allow_password", "ada")
    brakes.enter(kind=BrakeKind.PASSWORD, name="ada", address="192.0.2.1")


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("arguments", [["nobody"], ["ada", "--minutes", "0"],
                                       ["ada", "--minutes", "1441"]])  # fmt: skip
def test_what_cannot_be_meant_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        call_command("allow_password", *arguments)
    assert stopped.value.code == 2


def test_the_status_counts_accounts_without_their_second_factor(
    chief: Person, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    User.objects.create_superuser("root")
    User.objects.create_user("nobody")
    call_command("status", "--wait", "0.1", "--json")
    assert json.loads(capsys.readouterr().out)["admins_without_face"] == 1
    call_command("status", "--wait", "0.1")
    said = capsys.readouterr().out
    assert "1 with admin rights and without an enrolled face" in said
    assert "root" not in said
    settings.FACE_LOGIN_MODE = "off"
    call_command("status", "--wait", "0.1")
    assert "admin rights" not in capsys.readouterr().out
