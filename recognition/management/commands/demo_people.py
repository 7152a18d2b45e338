"""manage.py demo_people: five people to try everything with."""

from typing import Any

from django.conf import settings

from people.imports import gallery_called
from recognition.demo import GALLERY, enrol_people, photos_of
from recognition.management.base import YES, FaceCommand, progress_bar
from recognition.management.intake import summary


class Command(FaceCommand):
    help = (
        f"Enrol the five demo people in the gallery {GALLERY}; those that are there stay as they "
        "are. The photos come from fetch_models. Exit code 0: they are there; 2: error."
    )

    def answer(self, options: dict[str, Any]) -> int:
        total = len(photos_of(settings.MODELS_DIR, "train").entries)
        gallery, _is_new = gallery_called(GALLERY)
        with progress_bar(total, "photo", "Demo people") as bar:
            report = enrol_people(settings.MODELS_DIR, gallery, bar.update)
        people = gallery.people.count()
        self.give({"gallery": str(gallery), "people": people, "photos": report.states})
        self.say(f"{people} demo people in the gallery “{gallery}”. {summary(report)}")
        if report.failures:
            reasons = ", ".join(f"{code} {number}" for code, number in report.reasons.items())
            self.say(f"Rejected by the limits for enrolment, as they should be: {reasons}.")
        return YES
