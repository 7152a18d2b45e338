"""Fixtures for tests whose server is in other threads, and so sees only what is committed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from people.models import EmbeddingModel


@pytest.fixture(scope="module", autouse=True)
def first_models(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[list[EmbeddingModel]]:
    """Such a test empties every table afterwards; these rows came from a migration."""
    with django_db_blocker.unblock():
        kept = list(EmbeddingModel.objects.all())
        connections.close_all()
    yield kept
    with django_db_blocker.unblock():
        EmbeddingModel.objects.bulk_create(kept, ignore_conflicts=True)
        connections.close_all()


@pytest.fixture
def restored(transactional_db: None, first_models: list[EmbeddingModel]) -> None:
    EmbeddingModel.objects.bulk_create(first_models, ignore_conflicts=True)


@pytest.fixture
def model(restored: None, model: EmbeddingModel) -> EmbeddingModel:
    return model


__all__ = ["first_models", "model", "restored"]
