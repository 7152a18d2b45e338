"""Migrations of data can be taken again."""

from importlib import import_module

import pytest
from django.apps import apps

from people.models import EmbeddingModel


@pytest.mark.django_db
def test_the_first_model_is_added_once() -> None:
    migration = import_module("recognition.migrations.0003_first_model")
    before = EmbeddingModel.objects.get()
    migration.add(apps, None)
    assert EmbeddingModel.objects.get() == before
