"""manage.py reembed: embed every photo again for another model, in the background."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import CommandParser
from tqdm import tqdm

from people.errors import Refusal
from people.models import EmbeddingModel
from recognition.management.base import NO, YES, FaceCommand, progress_bar, table
from recognition.management.recipes import add_recipe_arguments, recipe_changes
from recognition.models import ReembeddingFailure, ReembeddingRun
from recognition.reembedding import runs
from recognition.reembedding.catalogue import find_model, find_or_add
from recognition.reembedding.switching import OVERRIDABLE

_LOOK_EVERY_S = 0.5
_SHOWN = 20


class Command(FaceCommand):
    help = (
        "Embed every enrolled photo under another model, behind the running service; the workers"
        " do it. Safe to interrupt, kill and start again. With a recipe, the model is added first"
        " if it is not there. Exit code 0: started, or with --watch or --here done; 1: paused or"
        " cancelled meanwhile, or not activated, and why; 2: error."
    )
    examples = """\
  manage.py reembed tighter --margin -0.1 --watch     added first, as by add_model
  manage.py reembed tighter --watch
  manage.py reembed tighter --rate 2                  two photos a second, beside other work
  manage.py reembed tighter --pause                   and --resume, --cancel
  manage.py reembed tighter --here --watch            without workers: in this process
  manage.py reembed tighter --activate-when-done --may-miss 3"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", metavar="MODEL", help="as in “facenet128 v2”")
        what = parser.add_mutually_exclusive_group()
        for action, about in (("pause", "take up nothing more"), ("resume", "go on"),
                              ("cancel", "stop for good; the vectors stay")):  # fmt: skip
            what.add_argument(f"--{action}", action="store_true", help=about)
        parser.add_argument("--activate-when-done", action="store_true")
        parser.add_argument(
            "--may-miss", type=int, default=0, metavar="N",
            help="people that may be left without a vector by the activation (default 0)",
        )  # fmt: skip
        parser.add_argument(
            "--override", action="append", default=[], choices=sorted(OVERRIDABLE),
            help="activate in spite of this; it is put on record",
        )  # fmt: skip
        parser.add_argument(
            "--rate", type=_rate, metavar="N", help="photos a second, of all workers together"
        )
        parser.add_argument("--watch", action="store_true", help="stay until it is done")
        parser.add_argument(
            "--here", action="store_true", help="embed in this process, too; no worker is needed"
        )
        add_recipe_arguments(parser)

    def answer(self, options: dict[str, Any]) -> int:
        name, changes = options["model"], recipe_changes(options)
        for action in ("pause", "resume", "cancel"):
            if options[action]:
                run = runs.live_run(find_model(name=name))
                getattr(runs, action)(run=run)
                self._tell(run)
                return YES
        model = find_or_add(name=name, changes=changes) if changes else find_model(name=name)
        run = self._started(model, options)
        if not (options["here"] or options["watch"]):
            self._tell(run)
            return YES
        try:
            self._watch(run, works=options["here"])
        except KeyboardInterrupt:
            self.stderr.write("Workers go on with it. --pause or --cancel stops it.")
            raise
        self._tell(run)
        return YES if _is_as_asked(run, activated=options["activate_when_done"]) else NO

    def _started(self, model: EmbeddingModel, options: dict[str, Any]) -> ReembeddingRun:
        """A new run, or the one that is under way."""
        try:
            return runs.start(
                model=model,
                activate_when_done=options["activate_when_done"],
                may_miss=options["may_miss"],
                overrides=options["override"],
                rate_limit=options["rate"],
            )
        except Refusal as refusal:
            if refusal.code != "run_exists":
                raise
        self.say(f"A re-embedding for {model} is under way already, and goes on as it was started.")
        return runs.live_run(model)

    def _watch(self, run: ReembeddingRun, *, works: bool) -> None:
        with progress_bar(run.total, "photo", "Photos") as bar:
            while run.state == ReembeddingRun.State.RUNNING:
                if not (works and runs.work_one(run.pk)):
                    time.sleep(_LOOK_EVERY_S)
                run.refresh_from_db()
                _show(bar, run)

    def _tell(self, run: ReembeddingRun) -> None:
        run.refresh_from_db()
        failures = ReembeddingFailure.objects.filter(model=run.model)
        listed = failures.select_related("image__person").order_by("pk")
        self.give(
            {
                **run.as_json(),
                "model_state": run.model.state,
                "failures": [
                    {"photo": str(one.image.public_id), "person": one.image.person.full_name,
                     "code": one.code, "reason": one.reason}
                    for one in listed
                ],
            }
        )  # fmt: skip
        state = run.get_state_display().lower()
        self.say(f"{run}: {state}. {run.settled} of {run.total} photos, {run.failed} failed.")
        if run.error:
            self.say(run.error)
        rows = [(one.image.person.full_name, one.code, one.reason) for one in listed[:_SHOWN]]
        for line in table(rows) if rows else []:
            self.say(f"  {line}")
        if failures.count() > _SHOWN:
            self.say(f"  … and {failures.count() - _SHOWN} more (--json lists all)")


def _is_as_asked(run: ReembeddingRun, *, activated: bool) -> bool:
    """Done, and activated if that was asked for: by whoever started it, or by this call."""
    if run.state != ReembeddingRun.State.DONE:
        return False
    is_heeded = run.activate_when_done or not activated
    return is_heeded and not run.error


def _show(bar: tqdm[Any], run: ReembeddingRun) -> None:
    bar.total = run.total
    bar.n = min(run.settled, run.total)
    note = {"failed": run.failed} if run.failed else {}
    if run.phase == ReembeddingRun.Phase.INDEXING:
        bar.set_description("Index", refresh=False)
    elif run.error or run.is_stalled:
        bar.set_description("Waiting", refresh=False)
    else:
        bar.set_description("Photos", refresh=False)
    bar.set_postfix(note)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise ArgumentTypeError("a number of photos a second above 0")
    return rate
