"""What docs/api.md shows is run, from top to bottom, and is complete."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models.signals import post_save
from PIL import Image
from pytest_django.live_server_helper import LiveServer

from people.models import EmbeddingModel, Gallery
from recognition.devices import add_device
from recognition.models import Attempt, AttendanceEvent, LivenessStep
from tests.faces import FakeEngine, frame_for, photo_of

PAGE = (settings.BASE_DIR / "docs" / "api.md").read_text()
PASSWORD = "a long password"
ANGLES = {"ann-1.jpg": 10, "ann-2.jpg": 12, "visitor.jpg": 11, "bob-1.jpg": 100, "bob-2.jpg": 101}

pytestmark = pytest.mark.django_db(transaction=True)


def blocks(language: str) -> str:
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def live_server(django_db_setup: None) -> Iterator[LiveServer]:
    """As pytest-django's, which starts before the folder of static files is there."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    server = LiveServer("localhost")
    yield server
    server.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos-of-the-page"
    folder.mkdir()
    for name, angle in ANGLES.items():
        (folder / name).write_bytes(photo_of(angle))
    for step in LivenessStep.values:
        Image.fromarray(frame_for(step, 101)).save(folder / f"{step}.jpg", "PNG")
    return folder


@pytest.fixture
def environment(
    model: EmbeddingModel, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """A site that embeds photos at once, with a user and a device of every gallery."""
    monkeypatch.setitem(current_app.conf, "task_always_eager", True)
    User.objects.create_superuser("hr", password=PASSWORD)
    new = add_device(name="Door", galleries=[])

    def join(instance: Gallery, **_signal: object) -> None:
        new.device.galleries.add(instance)

    post_save.connect(join, sender=Gallery)
    yield {"PATH": os.environ["PATH"], "PASSWORD": PASSWORD, "DEVICE_KEY": new.key}
    post_save.disconnect(join, sender=Gallery)


def run(command: list[str], script: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        input=script,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_shell_examples_work(
    environment: dict[str, str], live_server: LiveServer, folder: Path
) -> None:
    for program in ("bash", "curl", "python3", "base64"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    script = blocks("sh").replace("https://faces.example", live_server.url)
    said = run(["bash", "-euo", "pipefail"], script, folder, environment)
    assert "Hi! Welcome Ann Lee-Park" in said
    assert "Verified! Welcome Ann Lee-Park" in said
    assert AttendanceEvent.objects.filter(source="clock").count() == 1
    assert AttendanceEvent.objects.get(source="correction", is_void=False).correction_reason
    assert AttendanceEvent.objects.filter(is_void=True, device__name="Door").count() == 1


def test_the_python_examples_work(
    environment: dict[str, str], live_server: LiveServer, folder: Path
) -> None:
    script = blocks("python").replace("https://faces.example", live_server.url)
    said = run([sys.executable, "-"], script, folder, environment)
    assert said.splitlines() == [
        "match Hi! Welcome Bob Ray",
        "201 Hi! Welcome Bob Ray",
        "Hi! Welcome Bob Ray",
    ]
    assert Attempt.objects.filter(purpose="liveness", outcome="live").count() == 1


def codes_in_the_sources() -> set[str]:
    """Of every refusal that an answer of the API may hold."""
    found: set[str] = set()
    for folder in ("recognition/api", "recognition/attendance", "recognition/liveness"):
        for path in (settings.BASE_DIR / folder).rglob("*.py"):
            text = path.read_text()
            found |= set(re.findall(r'^\s+(?:default_)?code = "(\w+)"$', text, re.MULTILINE))
            found |= set(re.findall(r'problem\(\d{3}, "(\w+)"', text))
    images = (settings.BASE_DIR / "people" / "images.py").read_text()
    return (found - {"not_live"}) | set(re.findall(r'code="(photo_\w+)"', images))


def test_every_code_is_in_the_table() -> None:
    from recognition.engine import Reason

    known = set(re.findall(r"`(\w+)`", PAGE))
    reasons = {reason.value for reason in Reason} - {"already_enrolled", "unlike_others"}
    assert not (codes_in_the_sources() | reasons) - known
