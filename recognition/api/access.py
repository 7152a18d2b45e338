"""Who may do what: one rule for each thing a route can do. A route without a rule is closed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.metadata import BaseMetadata
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
        method = request.method or ""
        device = device_of(request.user)
        if method == "OPTIONS":  # what is there is told to whoever may use any of it
            return any(rule.allows(request.user, device) for rule in rules_at(view))
        if method not in view.allowed_methods:
            raise MethodNotAllowed(method)
        rule = rule_of(view, method)
        return rule is not None and rule.allows(request.user, device)


def rule_of(view: Any, method: str) -> Rule | None:
    """The rule of this operation. To ask for the head alone is to read."""
    method = "get" if method == "HEAD" else method.lower()
    rules: dict[str, Rule] = getattr(view, "rules", {})
    actions: dict[str, str] | None = getattr(view, "action_map", None)
    return rules.get(actions.get(method, "") if actions is not None else method)


def rules_at(view: Any) -> list[Rule]:
    """The rules of all operations at this address."""
    found = [rule_of(view, method) for method in view.allowed_methods if method != "OPTIONS"]
    return [rule for rule in found if rule is not None]


class Methods(BaseMetadata):
    """The answer to OPTIONS: what can be done here, and nothing of the data."""

    def determine_metadata(self, request: Request, view: Any) -> dict[str, object]:
        return {"methods": [method for method in view.allowed_methods if method != "OPTIONS"]}
