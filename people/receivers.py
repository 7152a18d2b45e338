"""What goes with a row, however the row goes: a photo's file, the name in the admin's history."""

import re
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Replace
from django.db.models.signals import post_delete
from django.dispatch import receiver

from people.imports.names import from_folder
from people.models import FaceImage, ImportRun, Person

_ERASED = "somebody erased since"


@receiver(post_delete, sender=FaceImage)
def remove_file(instance: FaceImage, **_kwargs: Any) -> None:
    name, storage = instance.file.name, instance.file.storage
    if name:
        # Only once the row is really gone: a rolled-back delete must keep its photo. Robust: a
        # file that cannot be removed is logged, and does not keep the others; tidying has it next.
        transaction.on_commit(lambda: storage.delete(name), robust=True)


@receiver(post_delete, sender=Person)
def forget_name(instance: Person, **_kwargs: Any) -> None:
    """What was done stays, no longer with whom: in the admin's history, in what was said about
    other people's photos, in the reports of imports."""
    said = f" as {instance.full_name}, "  # not the name alone: somebody may be called Al
    FaceImage.objects.filter(reason_code="already_enrolled", reason__contains=said).update(
        reason=Replace("reason", Value(said), Value(f" as {_ERASED}, "))
    )
    for run in ImportRun.objects.exclude(refused=[]).select_for_update():
        kept = [
            {**file, "reason": _without(instance.full_name, file["reason"])}
            for file in run.refused
            if not _is_of(instance.full_name, file["name"])
        ]
        if kept != run.refused:
            run.refused = kept
            run.save(update_fields=["refused"])
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Person), object_id=str(instance.pk)
    ).update(object_repr="Erased person", change_message="")


def _without(full_name: str, reason: str) -> str:
    """What was said about somebody else's file: “staff number 7 belongs to {full_name}”."""
    return re.sub(rf"(?<!\w){re.escape(full_name)}(?!\w)", _ERASED, reason)


def _is_of(full_name: str, file: str) -> bool:
    """Whether a file of an import lay in this person's folder."""
    folders = (from_folder(folder).full_name.casefold() for folder in file.split("/")[:-1])
    return full_name.casefold() in folders
