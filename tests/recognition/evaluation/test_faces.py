"""The whole command with the real networks, on a handful of real photos."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core.management import call_command

from recognition.engine import weights

pytestmark = pytest.mark.django_db


@pytest.fixture
def few_pairs(shared_data: Callable[[str], Path], tmp_path: Path) -> tuple[Path, Path]:
    """The first four and the last four of View 1's pairs for testing, and the photos."""
    if not weights.check(site.MODELS_DIR).complete:
        pytest.skip("the networks are not there: run manage.py fetch_models")
    view = shared_data("lfw_view1")
    lines = (view / "pairsDevTest.txt").read_text().splitlines()[1:]
    file = tmp_path / "few.txt"
    file.write_text("\n".join(["4", *lines[:4], *lines[-4:]]) + "\n")
    return file, view / "images"


def test_real_faces_are_told_apart_where_deepface_and_pixels_stand_beside(
    few_pairs: tuple[Path, Path], tmp_path: Path
) -> None:
    out = io.StringIO()
    file, images = few_pairs
    call_command(
        "evaluate", "--pairs", str(file), "--images", str(images), "--threshold", "1.05",
        "--baseline", "deepface", "--baseline", "pixels", "--no-cache", "--json",
        "--report", str(tmp_path / "report.html"), stdout=out,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(out.getvalue())
    assert found["accuracy"] == 1
    assert found["auc"] == 1
    assert found["not_compared"] == 0
    assert found["failed_to_enroll_by_reason"] == {"many_faces": 1}  # it is compared all the same
    assert set(found["baselines"]) == {"deepface", "pixels"}
    assert found["auc"] >= found["baselines"]["deepface"]["auc"]
    assert found["baselines"]["deepface"]["auc"] > found["baselines"]["pixels"]["auc"]
    assert "data:image" not in (tmp_path / "report.html").read_text()
