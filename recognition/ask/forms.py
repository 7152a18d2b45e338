"""A question about a face: photos of it, and among whom to look."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.files.uploadedfile import UploadedFile
from unfold.widgets import UnfoldAdminSelectWidget

from people.forms import PhotosField
from people.images import BadPhoto, Pixels, decode, read_bytes
from people.models import Gallery, Person
from recognition.models import Attempt

MOST_PHOTOS = 5


class PersonSelect(AutocompleteSelect):
    """Searches people as somebody types; whoever may not see people is refused the search."""

    def __init__(self) -> None:
        super().__init__(Attempt._meta.get_field("claimed"), admin.site)

    def build_attrs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        attrs: dict[str, Any] = super().build_attrs(*args, **kwargs)
        return attrs | {"data-placeholder": "Type a name or staff number"}


class PhotosForm(forms.Form):
    """Cleans photos to pixels, so that a file that is no picture is a fault of this form."""

    photos = PhotosField(
        most=MOST_PHOTOS,
        help_text="One to five photos of one face; more photos, surer answer. They are not kept.",
    )

    def clean_photos(self) -> list[Pixels]:
        pixels = []
        for file in self.cleaned_data["photos"]:
            try:
                pixels.append(_pixels(file))
            except BadPhoto as error:
                self.add_error("photos", f"{file.name}: {error.message}")
        return pixels


def _pixels(file: UploadedFile[bytes]) -> Pixels:
    return decode(read_bytes(file)).pixels


class WhoForm(PhotosForm):
    gallery = forms.ModelChoiceField(
        Gallery.objects.all(),
        required=False,
        empty_label="Everybody",
        label="Look among",
        widget=UnfoldAdminSelectWidget(),
    )


class ClaimForm(PhotosForm):
    person = forms.ModelChoiceField(Person.objects.all(), label="Said to be", widget=PersonSelect())
    field_order = ("person", "photos")
