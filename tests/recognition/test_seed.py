import pytest
from django.core.management import call_command

from people.models import EmbeddingModel


@pytest.mark.django_db(transaction=True)
def test_an_emptied_database_has_its_first_model_again() -> None:
    call_command("flush", interactive=False, verbosity=0)
    assert EmbeddingModel.objects.current().name == "facenet128"
