"""Erasing from the admin: its own confirmation, and always through the service.

Whatever deletes a person here, Django's own button and bulk action included, ends in
`services.erase`, so that no photo file can stay behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from people import services
from people.admin.base import ModelAdmin, staff
from people.errors import Refusal
from people.models import FaceEmbedding, FaceImage, Person, Template

if TYPE_CHECKING:
    Base = ModelAdmin[Person]
else:
    Base = object

AT_ONCE = 500  # people; each is a transaction, and a request should end


class ErasingMixin(Base):
    def has_delete_permission(self, request: HttpRequest, obj: Person | None = None) -> bool:
        return request.user.has_perm("people.erase_person")

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return self.has_delete_permission(request)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_delete_permission(request):
            raise PermissionDenied
        person = self.get_object(request, object_id)
        if person is None:
            raise Http404
        if request.method == "POST":
            return self._erase(request, [person])
        return self._confirm(request, [person])

    @admin.action(description="Erase: photos, vectors and rows …", permissions=["erase"])
    def erase_selected(self, request: HttpRequest, people: QuerySet[Person]) -> HttpResponse | None:
        if people.count() > AT_ONCE:
            messages.error(request, f"Erase at most {AT_ONCE} people at once.")
            return None
        if "confirmed" in request.POST:
            return self._erase(request, people)
        return self._confirm(request, people)

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def delete_model(self, request: HttpRequest, obj: Person) -> None:
        services.erase(person=obj, by=staff(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Person]) -> None:
        for person in queryset:
            services.erase(person=person, by=staff(request))

    def _erase(self, request: HttpRequest, people: Iterable[Person]) -> HttpResponse:
        for person in people:
            pk = person.pk
            try:
                erased = services.erase(person=person, by=staff(request))
            except Refusal as error:
                messages.warning(request, error.message)
                continue
            _log(request, pk)
            messages.success(request, _in_words(erased))
        return redirect("admin:people_person_changelist")

    def _confirm(self, request: HttpRequest, people: Iterable[Person]) -> HttpResponse:
        chosen = [person.pk for person in people]
        context = {
            **self.admin_site.each_context(request),
            "title": "Erase a person" if len(chosen) == 1 else f"Erase {len(chosen)} people",
            "opts": self.opts,
            "people": Person.objects.filter(pk__in=chosen).annotate(photos=Count("images")),
            "photos": FaceImage.objects.filter(person__in=chosen).count(),
            "embeddings": FaceEmbedding.objects.filter(image__person__in=chosen).count(),
            "templates": Template.objects.filter(person__in=chosen).count(),
            "chosen": chosen,
            "is_action": "action" in request.POST,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "people/erase.html", context)


def _in_words(erased: services.Erased) -> str:
    return (
        f"{erased.name} is erased. Removed: {_number(erased.photos, 'photo')} with file,"
        f" {_number(erased.embeddings, 'vector')} of them,"
        f" {_number(erased.templates, 'template')}."
        " Past attempts stay as numbers without a name."
    )


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _log(request: HttpRequest, pk: int) -> None:
    """Who erased, and when; not whom."""
    LogEntry.objects.create(
        user=staff(request),
        content_type=ContentType.objects.get_for_model(Person),
        object_id=str(pk),
        object_repr="Erased person",
        action_flag=DELETION,
    )
