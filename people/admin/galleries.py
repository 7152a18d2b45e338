from typing import ClassVar

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from people.admin.base import ModelAdmin
from people.models import Gallery


@admin.register(Gallery)
class GalleryAdmin(ModelAdmin[Gallery]):
    list_display = ("name", "description", "people_active", "created_at")
    search_fields: ClassVar = ["name", "description"]
    fields = ("name", "description", "time_zone")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Gallery]:
        active = Count("people", filter=Q(people__is_active=True))
        return super().get_queryset(request).annotate(active=active)

    @admin.display(description="active people", ordering="active")
    def people_active(self, gallery: Gallery) -> str:
        url = reverse("admin:people_person_changelist", query={
            "galleries__id__exact": gallery.pk, "is_active__exact": 1})  # fmt: skip
        return format_html('<a class="face-link" href="{}">{}</a>', url, gallery.active)  # type: ignore[attr-defined]
