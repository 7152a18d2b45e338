"""Every text of the kiosk, in every language; every code that it may be answered with."""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from recognition.engine import Reason
from recognition.kiosk import texts
from recognition.models import LivenessStep

OTHERS = [code for code, _name in settings.LANGUAGES if code != "en"]
ALL: list[Callable[[], dict[str, str]]] = [texts.camera, texts.answers, texts.steps, texts.page]
TEMPLATE = (settings.BASE_DIR / "templates" / "kiosk" / "kiosk.html").read_text()
SCRIPTS = "".join(
    path.read_text() for path in sorted((settings.BASE_DIR / "static" / "face").glob("kiosk*.js"))
)
BRACES = re.compile(r"\{\w+\}")


def folder(language: str) -> Path:
    return settings.BASE_DIR / "locale" / language / "LC_MESSAGES"


def compiled(language: str) -> dict[str, str]:
    with (folder(language) / "django.mo").open("rb") as file:
        catalog: dict[str, str] = vars(gettext.GNUTranslations(file))["_catalog"]
    return {key: value for key, value in catalog.items() if key}


def written(language: str) -> dict[str, str]:
    text = (folder(language) / "django.po").read_text()
    assert "fuzzy" not in text
    return dict(re.findall(r'^msgid "(.+)"\nmsgstr "(.*)"$', text, re.MULTILINE))


def asked_for() -> set[str]:
    """All that templates and scripts say, as it stands in the sources."""
    with translation.override("en"):
        said = {text for part in ALL for text in part().values()}
    in_template = re.findall(r"""translate (?:"([^"]+)"|'([^']+)')""", TEMPLATE)
    return said | {one or other for one, other in in_template}


@pytest.mark.parametrize("language", OTHERS)
def test_everything_is_translated(language: str) -> None:
    there = compiled(language)
    assert {text for text in asked_for() if not there.get(text)} == set()


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_translated_that_nobody_says(language: str) -> None:
    assert set(compiled(language)) - asked_for() == set()


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    assert compiled(language) == written(language)


@pytest.mark.parametrize("language", OTHERS)
def test_translations_fill_in_the_same(language: str) -> None:
    for text, translated in compiled(language).items():
        assert sorted(BRACES.findall(text)) == sorted(BRACES.findall(translated)), text
        assert translated != text or text in {"Offline"}, text


def test_scripts_say_only_what_there_is() -> None:
    said = set(re.findall(r'\.text\(\s*"(\w+)"', SCRIPTS))
    assert len(said) > 15
    assert said <= set(texts.page())
    codes = set(re.findall(r'ofCode\("(\w+)"', SCRIPTS))
    assert codes <= set(texts.answers())


def test_there_is_a_sentence_for_whatever_the_camera_or_a_face_is_refused_for() -> None:
    reasons = {reason.value for reason in Reason} - {"already_enrolled", "unlike_others"}
    assert reasons <= set(texts.answers())
    camera = (settings.BASE_DIR / "static" / "face" / "camera.js").read_text()
    there = re.search(r"SENTENCES = \{(.*?)\};", camera, re.DOTALL)
    assert there is not None
    assert set(re.findall(r"^\s+(\w+):", there[1], re.MULTILINE)) == set(texts.camera())


def test_there_is_a_sentence_for_each_step() -> None:
    assert set(texts.steps()) == set(LivenessStep.values)


def test_every_code_of_the_documentation_is_said_or_cannot_happen_at_a_kiosk() -> None:
    page = (settings.BASE_DIR / "docs" / "api.md").read_text()
    table = re.findall(r"^\| (\d{3}) \| (.+?) \|", page, re.MULTILINE)
    codes = {code for _status, cell in table for code in re.findall(r"`(\w+)`", cell)}
    unheard = {
        # The page never sends such a thing.
        "invalid", "parse_error", "malformed", "not_acceptable", "method_not_allowed", "not_found",
        "unsupported_media_type", "unprocessable", "no_frames", "conflict", "key_used_otherwise",
        "photo_not_base64", "photo_empty", "photo_damaged", "photo_too_small",
        "photo_too_many_pixels", "photo_too_many_bytes", "photo_wrong_type",
        # Of other routes.
        "wrong_credentials", "no_person", "shift_in_use", "export_too_large", "person_unknown",
        "event_unknown", "correction_in_future", "cache_unavailable", "second_factor_required",
        "storage_unavailable", "length_required", "address_too_long", "headers_too_large",
        # It is asked for the key, or it keeps the capture and says that the server does not answer.
        "not_authenticated", "key_revoked", "key_expired", "server_error", "database_unavailable",
        "erased_meanwhile",  # said as everything else: try again, and be a stranger
    }  # fmt: skip
    assert codes - unheard - set(texts.answers()) == set()
    assert not unheard & set(texts.answers())
