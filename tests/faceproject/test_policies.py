"""What each part of the site lets a browser do."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db


def policy(client: Client, path: str) -> dict[str, list[str]]:
    header = client.get(path).headers["Content-Security-Policy"]
    parts = (part.split() for part in header.split("; "))
    return {name: sources for name, *sources in parts}


@pytest.mark.parametrize("path", ["/login/", "/nowhere/", "/me/", "/login/face/"])
def test_our_pages_run_nothing_that_is_not_from_here(client: Client, path: str) -> None:
    found = policy(client, path)
    assert found["default-src"] == ["'none'"]
    assert found["script-src"] == found["style-src"] == found["form-action"] == ["'self'"]
    assert found["frame-ancestors"] == found["base-uri"] == found["object-src"] == ["'none'"]


def test_what_the_admins_theme_needs_is_for_the_admin_alone(client: Client) -> None:
    assert "'unsafe-eval'" in policy(client, "/admin/login/")["script-src"]
    assert "'unsafe-inline'" not in policy(client, "/admin/login/")["script-src"]


@pytest.mark.parametrize("path", ["/api/v1/docs/", "/api/v1/reference/"])
def test_the_readers_of_the_schema_run_no_inline_script(root: Client, path: str) -> None:
    response = root.get(path)
    assert policy(root, path)["script-src"] == ["'self'"]
    assert "<script>" not in response.content.decode()


def test_only_pages_with_a_camera_may_ask_for_it(client: Client) -> None:
    client.force_login(User.objects.create_user("eve"))
    session = client.session
    session["face_login"] = {"mode": "claimed", "since": 9e12, "goes_to": "", "name": "eve",
                             "user_id": None, "stamp": ""}  # fmt: skip
    session.save()
    for path in ("/login/face/", "/me/photos/"):
        assert "camera=(self)" in client.get(path).headers["Permissions-Policy"]
    for path in ("/login/", "/me/", "/admin/login/", "/api/v1/health/live"):
        assert "camera=()" in client.get(path).headers["Permissions-Policy"]
        assert "microphone=()" in client.get(path).headers["Permissions-Policy"]
