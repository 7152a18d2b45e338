"""What goes with a row, however the row goes: a photo's file, the name in the admin's history."""

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from people.models import FaceImage, Person


@receiver(post_delete, sender=FaceImage)
def remove_file(instance: FaceImage, **_kwargs: Any) -> None:
    name, storage = instance.file.name, instance.file.storage
    if name:
        # Only once the row is really gone: a rolled-back delete must keep its photo.
        transaction.on_commit(lambda: storage.delete(name))


@receiver(post_delete, sender=Person)
def forget_name(instance: Person, **_kwargs: Any) -> None:
    """The admin's history keeps that something was done, no longer with whom."""
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Person), object_id=str(instance.pk)
    ).update(object_repr="Erased person", change_message="")
