"""manage.py reembed: embed every photo again for another model, in the background."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from tqdm import tqdm

from people.errors import Refusal
from people.models import EmbeddingModel
from recognition.management.base import NO, YES, FaceCommand, progress_bar, table
from recognition.management.recipes import add_recipe_arguments, recipe_changes
from recognition.models import ReembeddingFailure, ReembeddingRun
from recognition.reembedding import runs
from recognition.reembedding.catalogue import find_model, find_or_add
from recognition.reembedding.switching import NAMED, OVERRIDABLE, kept_back

_LOOK_EVERY_S = 0.5
_SHOWN = 20


class Command(FaceCommand):
    help = (
        "Embed every enrolled photo under another model, behind the running service; the workers"
        " do it. Safe to interrupt, kill and start again; a run that is under way takes over what"
        " is asked for now. With a recipe, the model is added first if it is not there. Exit code"
        " 0: started, or with --watch or --here done; 1: paused or cancelled meanwhile, or not"
        " activated, and why; 2: error."
    )
    examples = """\
  manage.py reembed tighter --margin -0.1 --watch     added first, as by add_model
  manage.py reembed tighter --watch
  manage.py reembed tighter --rate 2                  two photos a second, beside other work
  manage.py reembed tighter --pause                   and --cancel
  manage.py reembed tighter --resume --watch --rate 20
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
            "--may-miss", type=_number, metavar="N",
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
        if options["pause"] or options["cancel"]:
            return self._stop(name, options)
        if options["resume"] and changes:
            raise CommandError("--resume takes no recipe: the model has one.")
        model = find_or_add(name=name, changes=changes) if changes else find_model(name=name)
        if options["resume"]:
            run = runs.live_run(model)
            with transaction.atomic():  # a run that is not paused is not changed either
                runs.change(run=run, **_asked(options))
                runs.resume(run=run)
        else:
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
        return YES if run.state == ReembeddingRun.State.DONE and not run.error else NO

    def _stop(self, name: str, options: dict[str, Any]) -> int:
        others = (*_asked(options).values(), *recipe_changes(options).values())
        if options["watch"] or options["here"] or any(other is not None for other in others):
            raise CommandError("--pause and --cancel take no other option.")
        run = runs.live_run(find_model(name=name))
        (runs.pause if options["pause"] else runs.cancel)(run=run)
        self._tell(run)
        return YES

    def _started(self, model: EmbeddingModel, options: dict[str, Any]) -> ReembeddingRun:
        """A new run, or the one that is under way, changed to what is asked for."""
        asked = {key: value for key, value in _asked(options).items() if value is not None}
        try:
            return runs.start(model=model, **asked)
        except Refusal as refusal:
            if refusal.code != "run_exists":
                raise
        run = runs.live_run(model)
        runs.change(run=run, **asked)
        self.say(
            f"A re-embedding for {model} is under way already; it goes on"
            + (" as asked for now." if asked else " as it was started.")
        )
        return run

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
        missing = list(kept_back(run).values_list("full_name", flat=True))
        self.give(
            {
                **run.as_json(),
                "model_state": run.model.state,
                "missing_people": missing,
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
        if missing:
            more = f" and {len(missing) - NAMED} more (--json names all)"
            self.say(f"  {', '.join(missing[:NAMED])}{more if len(missing) > NAMED else ''}")
        rows = [(one.image.person.full_name, one.code, one.reason) for one in listed[:_SHOWN]]
        for line in table(rows) if rows else []:
            self.say(f"  {line}")
        if failures.count() > _SHOWN:
            self.say(f"  … and {failures.count() - _SHOWN} more (--json lists all)")


def _asked(options: dict[str, Any]) -> dict[str, Any]:
    """What a run is asked for by this call; None for what is not said."""
    return {
        "activate_when_done": options["activate_when_done"] or None,
        "may_miss": options["may_miss"],
        "overrides": options["override"] or None,
        "rate_limit": options["rate"],
    }


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


def _number(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError("a number of people, 0 or more")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise ArgumentTypeError("a number of photos a second above 0")
    return rate
