"""“Who is this?” and “Is this …?”: a photo up, an answer back, nothing kept but the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.generic import FormView

from people.errors import Refusal
from people.models import Person
from recognition import services
from recognition.ask.forms import ClaimForm, PhotosForm, WhoForm
from recognition.models import AttemptSource
from recognition.services import Result

if TYPE_CHECKING:
    Base = FormView[PhotosForm]
else:
    Base = FormView

TOP = 3


@method_decorator(
    [admin.site.admin_view, permission_required("recognition.ask", raise_exception=True)],
    name="dispatch",
)
class Question(Base):
    template_name = "ask/question.html"
    title = ""
    lead = ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **admin.site.each_context(self.request), title=self.title, lead=self.lead, **kwargs
        )

    def form_valid(self, form: PhotosForm) -> HttpResponse:
        try:
            result = self.ask(form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, refusal.message)
            return self.form_invalid(form)
        shown = {"result": result, "nearest": _nearest(self.request, result)}
        return self.answer({**shown, "form": form})

    def form_invalid(self, form: PhotosForm) -> HttpResponse:
        return self.answer({"faults": form, "form": form})

    def answer(self, context: dict[str, Any]) -> HttpResponse:
        """The answer alone for htmx, which leaves the form as it is; else the whole page.

        The form in it is the one that was asked: another would read the photos again, to their end.
        """
        if self.request.headers.get("HX-Request"):
            return render(self.request, "ask/answer.html", context)
        return self.render_to_response(self.get_context_data(**context))

    def ask(self, cleaned: dict[str, Any]) -> Result:
        raise NotImplementedError


class Who(Question):
    form_class = WhoForm
    title = "Who is this?"
    lead = "Compares a face with everybody who is enrolled and active."

    def ask(self, cleaned: dict[str, Any]) -> Result:
        return services.recognize(
            probe=cleaned["photos"],
            galleries=[cleaned["gallery"]] if cleaned["gallery"] else (),
            top=TOP,
            source=AttemptSource.ADMIN,
            actor=self.request.user,
        )


class Claim(Question):
    form_class = ClaimForm
    title = "Is this …?"
    lead = "Compares a face with one person."

    def ask(self, cleaned: dict[str, Any]) -> Result:
        return services.verify(
            probe=cleaned["photos"],
            person=cleaned["person"],
            source=AttemptSource.ADMIN,
            actor=self.request.user,
        )


def _nearest(request: HttpRequest, result: Result) -> list[dict[str, Any]]:
    """The candidates with a photo of each, for those who may see photos."""
    people = Person.objects.filter(pk__in=[candidate.who.pk for candidate in result.candidates])
    portraits = people.portraits() if request.user.has_perm("people.view_photo") else {}
    return [
        {
            "who": candidate.who,
            "distance": candidate.distance,
            "is_near": candidate.distance < result.threshold,
            "portrait": portraits.get(candidate.who.pk),
        }
        for candidate in result.candidates
    ]
