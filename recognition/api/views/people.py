"""People, their faces, galleries: for users with the permission, never for devices."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import django_filters
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from people import services
from people.guard import require_may_switch
from people.models import EmbeddingModel, FaceImage, FaceImageSource, Gallery, Person
from recognition.api import examples, problems
from recognition.api.access import Rule
from recognition.api.filters import IdFilter, TextFilter, YesNoFilter
from recognition.api.pages import by_name
from recognition.api.serializers import (
    AddedFace,
    EmbeddingModelSerializer,
    ErasedSerializer,
    FaceSerializer,
    GallerySerializer,
    NewFaces,
    PersonSerializer,
)


class PersonFilter(django_filters.FilterSet):
    search = TextFilter(method="by_text", label="In the name or staff number.")
    gallery = IdFilter(field_name="galleries__id", label="Its id.")
    is_active = YesNoFilter()
    staff_number = TextFilter()

    def by_text(self, people: QuerySet[Person], _name: str, text: str) -> QuerySet[Person]:
        return people.filter(Q(full_name__icontains=text) | Q(staff_number__icontains=text))


class PersonViewSet(viewsets.ModelViewSet[Person]):
    """Whom the system knows."""

    queryset = Person.objects.prefetch_related("galleries")
    serializer_class = PersonSerializer
    filterset_class = PersonFilter
    orders = (by_name("full_name"),)
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"
    http_method_names = ("get", "post", "patch", "delete", "head", "options")
    rules: ClassVar = {
        "list": Rule("people.view_person"),
        "retrieve": Rule("people.view_person"),
        "create": Rule("people.add_person"),
        "partial_update": Rule("people.change_person"),
        "destroy": Rule("people.erase_person"),
    }

    def get_queryset(self) -> QuerySet[Person]:
        people = super().get_queryset()
        # Locked: to save somebody who was erased meanwhile would store them again.
        return people.select_for_update() if self.action == "partial_update" else people

    @transaction.atomic
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().partial_update(request, *args, **kwargs)

    @transaction.atomic  # with the galleries, or not at all
    def perform_create(self, serializer: BaseSerializer[Person]) -> None:
        serializer.save(**self._recorder(serializer))

    def perform_update(self, serializer: BaseSerializer[Person]) -> None:
        person = cast(Person, serializer.instance)
        if serializer.validated_data.get("is_active", person.is_active) != person.is_active:
            require_may_switch(person=person, by=cast(User, self.request.user))
        serializer.save(**self._recorder(serializer))

    def _recorder(self, serializer: BaseSerializer[Person]) -> dict[str, Any]:
        if "consent_method" not in serializer.validated_data:
            return {}
        has_consent = bool(serializer.validated_data["consent_method"])
        return {"consent_recorded_by": self.request.user if has_consent else None}

    @extend_schema(responses={200: ErasedSerializer})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Erase: rows, vectors and photo files. There is no way back."""
        try:
            erased = services.erase(person=self.get_object(), by=cast(User, request.user))
        except services.PersonUnknown as error:
            raise Http404 from error  # somebody else was quicker
        return Response(ErasedSerializer(erased).data)


class FaceViewSet(
    mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[FaceImage]
):
    """The photos of one person: added, told about, deleted; the pictures are never sent."""

    queryset = FaceImage.objects.all()
    serializer_class = FaceSerializer
    filterset_fields: ClassVar = ["state"]
    lookup_field = "public_id"
    lookup_url_kwarg = "face_id"
    lookup_value_converter = "uuid"
    rules: ClassVar = {
        "list": Rule("people.view_faceimage"),
        "create": Rule("people.add_faceimage"),
        "destroy": Rule("people.delete_faceimage"),
    }

    def get_queryset(self) -> QuerySet[FaceImage]:
        return super().get_queryset().filter(person=self._person())

    def _person(self) -> Person:
        return get_object_or_404(Person, public_id=self.kwargs["id"])

    @extend_schema(
        request=NewFaces,
        responses={200: AddedFace(many=True), 201: AddedFace(many=True)},
        examples=examples.FACES,
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add photos. Each is stored at once and embedded by the workers: `state` says how far.

        201: at least one photo is new. 200: all were there. If every photo is refused, the first
        one's problem is the answer.
        """
        person = self._person()
        form = NewFaces(data=request.data)
        form.is_valid(raise_exception=True)
        added = services.enrol_photos(
            person=person,
            photos=form.validated_data["photo"],
            accept_flags=form.validated_data["accept_flags"],
            source=FaceImageSource.API,
            by=request.user,  # type: ignore[arg-type]
        )
        errors = [one.error for one in added if one.error is not None]
        if len(errors) == len(added):
            raise errors[0]
        is_new = any(one.image is not None and not one.already for one in added)
        return Response([_as_added(one) for one in added], status=201 if is_new else 200)

    def perform_destroy(self, instance: FaceImage) -> None:
        services.delete_photo(image=instance, by=cast(User, self.request.user))


def _as_added(one: services.Enrolled) -> dict[str, Any]:
    return {
        "face": FaceSerializer(one.image).data if one.image else None,
        "already": one.already,
        "problem": problems.of_refusal(one.error) if one.error else None,
    }


class GalleryFilter(django_filters.FilterSet):
    name = TextFilter()


class GalleryViewSet(viewsets.ModelViewSet[Gallery]):
    """Named sets of people that can be recognized together."""

    queryset = Gallery.objects.all()
    serializer_class = GallerySerializer
    filterset_class = GalleryFilter
    orders = (by_name("name"),)
    lookup_value_converter = "int"
    http_method_names = ("get", "post", "patch", "delete", "head", "options")
    rules: ClassVar = {
        "list": Rule("people.view_gallery"),
        "retrieve": Rule("people.view_gallery"),
        "create": Rule("people.add_gallery"),
        "partial_update": Rule("people.change_gallery"),
        "destroy": Rule("people.delete_gallery"),
    }

    @transaction.atomic
    def perform_create(self, serializer: BaseSerializer[Gallery]) -> None:
        serializer.save()

    @transaction.atomic
    def perform_update(self, serializer: BaseSerializer[Gallery]) -> None:
        serializer.save()


class EmbeddingModelViewSet(viewsets.ReadOnlyModelViewSet[EmbeddingModel]):
    """What vectors are made with, and the thresholds that belong to it."""

    queryset = EmbeddingModel.objects.all()
    serializer_class = EmbeddingModelSerializer
    filterset_fields: ClassVar = ["state"]
    lookup_value_converter = "int"
    rules: ClassVar = {
        "list": Rule("people.view_embeddingmodel"),
        "retrieve": Rule("people.view_embeddingmodel"),
    }
