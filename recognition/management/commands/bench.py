"""manage.py bench"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandParser

from recognition.evaluation import benches
from recognition.evaluation.bench_rows import Row, cells
from recognition.management.base import ERROR, NO, YES, FaceCommand, table


class Command(FaceCommand):
    help = (
        "Measure this machine: each line is a ratio of two things that took turns in one run. "
        "Results are kept in VAR_DIR/bench, one JSON file for each bench. Exit code 0: every line "
        "that promises something keeps it; 1: one is missed; 2: one could not be measured."
    )
    examples = """\
  manage.py bench                     the quick set, in about five minutes
  manage.py bench --full              all of it
  manage.py bench --only engine --json"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--full", action="store_true", help="the large measurements, too")
        parser.add_argument(
            "--only", nargs="+", default=[], metavar="NAME", choices=sorted(benches.BENCHES),
            help=f"some of: {', '.join(sorted(benches.BENCHES))}",
        )  # fmt: skip
        parser.add_argument("--out", type=Path, metavar="FILE", help="write all results there, too")
        # What a child process of this command is asked: measure one, write its rows there.
        parser.add_argument("--here", type=Path, help=argparse.SUPPRESS)

    def answer(self, options: dict[str, Any]) -> int:
        if options["here"]:
            return _measure_here(options["only"][0], options["here"], full=options["full"])
        started, results, failed = time.monotonic(), [], []
        for name in benches.chosen(options["only"], full=options["full"]):
            self.stderr.write(f"{name} …")
            found = benches.run(name, full=options["full"], site=_kept_of_the_site())
            if found is None:
                failed.append(name)
                continue
            benches.keep(found, settings.VAR_DIR / "bench")
            results.append(found)
        code = self._tell(results, failed, options["out"])
        self.say(f"Measured in {time.monotonic() - started:.0f} s.")
        return code

    def _tell(self, results: list[dict[str, Any]], failed: list[str], out: Path | None) -> int:
        rows = [benches.row_of(row) for found in results for row in found["rows"]]
        met = all(row.is_met for row in rows)
        everything = {"met": met and not failed, "failed": failed, "benches": results}
        if out:
            out.write_text(json.dumps(everything, ensure_ascii=False, indent=1))
        self.give(everything)
        for line in table(cells(rows)):
            self.say(line)
        for name in failed:
            self.stderr.write(f"{name} could not be measured; see above.")
        return ERROR if failed else YES if met else NO


def _measure_here(name: str, out: Path, *, full: bool) -> int:
    if benches.BENCHES[name].own_site:
        call_command("migrate", verbosity=0)
    rows: list[Row] = benches.make_rows(name, full=full)
    out.write_text(json.dumps([row.as_json() for row in rows], ensure_ascii=False))
    return YES


def _kept_of_the_site() -> dict[str, str]:
    """A site of its own shares the networks and, since its cookies matter to nobody, the key."""
    return {
        "MODELS_DIR": str(settings.MODELS_DIR),
        "SECRET_KEY": settings.SECRET_KEY,
        "ENGINE_THREADS": str(settings.ENGINE_THREADS),
    }
