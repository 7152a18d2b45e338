"""The log of attempts in the admin: read, never changed."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from people.images import decode
from people.models import Person
from people.services import deactivate
from recognition.models import Attempt, AttemptSource
from recognition.services import recognize, verify
from tests.faces import photo_of, photo_without_face
from tests.fixtures import Enrol

LOG = reverse("admin:recognition_attempt_changelist")


def who(data: bytes) -> None:
    recognize(probe=[decode(data).pixels], source=AttemptSource.ADMIN)


def is_it(person: Person, data: bytes) -> None:
    verify(probe=[decode(data).pixels], person=person, source=AttemptSource.ADMIN)


@pytest.fixture
def ann(enrol: Enrol) -> Person:
    ann = enrol("Ann", 10)
    who(photo_of(10))
    who(photo_of(150))
    is_it(ann, photo_of(150))
    who(photo_without_face())
    return ann


def page(client: Client, **query: str) -> str:
    response = client.get(LOG, query)
    assert response.status_code == 200
    return response.content.decode()


def number_found(client: Client, **query: str) -> int:
    found: int = client.get(LOG, query).context["cl"].result_count
    return found


def test_an_auditor_reads_the_log_with_three_decimals(auditor: Client, ann: Person) -> None:
    html = page(auditor)
    assert "Ann" in html
    assert "0.000 / 0.765" in html


@pytest.mark.parametrize("outcome", ["match", "no_match", "unknown", "refused"])
def test_the_log_is_filtered_by_outcome(auditor: Client, ann: Person, outcome: str) -> None:
    assert number_found(auditor, outcome=outcome) == 1


def test_who_is_known_and_did_not_pass_is_told_from_strangers(
    auditor: Client, enrol: Enrol
) -> None:
    deactivate(person=enrol("Bob", 10))
    recognize(probe=[decode(photo_of(10)).pixels], source=AttemptSource.DEVICE, says_why=True)
    assert ">Deactivated<" in page(auditor)


def test_attempts_are_found_by_person(auditor: Client, ann: Person) -> None:
    assert number_found(auditor, q="Ann") == 2
    assert number_found(auditor, q="Bob") == 0


def test_nobody_adds_changes_or_deletes_an_attempt(root: Client, ann: Person) -> None:
    attempt = Attempt.objects.filter(outcome="match").get()
    change = reverse("admin:recognition_attempt_change", args=[attempt.pk])
    delete = reverse("admin:recognition_attempt_delete", args=[attempt.pk])
    assert root.get(reverse("admin:recognition_attempt_add")).status_code == 403
    assert root.get(change).status_code == 200
    assert root.post(change, {"outcome": "unknown"}).status_code == 403
    assert root.post(delete, {"post": "yes"}).status_code == 403
    bulk = {"action": "delete_selected", "_selected_action": [attempt.pk], "post": "yes"}
    root.post(LOG, bulk)
    attempt.refresh_from_db()
    assert attempt.outcome == "match"


def test_the_log_asks_the_database_no_more_for_more_attempts(auditor: Client, ann: Person) -> None:
    page(auditor)
    with CaptureQueriesContext(connection) as with_four:
        page(auditor)
    for _ in range(8):
        is_it(ann, photo_of(10))
    with CaptureQueriesContext(connection) as with_many:
        page(auditor)
    assert len(with_many) == len(with_four)
