"""What docs/coming-from.md says becomes of a call is there, and no call of deepface is left out."""

from __future__ import annotations

import re
from importlib.metadata import distribution
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import Resolver404, resolve

PAGE = (settings.BASE_DIR / "docs" / "coming-from.md").read_text()
ROWS = [line.split("|")[1:3] for line in PAGE.splitlines() if line.startswith("|")]
OURS = {path for _theirs, here in ROWS for path in re.findall(r"/api/v1/[^`?\s]*", here)}
ROUTES = Path(
    str(distribution("deepface").locate_file("deepface/api/src/modules/core/routes.py"))
).read_text()


@pytest.mark.parametrize("path", sorted(OURS))
def test_each_call_of_ours_is_there(path: str) -> None:
    found = resolve(re.sub(r"{\w+}", "5b0ad3b0-6f1c-4b0e-9a55-3c3f6a0d7c11", path))
    assert found.url_name, f"{path} is answered by nothing but the refusal"


def test_a_call_that_is_not_there_would_be_found() -> None:
    with pytest.raises((Resolver404, AssertionError)):
        test_each_call_of_ours_is_there("/api/v1/detect/")


def test_each_call_of_deepface_has_its_row() -> None:
    calls = re.findall(r'route\("(/\w[^"]*)", methods=\["(\w+)"\]', ROUTES)
    assert len(calls) >= 6
    rows = "\n".join(theirs for theirs, _here in ROWS)
    assert [path for path, method in calls if f"`{method} {path}`" not in rows] == []
