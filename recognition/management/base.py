"""What every command about faces shares: exit codes, JSON, refusals as one sentence."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser, DjangoHelpFormatter
from django.db import OperationalError, ProgrammingError
from tqdm import tqdm

from people.errors import Refusal
from people.images import BadPhoto, Pixels, decode, read_bytes

YES, NO, ERROR = 0, 1, 2
# What these warn of, a command says in its own answer, once and in a sentence.
_SAID_BY_THE_COMMAND = ("psycopg.pool", "recognition.queueing")


class _HelpFormatter(DjangoHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of examples."""


class FaceCommand(BaseCommand):
    """Parse, call a service, print. `answer` returns the exit code: 0 yes, 1 no, 2 error."""

    examples = ""
    requires_system_checks = ()
    as_json = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        epilog = f"examples:\n{self.examples}" if self.examples else None
        parser = super().create_parser(
            prog_name, subcommand, formatter_class=_HelpFormatter, epilog=epilog, **kwargs
        )
        parser.description = textwrap.fill(self.help, 78)
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        return parser

    def handle(self, *_args: Any, **options: Any) -> None:
        self.as_json = options["json"]
        for name in _SAID_BY_THE_COMMAND:
            logging.getLogger(name).setLevel(logging.ERROR)
        try:
            code = self.answer(options)
        except Refusal as refusal:
            code = self._fail(refusal.code, refusal.message)
        except OperationalError as error:
            code = self._fail("database_unavailable", f"The database does not answer: {error}")
        except ProgrammingError as error:
            if not is_missing_table(error):
                raise
            code = self._fail(
                "database_not_set_up", "The database is not set up. Run: manage.py migrate"
            )
        if code:
            sys.exit(code)

    def answer(self, options: dict[str, Any]) -> int:
        raise NotImplementedError

    def say(self, text: str = "") -> None:
        """A line for people; none in JSON mode."""
        if not self.as_json:
            self.stdout.write(text)

    def give(self, result: dict[str, Any]) -> None:
        """The object for programs, in JSON mode."""
        if self.as_json:
            self.stdout.write(json.dumps(result, ensure_ascii=False))

    def _fail(self, code: str, message: str) -> int:
        message = " ".join(message.split())
        self.give({"error": {"code": code, "message": message}})
        self.stderr.write(message)
        return ERROR


def is_missing_table(error: ProgrammingError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) == "42P01"  # undefined_table


@contextmanager
def progress_bar(total: int, unit: str, description: str) -> Iterator[tqdm[Any]]:
    """On stderr, and only where a terminal is."""
    with tqdm(total=total, unit=unit, desc=description, disable=None, leave=False) as bar:
        yield bar


def read_photo(path: Path) -> bytes:
    """Raises Refusal: BadPhoto for contents, file_unreadable when it cannot be opened."""
    try:
        with path.open("rb") as file:
            return read_bytes(file)
    except OSError as error:
        raise Refusal(
            f"{path} cannot be read: {error.strerror}.", code="file_unreadable"
        ) from error


def read_frames(paths: Sequence[Path]) -> tuple[list[Pixels], list[tuple[Path, BadPhoto]]]:
    """The pictures that can be used, and those that cannot with why. Raises file_unreadable."""
    frames: list[Pixels] = []
    unusable: list[tuple[Path, BadPhoto]] = []
    for path in paths:
        try:
            frames.append(decode(read_photo(path)).pixels)
        except BadPhoto as error:
            unusable.append((path, error))
    return frames, unusable


def table(rows: Iterable[Sequence[object]]) -> list[str]:
    """Lines with columns aligned; numbers to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    kinds = [[isinstance(cell, int | float) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return [
        "  ".join(
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in zip(row, widths, kind, strict=True)
        ).rstrip()
        for row, kind in zip(cells, kinds, strict=True)
    ]
