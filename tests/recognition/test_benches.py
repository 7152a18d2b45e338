"""The frame of `manage.py bench`; what the benches measure is not asserted anywhere."""

import importlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from recognition.evaluation import benches
from recognition.evaluation.bench_rows import Row

FAST = Row("work", "a peer", ours=1.0, theirs=3.0, unit="ms", ratio=3.0, least=2.0)
SLOW = replace(FAST, work="slow work", ours=2.0, ratio=1.5)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> list[Row]:
    """What "engine", the only bench, is going to find; VAR_DIR is the test's own."""
    rows: list[Row] = [FAST]
    monkeypatch.setattr(benches, "BENCHES", {"engine": benches.BENCHES["engine"]})
    monkeypatch.setattr(benches, "run", lambda name, **_: _result(name, rows))
    settings.VAR_DIR = tmp_path
    return rows


def _result(name: str, rows: list[Row]) -> dict[str, Any]:
    return {"bench": name, "rows": [row.as_json() for row in rows]}


def _exit_code(*arguments: str) -> int:
    try:
        call_command("bench", *arguments)
    except SystemExit as leaving:
        return int(str(leaving.code))
    return 0


@pytest.mark.parametrize("name", sorted(benches.BENCHES))
def test_every_bench_has_a_maker(name: str) -> None:
    module, _, function = benches.BENCHES[name].maker.rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


def test_the_full_set_holds_the_quick_one() -> None:
    assert benches.chosen([], full=True) == benches.BENCHES
    assert set(benches.chosen([], full=False)) <= set(benches.BENCHES)
    assert list(benches.chosen(["engine"], full=False)) == ["engine"]


def test_when_every_line_is_met_the_exit_code_is_0(
    found: list[Row], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _exit_code() == 0
    assert "met" in capsys.readouterr().out


def test_a_missed_line_is_exit_code_1_and_said(
    found: list[Row], capsys: pytest.CaptureFixture[str]
) -> None:
    found.append(SLOW)
    assert _exit_code() == 1
    assert "MISSED" in capsys.readouterr().out


def test_a_bench_that_fails_is_exit_code_2_and_named(
    found: list[Row], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benches, "run", lambda *_args, **_: None)
    assert _exit_code() == 2
    assert "engine could not be measured" in capsys.readouterr().err


def test_results_are_kept_and_given_as_json(
    found: list[Row], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _exit_code("--json", "--out", str(tmp_path / "all.json")) == 0
    given = json.loads(capsys.readouterr().out)
    assert given == json.loads((tmp_path / "all.json").read_text())
    assert given["met"] is True
    kept = json.loads((tmp_path / "bench" / "engine.json").read_text())
    assert [kept] == given["benches"]
    assert benches.row_of(kept["rows"][0]) == FAST


def test_a_child_writes_what_it_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings
) -> None:
    monkeypatch.setattr(
        benches, "make_rows", lambda _name, *, full: [replace(FAST, note=f"{full}")]
    )
    assert _exit_code("--only", "engine", "--full", "--here", str(tmp_path / "rows.json")) == 0
    (row,) = json.loads((tmp_path / "rows.json").read_text())
    assert (row["note"], row["is_met"]) == ("True", True)
