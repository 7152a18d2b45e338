"""The kiosk's page, worker and manifest: for everybody, in each language, and nothing secret."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from pytest_django import Settings

LANGUAGES = [code for code, _name in settings.LANGUAGES]


@pytest.fixture(autouse=True)
def plain_files(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    backend = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend}}


def data_of(page: Any) -> dict[str, Any]:
    found = re.search(r'<script id="kiosk-data"[^>]*>(.*?)</script>', page.content.decode())
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def shell_of(client: Client) -> dict[str, Any]:
    found = re.search(r"const SHELL = (\{.*\});", client.get("/kiosk/worker.js").content.decode())
    assert found is not None
    shell: dict[str, Any] = json.loads(found[1])
    return shell


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_a_page_that_says_so(client: Client, language: str) -> None:
    page = client.get(f"/kiosk/{language}/")
    assert page.status_code == 200
    assert page["Content-Language"] == language
    assert f'<html lang="{language}">' in page.content.decode()
    assert data_of(page)["language"] == language


def test_the_first_page_is_in_the_language_that_the_browser_asks_for(client: Client) -> None:
    page = client.get("/kiosk/", headers={"Accept-Language": "es-MX,es;q=0.9"})
    assert data_of(page)["language"] == "es"
    assert "Accept-Language" in page["Vary"]
    unknown = client.get("/kiosk/", headers={"Accept-Language": "tlh"})
    assert data_of(unknown)["language"] == "en"


def test_the_rest_of_the_site_stays_english(client: Client, db: None) -> None:
    page = client.get("/admin/login/", headers={"Accept-Language": "de"}, follow=True)
    assert "Passwort" not in page.content.decode()


def test_another_language_is_no_page(client: Client) -> None:
    assert client.get("/kiosk/tlh/").status_code == 404


def test_it_may_use_the_camera_and_runs_nothing_but_its_files(client: Client) -> None:
    page = client.get("/kiosk/")
    assert "camera=(self)" in page["Permissions-Policy"]
    assert "microphone=()" in page["Permissions-Policy"]
    policy = page["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    inline = re.findall(r"<script(?![^>]*(?:src=|application/json))|<style| style=| on\w+=",
                        page.content.decode())  # fmt: skip
    assert inline == []


def test_it_needs_no_log_in_and_asks_no_database(client: Client) -> None:
    """Without the mark of pytest-django, a query would be an error."""
    for address in ("/kiosk/", "/kiosk/de/", "/kiosk/worker.js", "/kiosk/manifest.webmanifest"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert not answer.cookies
        assert client.post(address).status_code == 405


def test_the_worker_may_serve_the_kiosk_only_and_is_always_asked_for(client: Client) -> None:
    worker = client.get("/kiosk/worker.js")
    assert worker["Content-Type"].startswith("text/javascript")
    assert "no-cache" in worker["Cache-Control"]
    assert "Service-Worker-Allowed" not in worker


def test_the_worker_keeps_all_that_the_page_needs_and_nothing_of_the_api(client: Client) -> None:
    shell = shell_of(client)
    page = client.get("/kiosk/").content.decode()
    needed = set(re.findall(r'(?:src|href)="(/static/[^"]+|/kiosk/manifest[^"]+)"', page))
    assert len(needed) > 10
    assert needed <= set(shell["files"])
    assert set(shell["pages"]) == {"/kiosk/", *(f"/kiosk/{code}/" for code in LANGUAGES)}
    assert not [address for address in shell["files"] + shell["pages"] if "/api/" in address]


def test_the_worker_changes_when_a_page_does(client: Client, settings: Settings) -> None:
    before = shell_of(client)["version"]
    assert shell_of(client)["version"] == before
    settings.LANGUAGES = settings.LANGUAGES[:2]
    assert shell_of(client)["version"] != before


def test_the_manifest_makes_it_an_app_of_its_own(client: Client) -> None:
    answer = client.get("/kiosk/manifest.webmanifest")
    manifest = answer.json()
    assert answer["Content-Type"] == "application/manifest+json"
    assert (manifest["scope"], manifest["start_url"]) == ("/kiosk/", "/kiosk/")
    assert manifest["display"] == "fullscreen"
    assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
    for icon in manifest["icons"]:
        assert finders.find(icon["src"].removeprefix("/static/"))
