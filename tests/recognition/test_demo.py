"""The demo keeps its promise on real photos, says when it does not, and leaves nothing behind."""

import json
from pathlib import Path

import pytest
from django.conf import settings as site
from pytest_django import Settings

from people.models import FaceImage, Gallery, Person, Template
from recognition.engine import weights
from recognition.models import Attempt
from tests.faces import FakeEngine, photo_of
from tests.fixtures import Enrol
from tests.recognition.test_commands import photo, run, run_json

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.db.transaction.on_commit", lambda act, **_options: act())


@pytest.fixture
def colours(settings: Settings, tmp_path: Path, model: object, fake_engine: FakeEngine) -> Path:
    """Demo photos of three people, for the fake engine. To it, a wall is a face."""
    settings.MODELS_DIR = tmp_path
    for name, angle in (("Ann", 5), ("Bob", 80), ("Cy", 175)):
        for number in range(3):
            data = photo_of(angle + number, variant=number)
            photo(tmp_path, f"demo/train/{name}/{number}.png", data)
        for number in range(2):
            data = photo_of(angle + number, variant=50 + number)
            photo(tmp_path, f"demo/val/{name}/{number}.png", data)
    return tmp_path


@pytest.fixture
def real_photos() -> None:
    if not weights.check(site.MODELS_DIR).complete:
        pytest.skip("the networks or the demo photos are not there: run manage.py fetch_models")


def state() -> tuple[object, ...]:
    return (
        sorted(Person.objects.values_list("full_name", "is_active")),
        sorted(FaceImage.objects.values_list("sha256", "state")),
        sorted(Template.objects.values_list("person__full_name", "photos")),
        sorted(Gallery.objects.values_list("name", "people__full_name")),
    )


@pytest.mark.usefixtures("db", "real_photos")
def test_on_real_photos_every_answer_is_right_and_the_people_stay_as_they_were() -> None:
    code, result = run_json("demo_people")
    assert (code, result["people"], sum(result["photos"].values())) == (0, 5, 93)
    before = state()
    assert run("demo_people")[0] == 0
    assert state() == before
    code, result = run_json("demo")
    assert result["checks"] == dict.fromkeys(result["checks"], True)
    assert (code, result["ok"]) == (0, True)
    assert sum(row["probes"] for row in result["people"]) == 25
    assert state() == before
    assert Attempt.objects.filter(source="command").count() == 25 * 4


@pytest.mark.usefixtures("colours")
def test_a_promise_that_does_not_come_true_exits_1() -> None:
    code, out, _err = run("demo")
    assert code == 1
    assert "NO   6 of 6 new photos recognized" in out
    assert "yes  0 called by a wrong name" in out
    assert "yes  6 of 6 turned away" in out
    assert "yes  a known face under a new name: Already enrolled as Ann" in out
    assert "Something is not as promised" in out


@pytest.mark.usefixtures("colours")
def test_nothing_is_left_of_a_demo() -> None:
    before = state()
    run("demo")
    assert state() == before


@pytest.mark.usefixtures("colours")
def test_people_who_were_there_stay_as_they_were(enrol: Enrol) -> None:
    paris = Gallery.objects.create(name="Paris")
    enrol("Ann", 5.4, gallery=paris)
    before = state()
    run("demo")
    assert state() == before


@pytest.mark.usefixtures("colours")
def test_what_a_killed_demo_left_goes_with_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    before = state()
    with monkeypatch.context() as patch:
        patch.setattr("recognition.demo._clean_up", lambda _visit: None)
        patch.setattr(Gallery, "delete", lambda _gallery: None)
        run("demo")
    assert Person.objects.count() == 3
    run("demo")
    assert state() == before


@pytest.mark.usefixtures("colours")
def test_the_people_can_be_kept() -> None:
    code, out, _err = run("demo", "--keep")
    assert (code, "The people stay in the gallery “Demo”" in out) == (1, True)
    assert list(Gallery.objects.values_list("name", flat=True)) == ["Demo"]
    assert Gallery.objects.get().people.count() == 3


@pytest.mark.usefixtures("colours")
def test_demo_people_are_enrolled_once(fake_engine: FakeEngine) -> None:
    code, out, _err = run("demo_people")
    assert (code, out) == (0, "3 demo people in the gallery “Demo”. 9 photos: 9 ready.\n")
    embedded = fake_engine.embedded
    assert run("demo_people")[0] == 0
    assert fake_engine.embedded == embedded


@pytest.mark.parametrize("command", ["demo", "demo_people"])
def test_without_photos_the_command_to_run_is_said(
    command: str, db: None, settings: Settings, tmp_path: Path
) -> None:
    settings.MODELS_DIR = tmp_path
    code, out, err = run(command, "--json")
    assert (code, json.loads(out)["error"]["code"]) == (2, "demo_missing")
    assert "manage.py fetch_models" in err
