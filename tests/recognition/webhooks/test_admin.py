"""Webhooks in the admin."""

from __future__ import annotations

import html
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from people.models import Person
from recognition.models import WebhookDelivery, WebhookEndpoint
from recognition.webhooks.endpoints import NewSecret
from recognition.webhooks.signing import decrypt
from tests.pages import LogIn
from tests.recognition.webhooks.conftest import Receiver, send

ENDPOINTS = reverse("admin:recognition_webhookendpoint_changelist")
ADD = reverse("admin:recognition_webhookendpoint_add")
LOG = reverse("admin:recognition_webhookdelivery_changelist")


def change(endpoint: WebhookEndpoint) -> str:
    return reverse("admin:recognition_webhookendpoint_change", args=[endpoint.pk])


def renew(endpoint: WebhookEndpoint) -> str:
    return reverse("admin:recognition_webhookendpoint_secret", args=[endpoint.pk])


def shown_secret(page: str) -> str | None:
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", html.unescape(page))
    return found[0] if found else None


def log_in_with(log_in: LogIn, *codenames: str) -> Client:
    client = log_in()
    user = User.objects.get(pk=client.session["_auth_user_id"])
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return client


@pytest.mark.usefixtures("inside")
def test_a_new_endpoint_shows_its_secret_once(root: Client, receiver: Receiver) -> None:
    response = root.post(ADD, {"name": "Payroll", "url": receiver.url, "is_active": "on"})
    endpoint = WebhookEndpoint.objects.get()
    assert shown_secret(response.content.decode()) == decrypt(endpoint.secret)
    assert "no-store" in response["Cache-Control"]
    for page in (ENDPOINTS, change(endpoint), renew(endpoint), reverse("admin:index")):
        text = root.get(page).content.decode()
        assert shown_secret(text) is None
        assert endpoint.secret not in text
    assert "whsec_" not in str(root.cookies)
    assert "whsec_" not in str(list(LogEntry.objects.values()))


def test_a_new_secret_is_asked_for_then_shown_once(root: Client, issued: NewSecret) -> None:
    before = WebhookEndpoint.objects.get().secret
    assert shown_secret(root.get(renew(issued.endpoint)).content.decode()) is None
    assert WebhookEndpoint.objects.get().secret == before
    response = root.post(renew(issued.endpoint))
    endpoint = WebhookEndpoint.objects.get()
    assert shown_secret(response.content.decode()) == decrypt(endpoint.secret) != issued.secret
    assert decrypt(endpoint.old_secret) == issued.secret
    root.post(renew(issued.endpoint), {"leaked": "on"})
    assert WebhookEndpoint.objects.get().old_secret == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://127.0.0.1/", "an address inside a network"),
        ("https://169.254.169.254/latest/", "an address inside a network"),
        ("http://example.org/", "Use https"),
        ("https://me:pw@example.org/", "No user name or password"),
        ("javascript:alert(1)", "Give a URL such as"),
    ],
)
def test_a_refused_url_is_a_fault_of_the_form(root: Client, url: str, sentence: str) -> None:
    response = root.post(ADD, {"name": "Payroll", "url": url, "is_active": "on"})
    assert sentence in response.content.decode()
    assert not WebhookEndpoint.objects.exists()


def test_an_endpoint_is_turned_off_without_its_name_being_found(
    root: Client, issued: NewSecret
) -> None:
    WebhookEndpoint.objects.update(url="https://no-longer.invalid/")
    root.post(change(issued.endpoint), {"name": "Payroll", "url": "https://no-longer.invalid/"})
    assert not WebhookEndpoint.objects.get().is_active


def test_the_log_is_read_only_and_says_how_it_went(
    root: Client, receiver: Receiver, delivery: WebhookDelivery, ann: Person
) -> None:
    receiver.status = 503
    send(delivery)
    page = reverse("admin:recognition_webhookdelivery_change", args=[delivery.pk])
    for url in (LOG, page, f"{LOG}?q={delivery.public_id}", f"{LOG}?state__exact=pending"):
        text = root.get(url).content.decode()
        assert str(delivery.public_id) in text
        assert "http_503" in text
        assert ann.full_name not in text
    assert root.get(f"{LOG}?q=nonsense").status_code == 200
    assert root.post(page, {"state": "delivered"}).status_code == 403
    assert root.get(reverse("admin:recognition_webhookdelivery_add")).status_code == 403


def again(client: Client, delivery: WebhookDelivery) -> str:
    data = {"action": "send_again", "_selected_action": [delivery.pk]}
    return client.post(LOG, data, follow=True).content.decode()


def test_a_delivery_is_sent_again_from_the_log(
    root: Client, receiver: Receiver, delivery: WebhookDelivery
) -> None:
    send(delivery)
    assert "On their way again: 1" in again(root, delivery)
    send(delivery)
    assert len(receiver.requests) == 2


def test_why_it_is_not_sent_again_is_said(root: Client, delivery: WebhookDelivery) -> None:
    WebhookEndpoint.objects.update(is_active=False)
    assert "Turn it on first." in again(root, delivery)


def test_who_may_only_look_sends_nothing_again(
    log_in: LogIn, receiver: Receiver, delivery: WebhookDelivery
) -> None:
    send(delivery)
    viewer = log_in_with(log_in, "view_webhookdelivery")
    assert "Send again" not in viewer.get(LOG).content.decode()
    again(viewer, delivery)
    delivery.refresh_from_db()
    assert delivery.state == "delivered"


def test_who_may_only_look_makes_no_secret(log_in: LogIn, issued: NewSecret) -> None:
    viewer = log_in_with(log_in, "view_webhookendpoint")
    assert viewer.get(change(issued.endpoint)).status_code == 200
    assert viewer.post(renew(issued.endpoint)).status_code == 403
    assert viewer.post(ADD, {"name": "x", "url": "https://example.org/"}).status_code == 403
    assert decrypt(WebhookEndpoint.objects.get().secret) == issued.secret


def test_hr_sees_no_webhooks(hr: Client, delivery: WebhookDelivery) -> None:
    for url in (ENDPOINTS, LOG, renew(delivery.endpoint)):
        assert hr.get(url).status_code == 403
    assert ENDPOINTS not in hr.get(reverse("admin:index")).content.decode()


def test_a_new_secret_of_no_endpoint_is_not_found(root: Client) -> None:
    url = reverse("admin:recognition_webhookendpoint_secret", args=[1])
    assert root.get(url).status_code == 404


def test_an_endpoint_somebody_has_seen_to_does_not_rest(root: Client, issued: NewSecret) -> None:
    now = timezone.now()
    WebhookEndpoint.objects.update(silent_since=now, rests_until=now, is_active=False)
    endpoint = issued.endpoint
    root.post(change(endpoint), {"name": "Payroll", "url": endpoint.url, "is_active": "on"})
    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.silent_since, endpoint.rests_until) == (True, None, None)


def test_an_endpoint_with_a_log_is_not_deleted(root: Client, delivery: WebhookDelivery) -> None:
    delete = reverse("admin:recognition_webhookendpoint_delete", args=[delivery.endpoint_id])
    assert root.post(delete, {"post": "yes"}).status_code == 403
    root.post(
        ENDPOINTS,
        {"action": "delete_selected", "_selected_action": [delivery.endpoint_id], "post": "yes"},
    )
    assert WebhookEndpoint.objects.exists()


def test_an_endpoint_without_a_log_is_deleted(root: Client, issued: NewSecret) -> None:
    delete = reverse("admin:recognition_webhookendpoint_delete", args=[issued.endpoint.pk])
    root.post(delete, {"post": "yes"})
    assert not WebhookEndpoint.objects.exists()
