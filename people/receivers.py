"""A photo's file goes with its row, however the row goes."""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from people.models import FaceImage


@receiver(post_delete, sender=FaceImage)
def remove_file(instance: FaceImage, **_kwargs: Any) -> None:
    name, storage = instance.file.name, instance.file.storage
    if name:
        # Only once the row is really gone: a rolled-back delete must keep its photo.
        transaction.on_commit(lambda: storage.delete(name))
