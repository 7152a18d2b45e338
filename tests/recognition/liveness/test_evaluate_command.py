"""`manage.py evaluate_liveness`: exit codes, what it prints for programs, the plot it draws."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.core.management import CommandError, call_command
from PIL import Image
from pytest_django import Settings

from recognition.engine import weights
from recognition.engine.fetch import fetch_option
from recognition.evaluation import presentations, replays
from recognition.liveness import pad
from recognition.liveness.pad import LEAST

RATE = {"value", "low", "high", "trials"}


def run(*arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    try:
        call_command("evaluate_liveness", *map(str, arguments), stdout=out, stderr=err)
    except SystemExit as stop:
        code = int(stop.code or 0)
    return code, out.getvalue(), err.getvalue()


def run_json(*arguments: object) -> tuple[int, dict[str, Any]]:
    code, out, _err = run(*arguments, "--json")
    assert out.count("\n") == 1
    found: dict[str, Any] = json.loads(out)
    return code, found


@pytest.fixture
def networks(settings: Settings, shared_data: Callable[[str], Path], tmp_path: Path) -> Path:
    """All of them in one folder, the anti-spoofing ones too, and none loaded from another."""
    if not weights.check(site_settings.MODELS_DIR).complete:
        pytest.skip("the networks are not there: run manage.py fetch_models")
    folder = tmp_path / "models"
    for file in weights.PINNED:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).symlink_to(site_settings.MODELS_DIR / file)
    (folder / weights.DEMO).symlink_to(site_settings.MODELS_DIR / weights.DEMO)
    fetch_option(folder, "pad", source=shared_data("models"))
    settings.MODELS_DIR = folder
    return folder


@pytest.fixture
def spoofs(shared_data: Callable[[str], Path], tmp_path: Path) -> Path:
    """Two of each kind, and a file that is no photo."""
    folder = tmp_path / "spoof"
    for kind in ("live", "spoof"):
        (folder / kind).mkdir(parents=True)
        for photo in sorted((shared_data("spoof") / kind).iterdir())[:2]:
            shutil.copy(photo, folder / kind)
    (folder / "spoof" / "notes.txt").write_text("no photo")
    return folder


@pytest.fixture
def people(shared_data: Callable[[str], Path], tmp_path: Path) -> Path:
    """Two people of three photos each."""
    folder = tmp_path / "people"
    for person in sorted(shared_data("lfw_people").iterdir())[:2]:
        (folder / person.name).mkdir(parents=True)
        for photo in sorted(person.iterdir())[:3]:
            shutil.copy(photo, folder / person.name)
    return folder


@pytest.mark.usefixtures("networks")
def test_rates_of_the_networks_by_threshold(spoofs: Path) -> None:
    code, found = run_json(spoofs)
    assert (code, set(found), set(found["pad"])) == (0, {"pad"}, {"threshold", "rates"})
    assert found["pad"]["threshold"] == LEAST
    rows = found["pad"]["rates"]
    assert [row["threshold"] for row in rows] == list(presentations.THRESHOLDS)
    assert all(set(row["apcer"]) == set(row["bpcer"]) == RATE for row in rows)
    assert {(row["apcer"]["trials"], row["bpcer"]["trials"]) for row in rows} == {(3, 2)}


@pytest.mark.usefixtures("networks")
@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_plot_is_drawn_where_it_was_asked_for(
    spoofs: Path, tmp_path: Path, ending: str
) -> None:
    plot = tmp_path / f"pad.{ending}"
    code, out, _err = run(spoofs, "--plot", plot)
    assert code == 0
    assert "2 live and 3 spoof photos" in out
    assert f"Plot: {plot}" in out
    if ending == "svg":
        assert "APCER" in plot.read_text()
    else:
        with Image.open(plot) as picture:
            assert picture.format == "PNG"


@pytest.mark.usefixtures("networks")
def test_attacks_and_people_who_do_as_asked(people: Path) -> None:
    number = len(replays.ATTACKS)
    code, found = run_json("--turns", people, "--replays", number)
    assert set(found) == {"genuine", "replays"}
    assert set(found["replays"]) == set(replays.ATTACKS)
    for tally in [*found["genuine"].values(), *found["replays"].values()]:
        assert set(tally) == {"tried", "accepted", "outcomes", "rate"}
        assert set(tally["rate"]) == RATE
        assert sum(tally["outcomes"].values()) == tally["tried"]
    assert sum(tally["tried"] for tally in found["replays"].values()) == number
    assert code == (1 if any(one["accepted"] for one in found["replays"].values()) else 0)


@pytest.mark.usefixtures("networks")
def test_who_has_no_photos_of_people_takes_the_demo_photos() -> None:
    code, found = run_json("--turns", "--people", 2, "--replays", len(replays.ATTACKS))
    assert code == 0
    assert [one["tried"] for one in found["replays"].values()] == [1] * len(replays.ATTACKS)


@pytest.mark.usefixtures("networks")
def test_without_replays_there_is_nothing_to_be_accepted(people: Path) -> None:
    code, found = run_json("--turns", people)
    assert (code, set(found)) == (0, {"genuine"})


@pytest.mark.usefixtures("networks")
def test_who_does_as_asked_may_have_to_pass_the_networks_too(
    people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _code, without = run_json("--turns", people)
    monkeypatch.setattr(pad, "LEAST", 1.1)  # nobody is as live as that
    _code, found = run_json("--turns", people, "--with-pad")
    for kind, tally in found["genuine"].items():
        passed = without["genuine"][kind]["accepted"]
        assert tally["accepted"] == 0
        assert tally["outcomes"].get("presentation_attack", 0) == passed
    assert sum(tally["accepted"] for tally in without["genuine"].values())


@pytest.mark.usefixtures("networks")
def test_an_attack_that_is_accepted_is_told_by_the_exit_code(
    people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "outcome", lambda *_: replays.ACCEPTED)
    code, found = run_json("--turns", people, "--replays", 1)
    assert code == 1
    assert [one["accepted"] for one in found["replays"].values()] == [1]


@pytest.mark.usefixtures("networks")
def test_without_the_anti_spoofing_networks_nothing_is_measured(
    spoofs: Path, networks: Path
) -> None:
    (networks / weights.PAD_NEAR).unlink()
    code, found = run_json(spoofs)
    assert (code, found["error"]["code"]) == (2, "weights_missing")
    assert found["error"]["message"].endswith("Run: manage.py fetch_models --pad")


@pytest.mark.usefixtures("networks")
@pytest.mark.parametrize("file", [weights.DETECTOR, weights.FACENET], ids=str)
def test_without_a_network_no_attack_is_said_to_be_refused(
    people: Path, networks: Path, file: Path
) -> None:
    (networks / file).unlink()
    code, found = run_json("--turns", people, "--replays", 1)
    assert (code, found["error"]["code"]) == (2, "weights_missing")
    assert found["error"]["message"].endswith("Run: manage.py fetch_models")


@pytest.mark.usefixtures("networks")
def test_without_the_anti_spoofing_networks_nobody_is_asked_to_pass_them(
    people: Path, networks: Path
) -> None:
    (networks / weights.PAD_WIDE).unlink()
    code, found = run_json("--turns", people, "--with-pad")
    assert (code, found["error"]["code"]) == (2, "weights_missing")
    assert found["error"]["message"].endswith("Run: manage.py fetch_models --pad")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "no_folder"),
        (["missing"], "nothing_to_compare"),
        (["missing", "--moves", "6"], "moves_out_of_range"),
        (["--turns", "missing"], "nothing_to_compare"),
    ],
)
def test_what_cannot_be_measured_is_a_sentence(
    tmp_path: Path, arguments: Sequence[str], error: str
) -> None:
    given = [tmp_path / one if one == "missing" else one for one in arguments]
    code, out, err = run(*given)
    assert (code, out) == (2, "")
    assert err.strip().endswith(".")
    assert run_json(*given) == (2, {"error": {"code": error, "message": err.strip()}})


def test_a_number_that_is_none_is_a_mistake_of_the_call() -> None:
    with pytest.raises(CommandError):
        run("--replays", "many")
