"""Devices and their keys: made, renewed, revoked, seen."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from knox.models import AuthToken

from people.errors import Refusal
from people.models import Gallery
from recognition.models import Device


class DeviceUnknown(Refusal):
    code = "device_unknown"


class DeviceExists(Refusal):
    code = "device_exists"


SEEN_EVERY = timedelta(minutes=1)  # so that a busy kiosk does not write a row each second
_ANY_CLOCK = timedelta(hours=1)  # what ended so long ago is over by the clock of every server


@dataclass(frozen=True, slots=True)
class NewKey:
    """key: shown now and never again; only its hash is kept."""

    device: Device
    key: str


@transaction.atomic
def add_device(
    *,
    name: str,
    galleries: Iterable[Gallery],
    may_recognize: bool = True,
    may_clock: bool = True,
    requires_liveness: bool = False,
) -> NewKey:
    """Raises DeviceExists: a name is what people tell devices apart by."""
    if Device.objects.filter(name__iexact=name).exists():
        raise DeviceExists(f"There is a device called “{name}” already. Choose another name.")
    account = User.objects.create_user(username=f"device-{uuid.uuid4().hex}", password=None)
    device = Device.objects.create(
        name=name,
        account=account,
        may_recognize=may_recognize,
        may_clock=may_clock,
        requires_liveness=requires_liveness,
    )
    device.galleries.set(galleries)
    return NewKey(device=device, key=_issue(device))


def find_device(*, name: str) -> Device:
    """Raises DeviceUnknown."""
    device = Device.objects.filter(name__iexact=name.strip()).first()
    if device is None:
        raise DeviceUnknown(f"There is no device called “{name}”.")
    return device


@transaction.atomic
def renew_key(*, device: Device) -> NewKey:
    """A new key; the old one stops working at once. Raises DeviceUnknown for a revoked one."""
    if not Device.objects.select_for_update().get(pk=device.pk).is_active:
        raise DeviceUnknown(f"The device “{device}” has been revoked. Add a new one.")
    _take_back_keys(device)
    return NewKey(device=device, key=_issue(device))


@transaction.atomic
def revoke(*, device: Device) -> None:
    """Nothing this device sends is answered any more."""
    _take_back_keys(device)
    User.objects.filter(pk=device.account_id).update(is_active=False)
    Device.objects.filter(pk=device.pk).update(is_active=False)
    device.is_active = False


def note_seen(*, device: Device) -> None:
    now = timezone.now()
    if device.last_seen_at is None or device.last_seen_at < now - SEEN_EVERY:
        Device.objects.filter(pk=device.pk).update(last_seen_at=now)


def _take_back_keys(device: Device) -> None:
    """They stop working at once. Their hashes stay for a while: whoever holds one is told why."""
    now = timezone.now()
    going = AuthToken.objects.filter(user=device.account).exclude(expiry__lte=now)
    going.update(expiry=now - _ANY_CLOCK)


def _issue(device: Device) -> str:
    # Without an expiry: a kiosk on a wall is revoked, it does not run out on a Monday morning.
    _token, key = AuthToken.objects.create(user=device.account, expiry=None)
    return str(key)
