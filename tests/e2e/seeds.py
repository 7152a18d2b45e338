"""One of everything, so that every page of the admin has something to show."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from PIL import Image

from tests.chaos.site import Site

_SCRIPT = """
import json
from datetime import date, time, timedelta
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, User
from django.utils import timezone
from knox.models import AuthToken
from people.imports import start_import
from people.models import EmbeddingModel, FaceImage, Gallery, Person
from recognition import devices, models
from recognition.reembedding import catalogue
from recognition.webhooks.endpoints import renew_secret

admin = User.objects.get(username="admin")
office, ben, now = Gallery.objects.get(), Person.objects.get(full_name="Ben"), timezone.now()
active = EmbeddingModel.objects.current()

device = devices.add_device(name="Front door", galleries=[office]).device
attempts = [
    models.Attempt.objects.create(
        purpose="recognize", source="device", model=active, threshold=0.9, frames=3,
        duration_ms=200, actor=device.account, gallery=office, **more)
    for more in (
        {"outcome": "match", "found": ben, "distance": 0.5, "runner_up_distance": 1.2},
        {"outcome": "unknown", "distance": 1.1},
        {"outcome": "no_face"},
    )
]
event = models.AttendanceEvent.objects.create(
    person=ben, direction="in", occurred_at=now - timedelta(days=1, hours=2), source="clock",
    device=device, attempt=attempts[0])
by_hand = {"source": "correction", "correction_reason": "The door was open", "corrected_by": admin}
correction = models.AttendanceEvent.objects.create(
    person=ben, direction="in", occurred_at=now - timedelta(days=1, hours=3), replaces=event,
    **by_hand)
forgotten = models.AttendanceEvent.objects.create(
    person=ben, direction="in", occurred_at=now - timedelta(minutes=5), **by_hand)
shift = models.Shift.objects.create(
    name="Day", start=time(8), end=time(17), weekdays=[1, 2, 3, 4, 5], break_minutes=30)
assignment = models.ShiftAssignment.objects.create(
    shift=shift, gallery=office, valid_from=date(2020, 1, 1))
holiday = models.Holiday.objects.create(gallery=office, date=date(2030, 1, 1), name="New Year")

hook = models.WebhookEndpoint.objects.create(
    name="Payroll", url="https://example.org/hook", is_active=False)
renew_secret(endpoint=hook)
delivery = models.WebhookDelivery.objects.create(
    endpoint=hook, event=event, state="failed", tries=8, last_status=500, last_error="http_error")

building = catalogue.add_model(name="tighter", changes={"margin": -0.1})
models.ReembeddingRun.objects.create(
    model=building, state="paused", total=4, settled=2, started_by=admin, failed=1,
    error="The networks cannot be read.")
models.ReembeddingFailure.objects.create(
    model=building, image=FaceImage.objects.filter(person=ben).first(), code="no_face",
    reason="There is no face in this photo.")
ready = catalogue.add_model(name="looser", changes={"margin": 0.1})
EmbeddingModel.objects.filter(pk=ready.pk).update(state="ready")
change = models.ModelChange.objects.create(
    kind="activated", model=active, by=admin, missing=1, overrides=["uncalibrated"])

token, _key = AuthToken.objects.create(user=admin)
for seen in (ben, device, admin):
    LogEntry.objects.log_actions(admin.pk, [seen], CHANGE, "Changed.", single_object=True)

with open({archive!r}, "rb") as file:
    run = start_import(file=file, name="people.zip", gallery=office, by=admin)
print(json.dumps({
    "ben": ben.pk, "gallery": office.pk, "device": device.pk, "attempt": attempts[0].pk,
    "event": event.pk, "correction": correction.pk, "forgotten": forgotten.pk, "shift": shift.pk,
    "assignment": assignment.pk, "holiday": holiday.pk, "hook": hook.pk, "delivery": delivery.pk,
    "active": active.pk, "building": building.pk, "ready": ready.pk, "run": run.pk,
    "user": admin.pk, "group": Group.objects.first().pk, "token": token.pk, "change": change.pk,
}))
"""


Keys = dict[str, int | str]


def seed(site: Site, demo: Path, folder: Path) -> Keys:
    """What, and the key of its row. Whoever is imported is worked off when this returns."""
    photos = sorted((demo / "train" / "Ben_Affleck").glob("*1?.jpg"))[:4]
    site.manage("enroll", "Ben", *map(str, photos), "--gallery", "Office", "--staff-number", "7")
    archive = _archive(demo, folder / "people.zip")
    script = _SCRIPT.replace("{archive!r}", repr(str(archive)))
    keys: Keys = json.loads(site.manage("shell", "-c", script).splitlines()[-1])
    site.wait_until(lambda: site.photos("rejected") == 1, 60, "the import")
    site.wait_until(lambda: site.photos("pending") == 0, 60, "the import")
    nobody = "SELECT id FROM people_person WHERE full_name = %s"
    return keys | {"nobody": site.number(nobody, "A wall")}


def _archive(demo: Path, to: Path) -> Path:
    """A person, a wall that is none, and a file that is no photo."""
    wall = to.with_name("wall.png")
    Image.effect_noise((640, 480), 20).convert("RGB").save(wall)
    with zipfile.ZipFile(to, "w") as archive:
        archive.write(demo / "train/Madonna/Madonna_01.jpg", "Madonna/1.jpg")
        archive.write(wall, "A wall/1.png")
        archive.writestr("A wall/notes.txt", "not a photo")
    return to
