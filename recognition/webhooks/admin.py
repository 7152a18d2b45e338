"""Webhooks in the admin: endpoints with a secret shown once, and the log of deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from unfold.widgets import UnfoldAdminTextInputWidget

from people.admin.base import ModelAdmin, ReadOnly, as_state
from people.errors import Refusal
from recognition.models import WebhookDelivery, WebhookEndpoint
from recognition.webhooks import delivery as deliveries
from recognition.webhooks.endpoints import NewSecret, renew_secret, wake
from recognition.webhooks.targets import find_target

STATES = {"Delivered": "success", "Pending": "info", "Failed": "danger"}

if TYPE_CHECKING:
    Form = forms.ModelForm[WebhookEndpoint]
else:
    Form = forms.ModelForm


class EndpointForm(Form):
    """Says at once what would be refused at each delivery."""

    class Meta:
        model = WebhookEndpoint
        fields = ("name", "url", "is_active")
        widgets: ClassVar = {
            "url": UnfoldAdminTextInputWidget(attrs={"placeholder": "https://example.org/hook"})
        }

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        if "url" in self.changed_data:
            try:
                find_target(url=url)
            except Refusal as refusal:
                raise forms.ValidationError(refusal.message, code=refusal.code) from refusal
        return url


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ModelAdmin[WebhookEndpoint]):
    form = EndpointForm
    list_display = ("name", "url", "is_active", "silent_since", "created_at")
    list_filter: ClassVar = ["is_active"]
    search_fields: ClassVar = ["name", "url"]

    def get_fieldsets(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> Any:
        fieldsets: list[Any] = [(None, {"fields": ["name", "url", "is_active"]})]
        if obj is not None:
            fieldsets.append(("Secret", {"fields": ["renew_link"]}))
        return fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> Any:
        return ["renew_link"]

    @admin.display(description="secret")
    def renew_link(self, endpoint: WebhookEndpoint) -> SafeString:
        url = reverse("admin:recognition_webhookendpoint_secret", args=[endpoint.pk])
        return format_html('<a class="face-link" href="{}">Make a new one …</a>', url)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.secret_view)
        name = "recognition_webhookendpoint_secret"
        return [path("<int:endpoint_id>/secret/", view, name=name), *super().get_urls()]

    def save_model(
        self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: Any
    ) -> None:
        wake(endpoint=obj)
        # Only what was entered: a secret renewed meanwhile must not be undone.
        obj.save(
            update_fields=[*form.changed_data, "silent_since", "rests_until"] if change else None
        )

    def response_add(
        self, request: HttpRequest, obj: WebhookEndpoint, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._show_once(request, renew_secret(endpoint=obj))

    def secret_view(self, request: HttpRequest, endpoint_id: int) -> HttpResponse:
        """Asks first, then makes a new secret and shows it in the answer to that very request."""
        endpoint = self.get_object(request, str(endpoint_id))
        if not self.has_change_permission(request, endpoint):
            raise PermissionDenied
        if endpoint is None:
            raise Http404
        if request.method == "POST":
            issued = renew_secret(endpoint=endpoint, keep_old="leaked" not in request.POST)
            self.log_change(request, endpoint, "Made a new secret.")
            return self._show_once(request, issued)
        context = {"endpoint": endpoint, "title": f"A new secret for {endpoint.name}?"}
        return self._page(request, context)

    def _show_once(self, request: HttpRequest, issued: NewSecret) -> HttpResponse:
        # Not by a message of the next page: those are kept in cookies.
        response = self._page(
            request,
            {
                "endpoint": issued.endpoint,
                "secret": issued.secret,
                "title": f"The secret of {issued.endpoint.name}",
            },
        )
        add_never_cache_headers(response)
        return response

    def _page(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, "recognition/webhook_secret.html", shared | context)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnly[WebhookDelivery]):
    list_display = ("public_id", "endpoint", "shown_state", "tries", "last_status", "last_error",
                    "next_try", "created_at")  # fmt: skip
    list_filter: ClassVar = ["state", "endpoint"]
    list_select_related = ("endpoint",)
    search_fields: ClassVar = ["=public_id", "=event__public_id", "=last_error"]
    search_help_text = "Search by webhook-id, id of the event, or error code"
    date_hierarchy = "created_at"
    actions = ("send_again",)
    fieldsets: ClassVar = [
        (None, {"fields": ["public_id", "endpoint", "event_id", "shown_state"]}),
        (
            "Tries",
            {"fields": ["tries", "last_status", "last_error", "next_try", "created_at",
                        "delivered_at"]},
        ),
    ]  # fmt: skip

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("recognition.replay_webhookdelivery")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery]:
        return super().get_queryset(request).select_related("event")

    @as_state(STATES)
    def shown_state(self, delivery: WebhookDelivery) -> str:
        return delivery.get_state_display()

    @admin.display(description="event")
    def event_id(self, delivery: WebhookDelivery) -> str:
        return str(delivery.event.public_id)

    @admin.display(description="next try", ordering="next_try_at", empty_value="–")
    def next_try(self, delivery: WebhookDelivery) -> str | None:
        moment = delivery.next_try_at
        return date_format(localtime(moment), "j M Y, H:i:s") if moment else None

    @admin.action(description="Send again", permissions=["replay"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[WebhookDelivery]) -> None:
        sent = 0
        for delivery in chosen:
            try:
                deliveries.replay(delivery=delivery)
            except Refusal as refusal:
                messages.warning(request, f"{delivery}: {refusal.message}")
            else:
                sent += 1
        if sent:
            messages.success(request, f"On their way again: {sent}")
