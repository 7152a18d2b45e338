"""manage.py status: what goes on in the background."""

from typing import Any

from django.core.management.base import CommandParser

from faceproject.status import PATIENCE_S, status
from recognition import health
from recognition.management.base import YES, FaceCommand, table


class Command(FaceCommand):
    help = (
        "Queues, workers, photos that wait or failed, re-embedding runs, models and their indexes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--wait", type=float, default=PATIENCE_S, metavar="SECONDS",
            help=f"for answers of workers (default {PATIENCE_S:g}); one in a long task is silent",
        )  # fmt: skip

    def answer(self, options: dict[str, Any]) -> int:
        found = status(patience=options["wait"])
        self.give(found)
        for line in _lines(found):
            self.say(line)
        return YES


def _lines(found: dict[str, Any]) -> list[str]:
    queues, photos, held = found["queues"], found["photos"], found["at_work"]
    waiting = (
        "the broker cannot be reached"
        if queues is None
        else ", ".join(f"{name} {depth}" for name, depth in queues.items())
    )
    lines = [
        f"Queued     {waiting}",
        f"Workers    {', '.join(found['workers']) or 'none answers'}; in hand: {held['photos']}"
        f" new photos, {held['chunks']} chunks of re-embedding",
        f"Photos     {photos['ready']} ready, {photos['pending']} pending,"
        f" {photos['rejected']} rejected",
        f"Imports    {found['imports_running']} running",
    ]
    if found["networks"] != health.OK:
        lines.append(f"Networks   {found['networks']}")
    liveness = [found[network] for network in ("mesh", "pad")]
    lines += [f"Liveness   {said}" for said in liveness if said != health.OK]
    if found["admins_without_face"]:
        number = found["admins_without_face"]
        lines.append(f"Accounts   {number} with admin rights and without an enrolled face")
    lines += [_run(run) for run in found["runs"]]
    header = ("model", "state", "people", "failures", "calibrated", "index")
    rows = [
        (one["model"], one["state"], one["people"], one["failures"],
         "yes" if one["calibrated"] else "no", one["index"])
        for one in found["models"]
    ]  # fmt: skip
    return [*lines, "", *table([header, *rows])]


def _run(run: dict[str, Any]) -> str:
    left = run["seconds_left"]
    parts = [
        f"Run        {run['model']}: {run['state']}, {run['settled']} of {run['total']} photos",
        f"{run['failed']} failed",
        f"{run['rate']:.1f} a second" if run["state"] == "running" else "",
        f"about {left / 60:.0f} min left" if left is not None else "",
        "no worker takes it up" if run["stalled"] else "",
        run["error"],
    ]
    return ", ".join(part for part in parts if part)
