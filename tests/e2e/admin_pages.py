"""Every page of the admin, as its URL configuration has them: a new one cannot be forgotten."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from itertools import chain

from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from playwright.sync_api import Page

from tests.chaos.site import Site
from tests.e2e.seeds import Keys

# What `seeds` has made of each model. A model that is new needs one here, and there.
ROWS = {
    "auth_group": ["group"],
    "auth_user": ["user"],
    "knox_authtoken": ["token"],
    "people_embeddingmodel": ["active", "building", "ready"],
    "people_gallery": ["gallery"],
    "people_importrun": ["run"],
    "people_person": ["ben", "nobody"],
    "recognition_attempt": ["attempt"],
    "recognition_attendanceevent": ["event", "correction", "forgotten"],
    "recognition_device": ["device"],
    "recognition_holiday": ["holiday"],
    "recognition_modelchange": ["change"],
    "recognition_shift": ["shift"],
    "recognition_shiftassignment": ["assignment"],
    "recognition_webhookdelivery": ["delivery"],
    "recognition_webhookendpoint": ["hook"],
}
# What may be done with which model.
SURE = {"cancel": "building", "activate": "ready", "retire": "ready", "rollback": "active"}
# Without a name of their own; one that leads elsewhere; what takes forms, and knows no GET.
NO_PAGES = {
    None,
    "admin:view_on_site",
    "admin:people_embeddingmodel_start",
    "admin:people_embeddingmodel_do",
}
MORE = {"calibration-one-in-1000": "/admin/calibration/?recognize_one_in=1000"}

Address = tuple[str, str]  # what to call it, and where it is


def pages(page: Page, site: Site, keys: Keys) -> dict[str, str]:
    """Those that a superuser sees, among all addresses: no downloads, no parts of a page."""
    found = {}
    for name, address in chain(_addresses(keys), MORE.items()):
        answer = page.request.get(site.address + address, max_redirects=0)
        assert answer.status in (200, 302, 400, 403, 405), f"{answer.status} for {address}"
        if answer.status == 200 and answer.body()[:200].lower().lstrip().startswith(b"<!doctype"):
            found[name] = address
    return found


def _addresses(keys: Keys) -> Iterator[Address]:
    for name, arguments in _patterns(get_resolver().url_patterns):
        for label, values in _values(name, arguments, keys):
            yield name.replace(":", "-").replace("_", "-") + label, reverse(name, kwargs=values)


def _patterns(
    patterns: list[URLPattern | URLResolver], route: str = "", space: str = ""
) -> Iterator[tuple[str, list[str]]]:
    """The name and the arguments of each below `/admin/`."""
    for each in patterns:
        here = route + str(each.pattern)
        if isinstance(each, URLResolver):
            below = f"{each.namespace}:" if each.namespace else space
            yield from _patterns(each.url_patterns, here, below)
        elif here.startswith("admin/") and not {each.name, f"{space}{each.name}"} & NO_PAGES:
            yield f"{space}{each.name}", list(each.pattern.regex.groupindex)


def _values(
    name: str, arguments: list[str], keys: Keys
) -> Iterator[tuple[str, dict[str, int | str]]]:
    """What to call them, and the arguments: of each row that it can be about."""
    if not arguments:
        yield "", {}
    elif arguments == ["app_label"]:
        for app in sorted({model._meta.app_label for model in admin.site._registry}):
            yield f"-{app}", {"app_label": app}
    elif "what" in arguments:
        for what, row in SURE.items():
            yield f"-{what}", {"what": what, "pk": keys[row]}
    else:
        model = "_".join(name.removeprefix("admin:").split("_")[:2])
        for row in ROWS[model if name.startswith("admin:") else "people_person"]:
            values: dict[str, int | str] = dict.fromkeys(arguments[1:], str(uuid.uuid4()))
            yield f"-{row}", {arguments[0]: keys[row], **values}
