"""manage.py bench_reembed: rates of a run, beside the engine alone."""

from typing import Any

from django.core.management.base import CommandParser

from recognition.evaluation.bench_rows import cells
from recognition.evaluation.reembed_speed import measure
from recognition.management.base import NO, YES, FaceCommand, progress_bar, table


class Command(FaceCommand):
    help = (
        "Measure a re-embedding with one worker and with two, the engine alone on the same photos,"
        " and how long a question takes beside a limited run. On a site of its own in a temporary"
        " folder: nothing of yours is touched. Exit code 1: a target is missed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--photos", type=int, default=240, metavar="N")

    def answer(self, options: dict[str, Any]) -> int:
        with progress_bar(4, "pass", "Bench") as bar:
            rows = measure(photos=options["photos"], progress=bar.update)
        self.give({"rows": [row.as_json() for row in rows]})
        for line in table(cells(rows)):
            self.say(line)
        return YES if all(row.is_met for row in rows) else NO
