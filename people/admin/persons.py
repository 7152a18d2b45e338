"""People: the list, the form, and what may be done with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from people import services
from people.admin import photos
from people.admin.base import ModelAdmin, staff
from people.admin.erasing import ErasingMixin
from people.admin.filters import PhotosFilter
from people.admin.person_form import PersonForm
from people.guard import SwitchGuarded
from people.models import FaceImageSource, Gallery, Person


@admin.register(Person)
class PersonAdmin(ErasingMixin, ModelAdmin[Person]):
    form = PersonForm
    list_display = ("face", "staff_number", "in_galleries", "photo_states", "is_active")
    list_display_links = ("face",)
    list_filter = (PhotosFilter, "is_active", "galleries")
    search_fields = ("full_name", "staff_number")
    search_help_text = "Search by name or staff number"
    autocomplete_fields = ("galleries", "user")
    readonly_fields = ("consent_recorded_by",)
    actions = ("deactivate_selected", "activate_selected", "erase_selected")
    change_form_outer_after_template = "people/photo_section.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        people = Person.objects.with_photo_counts().prefetch_related("galleries")
        return people.with_portrait() if photos.may_see(request) else people

    def get_fieldsets(self, request: HttpRequest, obj: Person | None = None) -> Any:
        who = ["full_name", "staff_number", "galleries"]
        consent = ["consent_method", "consent_at"]
        if obj is not None:
            who.append("is_active")
            consent.append("consent_recorded_by")
        elif request.user.has_perm("people.add_faceimage"):
            who.append("photos")
        fieldsets = [(None, {"fields": who}), ("Consent", {"fields": consent})]
        # Whoever links an account decides who may log in as it: not a matter of enrolment.
        if request.user.has_perm("auth.change_user"):
            fieldsets.append(("Account", {"fields": ["user"]}))
        return fieldsets

    # --- The list ---------------------------------------------------------------------------

    @admin.display(description="name", ordering="full_name")
    def face(self, person: Person) -> SafeString:
        return render_to_string(
            "people/face.html", {"person": person, "portrait": getattr(person, "portrait", None)}
        )

    @admin.display(description="galleries")
    def in_galleries(self, person: Person) -> str:
        return ", ".join(gallery.name for gallery in person.galleries.all()) or "–"

    @admin.display(description="photos")
    def photo_states(self, person: Person) -> SafeString:
        return render_to_string("people/photo_states.html", {"person": person})

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, *args, **kwargs)
        form.by = staff(request)
        return form

    # --- Saving -----------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Person, form: Any, change: Any) -> None:
        if form.changes_consent:
            obj.consent_recorded_by = staff(request) if obj.consent_method else None
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        super().save_related(request, form, formsets, change)
        if not form.instance.galleries.exists():
            messages.warning(
                request, f"{form.instance} is in no gallery: no device will recognize them."
            )
        # The field is only there for those who may add photos.
        if files := form.cleaned_data.get("photos"):
            upload = photos.store(
                person=form.instance, files=files, source=FaceImageSource.ADMIN, by=staff(request)
            )
            for refused in upload.refused:
                messages.warning(request, f"{refused.name}: {refused.reason}")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Where there is only one gallery, people are of it."""
        galleries = list(Gallery.objects.all()[:2])
        only = {"galleries": galleries} if len(galleries) == 1 else {}
        return {**only, **super().get_changeform_initial_data(request)}

    def response_add(
        self, request: HttpRequest, obj: Person, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Stay with the person, to see what becomes of the photos; or what was refused, above."""
        response = super().response_add(request, obj, post_url_continue)
        if {"_addanother", "_popup"} & set(request.POST):
            return response
        is_all_taken = obj.images.count() == len(request.FILES.getlist("photos"))
        anchor = "#photos" if is_all_taken and obj.galleries.exists() else ""
        return redirect(reverse("admin:people_person_change", args=[obj.pk]) + anchor)

    # --- The photo panel --------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        person = self.get_object(request, object_id)
        extra = {**(extra_context or {}), "show_delete": False}
        if person is not None:
            extra |= photos.section(request, person)
        return super().change_view(request, object_id, form_url, extra)

    def get_urls(self) -> list[URLPattern]:
        def at(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
            return path(f"<int:person_id>/{route}", self.admin_site.admin_view(view), name=name)

        return [
            at("photos/", photos.panel_view, "people_person_photos"),
            at("photos/add/", photos.add_view, "people_person_add_photos"),
            at("photos/<uuid:photo_id>/delete/", photos.delete_view, "people_person_delete_photo"),
            at("photos/<uuid:photo_id>/accept/", photos.accept_view, "people_person_accept_photo"),
            *super().get_urls(),
        ]

    # --- Actions ----------------------------------------------------------------------------

    @admin.action(description="Deactivate: in no answer from now on", permissions=["change"])
    def deactivate_selected(self, request: HttpRequest, people: QuerySet[Person]) -> None:
        done = self._switch(
            request, people.filter(is_active=True), services.deactivate, "Deactivated."
        )
        if done:
            messages.success(request, f"{done} deactivated. They are in no answer any more.")

    @admin.action(description="Activate", permissions=["change"])
    def activate_selected(self, request: HttpRequest, people: QuerySet[Person]) -> None:
        done = self._switch(
            request, people.filter(is_active=False), services.activate, "Activated."
        )
        if done:
            messages.success(request, f"{done} activated.")

    def _switch(
        self,
        request: HttpRequest,
        people: QuerySet[Person],
        switch: Callable[..., None],
        said: str,
    ) -> int:
        """Switch those whom this user may; says which not. Returns how many."""
        done = 0
        for person in people.select_related("user"):
            try:
                switch(person=person, by=staff(request))
            except SwitchGuarded as refusal:
                messages.error(request, f"{person}: {refusal.message}")
                continue
            self.log_change(request, person, said)
            done += 1
        return done
