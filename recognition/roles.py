"""The groups a new installation starts with.

Made once, when a group of that name does not exist: what an operator changes about them stays.
What a later version adds to them reaches the groups of an older installation by a migration, once;
see 0007_roles_see_attendance.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

ROLES = {
    "HR": (
        "people.view_person",
        "people.add_person",
        "people.change_person",
        "people.erase_person",
        "people.view_photo",
        "people.view_faceimage",
        "people.add_faceimage",
        "people.change_faceimage",
        "people.delete_faceimage",
        "people.view_gallery",
        "people.view_importrun",
        "people.add_importrun",
        "recognition.ask",
        "recognition.view_attempt",
        "recognition.view_attendanceevent",
        "recognition.correct_attendance",
        *(
            f"recognition.{verb}_{model}"
            for model in ("shift", "shiftassignment", "holiday")
            for verb in ("view", "add", "change", "delete")
        ),
    ),
    "Auditor": ("recognition.view_attempt", "recognition.view_attendanceevent"),
}


def create_roles(**_signal: Any) -> None:
    for name, permissions in ROLES.items():
        group, is_new = Group.objects.get_or_create(name=name)
        if is_new:
            group.permissions.set(_permissions(permissions))


def _permissions(names: tuple[str, ...]) -> list[Permission]:
    wanted = Q()
    for name in names:
        app, codename = name.split(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    return list(Permission.objects.filter(wanted))
