"""The groups of a new installation, and what those of an older one gain."""

from __future__ import annotations

from importlib import import_module

from django.apps import apps
from django.contrib.auth.models import Group, Permission

from recognition.roles import ROLES, create_roles

grant = import_module("recognition.migrations.0007_roles_see_attendance").grant


def names(group: str) -> set[str]:
    held = Group.objects.get(name=group).permissions.select_related("content_type")
    return {f"{one.content_type.app_label}.{one.codename}" for one in held}


def new(group: str) -> set[str]:
    """What a role has about attendance."""
    words = ("attendance", "shift", "holiday")
    return {name for name in ROLES[group] if any(word in name for word in words)}


def as_before_attendance() -> None:
    for name in ROLES:
        group = Group.objects.get(name=name)
        codenames = [one.partition(".")[2] for one in new(name)]
        group.permissions.remove(*Permission.objects.filter(codename__in=codenames))


def test_every_permission_of_a_role_exists(db: None) -> None:
    assert {name: names(name) for name in ROLES} == {
        name: set(permissions) for name, permissions in ROLES.items()
    }


def test_groups_of_an_older_installation_gain_what_is_new(db: None) -> None:
    as_before_attendance()
    assert not names("HR") & new("HR")
    grant(apps, None)
    assert {name: names(name) for name in ROLES} == {
        name: set(permissions) for name, permissions in ROLES.items()
    }


def test_what_an_operator_took_away_or_gave_stays(db: None) -> None:
    as_before_attendance()
    hr = Group.objects.get(name="HR")
    hr.permissions.remove(Permission.objects.get(codename="erase_person"))
    hr.permissions.add(Permission.objects.get(codename="view_user"))
    Group.objects.get(name="Auditor").delete()
    grant(apps, None)
    assert "people.erase_person" not in names("HR")
    assert "auth.view_user" in names("HR")
    assert not Group.objects.filter(name="Auditor").exists()


def test_it_is_given_once(db: None) -> None:
    """What is taken away after the upgrade is not given again by the next start."""
    hr = Group.objects.get(name="HR")
    hr.permissions.remove(Permission.objects.get(codename="correct_attendance"))
    create_roles()
    assert "recognition.correct_attendance" not in names("HR")


def test_rights_are_made_where_they_do_not_exist_yet(db: None) -> None:
    """An upgrade over several versions: Django makes permissions after the last migration."""
    Permission.objects.filter(codename__in=["correct_attendance", "view_shift"]).delete()
    grant(apps, None)
    assert {"recognition.correct_attendance", "recognition.view_shift"} <= names("HR")
    made = Permission.objects.get(codename="view_shift")
    assert (made.name, made.content_type.model) == ("Can view shift", "shift")
