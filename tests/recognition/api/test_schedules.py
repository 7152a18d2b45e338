from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from people.models import Gallery, Person
from recognition.models import Holiday, Shift

API = "/api/v1"
NIGHT = {"name": "Night", "start": "22:00", "end": "06:00", "weekdays": [5, 1, 1]}


def post(client: APIClient, path: str, **body: Any) -> Any:
    return client.post(f"{API}/{path}/", body, format="json")


@pytest.fixture
def night(db: None) -> Shift:
    return Shift.objects.create(**NIGHT)


def test_a_shift_is_made_changed_and_deleted(admin: APIClient) -> None:
    made = post(admin, "shifts", **NIGHT)
    assert (made.status_code, made.json()["weekdays"]) == (201, [1, 5])
    url = f"{API}/shifts/{made.json()['id']}/"
    assert admin.patch(url, {"break_minutes": 30}, format="json").json()["break_minutes"] == 30
    assert admin.delete(url).status_code == 204
    assert admin.get(f"{API}/shifts/").json()["results"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"weekdays": []},
        {"weekdays": [0]},
        {"weekdays": [8]},
        {"start": "25:00"},
        {"end": "10:00:00+01:00"},
        {"break_minutes": -1},
        {"break_minutes": 10**9},
        {"colour": "red"},
    ],
)
def test_a_wrong_shift_is_refused(admin: APIClient, wrong: dict[str, Any]) -> None:
    answer = post(admin, "shifts", **{**NIGHT, **wrong})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(wrong))


PARTS = ["break_minutes", "late_grace_minutes", "early_grace_minutes"]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("minutes", [480, 481])
def test_no_part_of_a_shift_is_as_long_as_the_shift(
    admin: APIClient, part: str, minutes: int
) -> None:
    answer = post(admin, "shifts", **{**NIGHT, part: minutes})
    assert (answer.status_code, answer.json()["code"]) == (422, "unprocessable")
    assert list(answer.json()["errors"]) == [part]
    assert not Shift.objects.exists()
    assert post(admin, "shifts", **{**NIGHT, part: 479}).status_code == 201


@pytest.mark.parametrize("part", PARTS)
def test_a_change_is_looked_at_with_what_it_leaves(
    admin: APIClient, night: Shift, part: str
) -> None:
    """Each alone is possible: what is changed, and what was there."""
    Shift.objects.update(**{part: 60})
    url = f"{API}/shifts/{night.pk}/"
    answer = admin.patch(url, {"end": "23:00"}, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [part])
    assert admin.patch(url, {part: 480}, format="json").status_code == 422
    assert admin.patch(url, {"end": "23:00", part: 59}, format="json").status_code == 200


def test_a_shift_round_the_clock_has_a_break_of_less_than_a_day(admin: APIClient) -> None:
    whole = {**NIGHT, "end": NIGHT["start"]}
    assert post(admin, "shifts", **whole, break_minutes=24 * 60).status_code == 422
    assert post(admin, "shifts", **whole, break_minutes=24 * 60 - 1).status_code == 201


@pytest.mark.parametrize("part", PARTS)
def test_the_database_refuses_such_a_shift_too(night: Shift, part: str) -> None:
    with (
        pytest.raises(IntegrityError, match="shift_longer_than_break_and_grace"),
        transaction.atomic(),
    ):
        Shift.objects.update(**{part: 480})
    Shift.objects.update(**{part: 479})


def test_a_shift_is_assigned_to_a_person_or_to_a_gallery(
    admin: APIClient, night: Shift, north: Gallery
) -> None:
    ann = str(Person.objects.create(full_name="Ann").public_id)
    about = {"shift": night.pk, "valid_from": "2025-03-01"}
    own = post(admin, "shift-assignments", **about, person=ann)
    assert (own.status_code, own.json()["person"]) == (201, ann)
    assert post(admin, "shift-assignments", **about, gallery=north.pk).status_code == 201
    for owner in ({}, {"person": ann, "gallery": north.pk}):
        assert post(admin, "shift-assignments", **about, **owner).status_code == 422
    found = admin.get(f"{API}/shift-assignments/", {"person": ann}).json()["results"]
    assert [one["id"] for one in found] == [own.json()["id"]]


def test_an_assignment_does_not_end_before_it_starts(
    admin: APIClient, night: Shift, north: Gallery
) -> None:
    about = {"shift": night.pk, "gallery": north.pk, "valid_from": "2025-03-01"}
    answer = post(admin, "shift-assignments", **about, valid_to="2025-02-28")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["valid_to"])
    made = post(admin, "shift-assignments", **about).json()
    url = f"{API}/shift-assignments/{made['id']}/"
    assert admin.patch(url, {"valid_to": "2025-02-28"}, format="json").status_code == 422
    assert admin.patch(url, {"valid_to": "2025-03-01"}, format="json").status_code == 200


def test_a_shift_in_use_stays(admin: APIClient, night: Shift, north: Gallery) -> None:
    post(admin, "shift-assignments", shift=night.pk, gallery=north.pk, valid_from="2025-03-01")
    answer = admin.delete(f"{API}/shifts/{night.pk}/")
    assert (answer.status_code, answer.json()["code"]) == (422, "shift_in_use")


def test_an_unknown_person_is_refused_by_name(admin: APIClient, night: Shift) -> None:
    for person, status in (("7", 400), ("7f0c1c8e-5b1e-4b55-9d0e-0d2a4c3f2b11", 422)):
        answer = post(
            admin, "shift-assignments", shift=night.pk, valid_from="2025-03-01", person=person
        )
        assert (answer.status_code, list(answer.json()["errors"])) == (status, ["person"])


@pytest.mark.parametrize("is_here", [True, False])
def test_a_holiday_is_once_a_date(admin: APIClient, north: Gallery, is_here: bool) -> None:
    about = {"date": "2025-12-25", "name": "Christmas", "gallery": north.pk if is_here else None}
    assert post(admin, "holidays", **about).status_code == 201
    again = post(admin, "holidays", **about)
    assert (again.status_code, list(again.json()["errors"])) == (422, ["date"])
    url = f"{API}/holidays/{Holiday.objects.get().pk}/"
    assert admin.patch(url, {"name": "Boxing Day"}, format="json").status_code == 200


def test_a_holiday_may_be_here_and_everywhere(admin: APIClient, north: Gallery) -> None:
    for gallery in (north.pk, None):
        made = post(admin, "holidays", date="2025-12-25", name="Christmas", gallery=gallery)
        assert made.status_code == 201
