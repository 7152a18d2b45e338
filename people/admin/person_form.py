"""The form of a person, with several photos at once when added."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.auth.models import User
from django.utils import timezone

from people.forms import PhotosField
from people.guard import FaceGuarded, SwitchGuarded, may_link, may_switch
from people.models import Person

AT_ONCE = 40  # photos; Django takes at most 100 files in one request

if TYPE_CHECKING:
    Form = forms.ModelForm[Person]
else:
    Form = forms.ModelForm


class PersonForm(Form):
    photos = PhotosField(
        most=AT_ONCE,
        required=False,
        help_text="Several at once; drop them here. Three to five different photos work best:"
        " one person, face visible, good light.",
    )

    by: ClassVar[User]  # who fills it in; each request has a class of its own

    class Meta:
        model = Person
        fields = (
            "full_name", "staff_number", "galleries", "is_active", "user",
            "consent_method", "consent_at",
        )  # fmt: skip
        help_texts: ClassVar = {
            "galleries": "Where this person can be recognized. A device knows only the people of"
            " its galleries: without one, this person cannot clock.",
            "consent_method": "How the person agreed to be recognized.",
            "consent_at": "Now, when left empty.",
        }

    def clean_user(self) -> User | None:
        account: User | None = self.cleaned_data["user"]
        before = self.instance.user
        if account == before:
            return account
        if all(may_link(account=one, by=self.by) for one in (before, account) if one is not None):
            return account
        raise forms.ValidationError(FaceGuarded().message, code=FaceGuarded.code)

    def clean_is_active(self) -> bool:
        is_active: bool = self.cleaned_data["is_active"]
        changes = self.instance.pk is not None and is_active != self.instance.is_active
        if changes and not may_switch(person=self.instance, by=self.by):
            raise forms.ValidationError(SwitchGuarded().message, code=SwitchGuarded.code)
        return is_active

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        if data.get("consent_method") and not data.get("consent_at"):
            data["consent_at"] = timezone.now()
        elif data.get("consent_at") and not data.get("consent_method"):
            self.add_error("consent_method", "Say how consent was given, or empty its date.")
        return data

    @property
    def changes_consent(self) -> bool:
        return bool({"consent_method", "consent_at"} & set(self.changed_data))
