"""The lock that comes before all others: what is said about faces under one model."""

from django.db import connection

from people.models import EmbeddingModel


def lock_enrolment(model: EmbeddingModel) -> None:
    """Until the transaction ends, nobody else compares photos with who is enrolled, or erases."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('enrolment'), %s)", [model.pk])


def lock_all_enrolment() -> None:
    """Under every model: nobody enrols, erases or switches."""
    for model in EmbeddingModel.objects.order_by("pk"):
        lock_enrolment(model)
