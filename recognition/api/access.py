"""Who may do what: one rule for each thing a route can do. A route without a rule is closed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from recognition.api.authentication import device_of
from recognition.models import Device


class DeviceRight(StrEnum):
    RECOGNIZE = "recognize"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Rule:
    """permission: what a user needs. own: any user, who sees only what is theirs.
    device: what a device needs. public: nobody has to log in."""

    permission: str = ""
    own: bool = False
    device: DeviceRight | None = None
    public: bool = False

    def allows(self, user: Any, device: Device | None) -> bool:
        if self.public:
            return True
        if device is not None:
            return self.device is not None and _has_right(device, self.device)
        if not user.is_authenticated:
            return False
        return self.own or (bool(self.permission) and user.has_perm(self.permission))


def _has_right(device: Device, right: DeviceRight) -> bool:
    return device.may_recognize if right == DeviceRight.RECOGNIZE else device.may_clock


class ByRule(BasePermission):
    """Looks the rule up in the view's `rules`, by action or by method."""

    def has_permission(self, request: Request, view: Any) -> bool:
        rule = rule_of(view, request.method or "")
        if rule is None:
            return False
        return rule.allows(request.user, device_of(request.user))


def rule_of(view: Any, method: str) -> Rule | None:
    rules: dict[str, Rule] = getattr(view, "rules", {})
    action = getattr(view, "action", None)
    return rules.get(action or method.lower())
