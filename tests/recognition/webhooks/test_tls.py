"""Certificates are checked for the name in the URL, though an address is called."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from recognition.models import WebhookDelivery, WebhookEndpoint
from tests.recognition.webhooks.conftest import Receiver, Resolve, listening, send


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver with a certificate for hooks.example, which this system trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "receiver.pem"
    plain = serialization.NoEncryption()
    kind = serialization.PrivateFormat.PKCS8
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, kind, plain)
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with listening(lambda sock: context.wrap_socket(sock, server_side=True)) as receiver:
        yield receiver


def test_tls_is_checked_for_the_real_name(
    delivery: WebhookDelivery, secure: Receiver, names: Resolve
) -> None:
    names("127.0.0.1")
    WebhookEndpoint.objects.update(url=f"https://hooks.example:{secure.port}/")
    assert send(delivery).state == "delivered"
    [(_path, headers, _body)] = secure.requests
    assert headers["host"] == f"hooks.example:{secure.port}"


def test_a_certificate_of_another_name_is_refused(
    delivery: WebhookDelivery, secure: Receiver, names: Resolve
) -> None:
    names("127.0.0.1")
    WebhookEndpoint.objects.update(url=f"https://other.example:{secure.port}/")
    assert send(delivery).last_error == "tls_failed"
    assert secure.requests == []


def test_a_certificate_nobody_vouches_for_is_refused(
    delivery: WebhookDelivery,
    secure: Receiver,
    names: Resolve,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / "none.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    names("127.0.0.1")
    WebhookEndpoint.objects.update(url=f"https://hooks.example:{secure.port}/")
    assert send(delivery).last_error == "tls_failed"
    assert secure.requests == []


def test_a_receiver_without_tls_is_not_spoken_to_in_plain(
    delivery: WebhookDelivery, receiver: Receiver, names: Resolve
) -> None:
    names("127.0.0.1")
    WebhookEndpoint.objects.update(url=f"https://hooks.example:{receiver.port}/")
    assert send(delivery).last_error == "tls_failed"
    assert receiver.requests == []
