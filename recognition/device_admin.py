"""Devices in the admin: added, given a new key, revoked. A key is on one page, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import urlsplit

import segno
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.debug import sensitive_variables

from people.admin.base import ModelAdmin
from recognition import devices
from recognition.devices import NewKey
from recognition.models import Device

# What every device takes for itself.
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class DeviceForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Device
        fields = ("name", "galleries", "may_clock", "may_recognize", "requires_liveness")

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        others = Device.objects.filter(name__iexact=name).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError("There is a device of this name already.")
        return name


@admin.register(Device)
class DeviceAdmin(ModelAdmin[Device]):
    form = DeviceForm
    list_display = (
        "name",
        "is_active",
        "may_clock",
        "may_recognize",
        "requires_liveness",
        "last_seen_at",
    )
    list_filter: ClassVar = ["is_active", "requires_liveness", "galleries"]
    search_fields: ClassVar = ["name"]
    autocomplete_fields: ClassVar = ["galleries"]
    fieldsets: ClassVar = [
        (None, {"fields": DeviceForm.Meta.fields}),
        ("Key", {"fields": ["is_active", "last_seen_at", "created_at", "key"]}),
    ]
    readonly_fields = ("is_active", "last_seen_at", "created_at", "key")

    def has_delete_permission(self, request: HttpRequest, obj: Device | None = None) -> bool:
        return False  # its events name it; it is revoked instead

    def get_fieldsets(self, request: HttpRequest, obj: Device | None = None) -> Any:
        return super().get_fieldsets(request, obj)[: 1 if obj is None else None]

    @admin.display(description="key")
    def key(self, device: Device) -> SafeString:
        """What can be done about it; the key itself is not here, nor anywhere."""
        if not device.is_active:
            return mark_safe("Revoked for good.")
        return format_html(
            '<a class="face-link" href="{}">New key …</a> · '
            '<a class="face-link" href="{}">Revoke …</a>',
            reverse("admin:recognition_device_renew", args=[device.pk]),
            reverse("admin:recognition_device_revoke", args=[device.pk]),
        )

    # --- Adding ---------------------------------------------------------------------------

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Device:  # noqa: FBT001
        """A new one is made whole by its service: account, galleries and key."""
        if change:
            return super().save_form(request, form, change)  # type: ignore[no-any-return]
        form.new_key = devices.add_device(**form.cleaned_data)
        device: Device = form.new_key.device
        form.instance = device
        request.new_device_key = form.new_key  # type: ignore[attr-defined]
        return device

    def save_model(self, request: HttpRequest, obj: Device, form: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            super().save_related(request, form, formsets, change)

    def response_add(
        self, request: HttpRequest, obj: Device, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._show(request, request.new_device_key)  # type: ignore[attr-defined]

    # --- A new key, and none --------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:pk>/renew/", wrap(self.renew), name="recognition_device_renew"),
            path("<int:pk>/revoke/", wrap(self.revoke), name="recognition_device_revoke"),
        ]
        return own + super().get_urls()

    def renew(self, request: HttpRequest, pk: int) -> HttpResponse:
        def do(device: Device) -> HttpResponse:
            new = devices.renew_key(device=device)
            self.log_change(request, device, "New key.")
            return self._show(request, new)

        return self._ask(request, pk, "renew", do)

    def revoke(self, request: HttpRequest, pk: int) -> HttpResponse:
        def do(device: Device) -> HttpResponse:
            devices.revoke(device=device)
            self.log_change(request, device, "Revoked.")
            messages.success(request, f"{device} is revoked: nothing it sends is answered.")
            return redirect("admin:recognition_device_changelist")

        return self._ask(request, pk, "revoke", do)

    def _ask(
        self, request: HttpRequest, pk: int, what: str, do: Callable[[Device], HttpResponse]
    ) -> HttpResponse:
        device = self.get_object(request, str(pk))
        if device is None or not device.is_active:
            raise Http404
        if not self.has_change_permission(request, device):
            raise PermissionDenied
        if request.method == "POST":
            return do(device)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "device": device,
            "what": what,
        }
        return TemplateResponse(request, "recognition/device_confirm.html", context)

    @sensitive_variables()
    def _show(self, request: HttpRequest, new: NewKey) -> HttpResponse:
        """The answer to the POST itself: the key is in no session, and no reload shows it again."""
        # Behind the #, where no server, proxy or log sees it.
        kiosk = f"{request.build_absolute_uri(reverse('kiosk:home'))}#key={new.key}"
        code = segno.make(kiosk, error="m", micro=False)
        # White even in the dark: cameras read no code of light on dark.
        svg = code.svg_inline(scale=4, border=4, light="#fff", title="Pair a kiosk")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "device": new.device,
            "key": new.key,
            "kiosk": kiosk,
            "host": request.get_host(),
            "is_own": urlsplit(kiosk).hostname in LOOPBACK,
            "is_secure": request.is_secure(),
            "code": mark_safe(svg),  # noqa: S308  made here, of the key and our own address
        }
        response = TemplateResponse(request, "recognition/device_key.html", context)
        add_never_cache_headers(response)
        return response
