"""The commands: what they print, and exit codes 0 yes, 1 no, 2 error."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import kombu.exceptions
import pytest
from django.core.management import call_command

from people.models import FaceImage, Gallery, Person
from recognition import intake, tasks
from recognition.models import Attempt
from tests.faces import FakeEngine, photo_of, photo_without_face
from tests.fixtures import Enrol

pytestmark = pytest.mark.usefixtures("fake_engine", "model", "at_once")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test is one transaction that never commits; what waits for the commit happens now."""
    monkeypatch.setattr("django.db.transaction.on_commit", lambda act, **_options: act())


def run(command: str, *args: object) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    try:
        call_command(command, *map(str, args), stdout=out, stderr=err, no_color=True)
    except SystemExit as stop:
        code = int(stop.code or 0)
    return code, out.getvalue(), err.getvalue()


def run_json(command: str, *args: object) -> tuple[int, dict[str, Any]]:
    code, out, _err = run(command, *args, "--json")
    assert out.count("\n") == 1
    found: dict[str, Any] = json.loads(out)
    return code, found


def photo(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Ann at 10°, Bob at 90°, and a photo of Bob without a face."""
    folder = tmp_path / "tree"
    photo(folder, "Ann_Ng/1.png", photo_of(10))
    photo(folder, "Ann_Ng/2.png", photo_of(12, variant=1))
    photo(folder, "Bob/1.png", photo_of(90))
    photo(folder, "Bob/2.png", photo_without_face())
    return folder


def test_a_tree_is_imported_and_what_was_rejected_is_listed(tree: Path) -> None:
    code, out, _err = run("import_people", tree, "--gallery", "Paris")
    assert code == 1
    assert "The gallery “Paris” is new." in out
    assert "2 people are new, 0 were known." in out
    assert "4 photos: 3 ready, 1 rejected." in out
    assert "Bob/2.png: No face found." in out
    assert Gallery.objects.get(name="Paris").people.count() == 2


def test_an_import_where_everything_is_enrolled_exits_0(tree: Path) -> None:
    (tree / "Bob/2.png").unlink()
    assert run("import_people", tree)[0] == 0


def test_an_import_again_changes_nothing(tree: Path, fake_engine: FakeEngine) -> None:
    run("import_people", tree)
    embedded = fake_engine.embedded
    code, result = run_json("import_people", tree)
    assert (code, result["people"]) == (1, {"new": 0, "known": 2})
    assert result["photos"] == {
        "total": 4, "ready": 3, "waiting": 0, "rejected": 1, "refused": 0, "already": 4,
    }  # fmt: skip
    assert result["reasons"] == {"no_face": 1}
    assert fake_engine.embedded == embedded


def test_an_interrupted_import_goes_on(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_ids: Sequence[int]) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(intake, "embed_images", interrupted)
        err = io.StringIO()
        with pytest.raises(KeyboardInterrupt):
            call_command("import_people", str(tree), stderr=err, no_color=True)
        assert "Give the same command again" in err.getvalue()
    assert FaceImage.objects.pending().count() == 4
    _code, result = run_json("import_people", tree)
    assert (result["photos"]["ready"], result["photos"]["already"]) == (3, 4)


def test_a_list_of_names_says_who_the_folders_are(tree: Path, tmp_path: Path) -> None:
    csv = photo(tmp_path, "names.csv", b"folder,full_name,staff_number\nBob,Robert Roe,17\n")
    run("import_people", tree, "--names", csv)
    assert Person.objects.get(staff_number="17").full_name == "Robert Roe"
    photo(tmp_path, "names.csv", b"folder,full_name\nBob,\n")
    code, _out, err = run("import_people", tree, "--names", csv)
    assert (code, "line 2: full_name is empty" in err) == (2, True)


@pytest.mark.parametrize("command", ["import_people"])
def test_a_wrong_folder_is_one_sentence(command: str, tmp_path: Path) -> None:
    code, out, err = run(command, tmp_path)
    assert (code, out) == (2, "")
    assert "holds no photos. Expected is one folder for each person" in err
    code, result = run_json(command, tmp_path)
    assert (code, result["error"]["code"]) == (2, "folder_empty")


def test_enroll_adds_a_person_once(tmp_path: Path) -> None:
    path = photo(tmp_path, "a.png", photo_of(10))
    code, out, _err = run("enroll", "Ann  Ng", path, "--staff-number", "7", "--gallery", "Paris")
    assert (code, "Ann Ng is new." in out, "1 photo: 1 ready." in out) == (0, True, True)
    code, result = run_json("enroll", "Ann Ng", path, "--staff-number", "7")
    assert (code, result["is_new"], result["photos"]["already"]) == (0, False, 1)
    person = Person.objects.get(staff_number="7")
    assert (person.full_name, person.galleries.get().name) == ("Ann Ng", "Paris")


def test_a_known_face_is_flagged_until_the_flag_is_accepted(enrol: Enrol, tmp_path: Path) -> None:
    enrol("Ann", 10)
    path = photo(tmp_path, "a.png", photo_of(14))
    code, out, _err = run("enroll", "Bob", path)
    assert (code, "Already enrolled as Ann" in out) == (1, True)
    assert "the same command with --accept-flags" in out
    assert run("enroll", "Bob", path, "--accept-flags")[0] == 0


def test_nobody_is_enrolled_from_files_that_are_no_photos(tmp_path: Path) -> None:
    code, result = run_json("enroll", "Ann", photo(tmp_path, "a.txt", b"x"))
    assert (code, result["reasons"]) == (1, {"photo_wrong_type": 1})
    assert not Person.objects.exists()


def test_a_missing_file_stops_before_anything_is_stored(tmp_path: Path) -> None:
    good = photo(tmp_path, "a.png", photo_of(10))
    code, _out, err = run("enroll", "Ann", good, tmp_path / "b.png")
    assert (code, "There is no file" in err) == (2, True)
    assert not Person.objects.exists()


@pytest.mark.parametrize("name", ["", "   ", "A" * 201])
def test_a_name_that_cannot_be_stored_is_refused(name: str, tmp_path: Path) -> None:
    code, result = run_json("enroll", name, photo(tmp_path, "a.png", photo_of(10)))
    assert (code, result["reasons"]) == (1, {"name_unusable": 1})


def test_queued_photos_go_to_the_workers(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queued: list[int] = []
    monkeypatch.setattr(tasks.embed_photos, "delay", queued.extend)
    code, out, _err = run("import_people", tree, "--queue")
    assert (code, len(queued)) == (0, 4)
    assert "They are queued; a running worker embeds them." in out
    assert FaceImage.objects.pending().count() == 4


def test_with_the_broker_down_queued_photos_wait(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_ids: list[int]) -> None:
        raise kombu.exceptions.OperationalError("no broker")

    monkeypatch.setattr(tasks.embed_photos, "delay", down)
    code, out, _err = run("import_people", tree, "--queue")
    assert (code, "The broker cannot be reached" in out) == (0, True)
    assert FaceImage.objects.pending().count() == 4


def test_verify_says_yes_or_no(enrol: Enrol, tmp_path: Path) -> None:
    person = enrol("Ann", 10)
    path = photo(tmp_path, "a.png", photo_of(20))
    code, out, _err = run("verify", path, "--person", "ann")
    assert (code, out.splitlines()[0]) == (0, "Verified! Welcome Ann")
    stranger = photo(tmp_path, "b.png", photo_of(160))
    code, result = run_json("verify", stranger, "--person", person.public_id)
    assert (code, result["outcome"], result["person"]) == (1, "no_match", None)
    assert result["message"] == "Person name and face didn't match!"


def test_recognize_names_the_person_and_the_nearest(enrol: Enrol, tmp_path: Path) -> None:
    ann = enrol("Ann", 10)
    enrol("Bob", 90)
    code, result = run_json("recognize", photo(tmp_path, "a.png", photo_of(20)), "--top", 2)
    assert (code, result["outcome"], result["message"]) == (0, "match", "Hi! Welcome Ann")
    assert result["person"] == {"id": str(ann.public_id), "name": "Ann"}
    assert [one["person"]["name"] for one in result["candidates"]] == ["Ann", "Bob"]
    assert set(result) >= {"distance", "threshold", "model"}
    assert Attempt.objects.get().source == "command"


def test_a_stranger_is_not_in_the_database(enrol: Enrol, tmp_path: Path) -> None:
    enrol("Ann", 10)
    code, out, _err = run("recognize", photo(tmp_path, "a.png", photo_of(160)))
    assert (code, out.splitlines()[0]) == (1, "Sorry! You're not in the database.")


def test_only_the_people_of_the_gallery_are_looked_at(enrol: Enrol, tmp_path: Path) -> None:
    enrol("Ann", 10)
    Gallery.objects.create(name="Paris")
    path = photo(tmp_path, "a.png", photo_of(10))
    assert run("recognize", path, "--gallery", "paris")[0] == 1
    code, _out, err = run("recognize", path, "--gallery", "Rome")
    assert (code, "no gallery called “Rome”" in err) == (2, True)


def test_several_photos_are_frames_of_one_face(enrol: Enrol, tmp_path: Path) -> None:
    enrol("Ann", 10)
    frames = [photo(tmp_path, f"{angle}.png", photo_of(angle)) for angle in (5, 15, 25)]
    assert run("recognize", *frames)[0] == 0
    assert Attempt.objects.get().frames == 3
    other = photo(tmp_path, "other.png", photo_of(170))
    code, result = run_json("recognize", *frames, other)
    assert (code, result["outcome"]) == (2, "frames_differ")


def test_a_probe_without_a_usable_face_is_undecided(enrol: Enrol, tmp_path: Path) -> None:
    enrol("Ann", 10)
    path = photo(tmp_path, "a.png", photo_without_face())
    code, result = run_json("verify", path, "--person", "Ann")
    assert (code, result["outcome"]) == (2, "no_face")


def test_an_unreadable_probe_is_undecided_and_an_unreadable_frame_left_out(
    enrol: Enrol, tmp_path: Path
) -> None:
    enrol("Ann", 10)
    broken = photo(tmp_path, "broken.jpg", b"x")
    code, result = run_json("recognize", broken)
    assert (code, result["outcome"], result["person"]) == (2, "photo_wrong_type", None)
    code, _out, err = run("recognize", photo(tmp_path, "a.png", photo_of(10)), broken)
    assert (code, "broken.jpg is left out" in err) == (0, True)


def test_an_unknown_or_ambiguous_person_is_an_error(enrol: Enrol, tmp_path: Path) -> None:
    path = photo(tmp_path, "a.png", photo_of(10))
    code, result = run_json("verify", path, "--person", "Nobody")
    assert (code, result["error"]["code"]) == (2, "person_unknown")
    enrol("Ann", 10)
    enrol("ANN", 90)
    code, _out, err = run("verify", path, "--person", "Ann")
    assert (code, "Use the staff number or the id" in err) == (2, True)


def test_a_missing_probe_and_too_many_frames_are_errors(tmp_path: Path) -> None:
    code, result = run_json("recognize", tmp_path / "nowhere.jpg")
    assert (code, result["error"]["code"]) == (2, "file_unreadable")
    code, result = run_json("recognize", *[tmp_path / "a.png"] * 17)
    assert (code, result["error"]["code"]) == (2, "no_frames")


def test_every_odd_image_gets_an_answer(shared_data: Callable[[str], Path]) -> None:
    for path in sorted(shared_data("odd_images").iterdir()):
        _code, result = run_json("recognize", path)
        assert result["message"]
        code, result = run_json("enroll", path.name, path)
        assert code == (0 if result["photos"]["ready"] else 1)


def test_a_database_that_is_not_set_up_is_said_in_one_sentence(tmp_path: Path) -> None:
    """A real process, on the empty database of this test session."""
    done = subprocess.run(
        [sys.executable, "manage.py", "recognize", str(photo(tmp_path, "a.png", photo_of(10)))],
        cwd=ROOT,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.strip() == "The database is not set up. Run: manage.py migrate"


@pytest.mark.parametrize(
    "command",
    ["import_people", "enroll", "verify", "recognize", "demo", "demo_people", "evaluate_templates"],
)
def test_help_says_what_the_exit_codes_mean(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        call_command(command, "--help")
    said = " ".join(capsys.readouterr().out.split())
    assert "Exit code 0:" in said
    assert "--json" in said
