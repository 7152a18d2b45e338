"""manage.py worker: background work on this machine, with sane defaults."""

from __future__ import annotations

import os
import signal
import time
from argparse import ArgumentTypeError
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from faceproject.embedded.memory import machine_memory
from faceproject.supervisor import preparation, site
from faceproject.supervisor.processes import stop
from people import storage
from recognition.engine import weights

_MB = 1024 * 1024
PROCESS_MB = 700  # with the networks of two models, as during a change
SPARED_MB = 1024  # for everything else on the machine
_TICK = 0.25  # seconds
_PATIENCE = 20.0  # seconds to finish what is at hand


def default_processes(*, cores: int, memory: int) -> int:
    """One for each core, as far as the memory (bytes) holds their networks."""
    fitting = (memory // _MB - SPARED_MB) // PROCESS_MB
    return max(1, min(cores, fitting))


class Command(BaseCommand):
    help = (
        "Embed photos, re-embed for another model, send webhooks: until Ctrl-C or SIGTERM, which"
        " let each process finish its task; after SIGTERM the exit code is 0. Several machines need"
        " the same environment, with PHOTOS_DIR a folder that all of them see; networks that are"
        " not there are fetched first. Each process runs one task at a time; one that dies or grows"
        " beyond WORKER_MAX_MB is started anew. ENGINE_THREADS sets the processor threads of each."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--processes", type=_positive, metavar="N", help="default: by cores and memory"
        )
        parser.add_argument(
            "--queues", type=_queues, default=settings.QUEUES, metavar="A,B",
            help=f"in order of precedence; default: {','.join(settings.QUEUES)}",
        )  # fmt: skip
        parser.add_argument(
            "--clock", action="store_true", help="also run the clock; one in all is enough"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        cores = max(1, len(os.sched_getaffinity(0)) // max(1, settings.ENGINE_THREADS))
        number = options["processes"] or default_processes(cores=cores, memory=machine_memory())
        preparation.make_folders()
        if storage.has_photos():
            try:
                storage.require_store()
            except storage.StoreMissing as error:
                raise CommandError(str(error), returncode=2) from error
        if not weights.check(settings.MODELS_DIR).knows_faces:
            call_command("fetch_models", stdout=self.stdout, stderr=self.stderr)
        children = site.workers(
            number, queues=options["queues"], prefix=f"worker-{os.getpid()}-"
        ) + ([site.clock()] if options["clock"] else [])
        self.stdout.write(
            f"{number} worker process{'es' if number > 1 else ''} for"
            f" {', '.join(options['queues'])}; logs in {settings.VAR_DIR / 'logs'}."
        )
        try:
            signal.signal(signal.SIGTERM, _stop)
            for child in children:
                child.start()
            while True:
                for child in children:
                    if (news := child.revive()) is not None:
                        self.stdout.write(news)
                time.sleep(_TICK)
        except _Stopped:
            pass
        finally:
            stop(children, _PATIENCE)


class _Stopped(Exception):
    """Somebody politely asked for the end."""


def _stop(_signum: int, _frame: FrameType | None) -> None:
    """The first signal stops the workers; a second must not disturb that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Stopped


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("a number of processes, 1 or more")
    return int(text)


def _queues(text: str) -> tuple[str, ...]:
    chosen = tuple(name.strip() for name in text.split(","))
    if unknown := set(chosen) - set(settings.QUEUES):
        raise ArgumentTypeError(
            f"unknown: {', '.join(sorted(unknown))}; there are: {', '.join(settings.QUEUES)}"
        )
    return chosen
