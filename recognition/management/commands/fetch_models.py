"""manage.py fetch_models: the networks and the demo photos, verified."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from tqdm import tqdm

from recognition.engine import weights
from recognition.engine.errors import WeightsUnavailable


class Command(BaseCommand):
    help = (
        "Download the networks and the demo photos, check them by SHA-256 and convert them. "
        "Exit code 0: everything is there and verified; 2: it is not."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only verify what is there")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")
        parser.add_argument(
            "--pad", action="store_true", help="the anti-spoofing networks, from deepface's pages"
        )
        parser.add_argument(
            "--from", dest="source", type=Path, metavar="FOLDER", help="with --pad: take them here"
        )

    def handle(self, *, check: bool, pad: bool, verbosity: int, **options: Any) -> None:
        try:
            report = _report(check=check, pad=pad, source=options["source"])
        except WeightsUnavailable as error:
            self._say({"ok": False, "message": error.message}, as_json=options["json"])
            if verbosity > 1 and error.__cause__ is not None:
                self.stderr.write(_details(error.__cause__))
            sys.exit(2)
        self._say(_result(report, pad=pad), as_json=options["json"])
        if not report.complete:
            sys.exit(2)

    def _say(self, result: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(result))
        else:
            (self.stdout if result["ok"] else self.stderr).write(result["message"])


def _report(*, check: bool, pad: bool, source: Path | None) -> weights.Report:
    folder: Path = settings.MODELS_DIR
    if not pad:
        return weights.check(folder) if check else _fetch(folder)
    if check:
        return weights.check_pad(folder)
    from recognition.engine.fetch import fetch_pad

    return fetch_pad(folder, source=source)


def _fetch(folder: Path) -> weights.Report:
    from recognition.engine.fetch import fetch  # the converters are slow to import

    with tqdm(unit="B", unit_scale=True, desc="Models", disable=None, leave=False) as bar:

        def progress(received: int, total: int) -> None:
            bar.total = total
            bar.update(max(0, received - bar.n))

        return fetch(folder, progress=progress)


def _result(report: weights.Report, *, pad: bool) -> dict[str, Any]:
    bad = [path.as_posix() for path in report.bad]
    photos = sum(path.parts[0] == weights.DEMO.name for path in report.verified)
    networks = len(report.verified) - photos
    message = f"Models verified: {networks} networks, {photos} demo photos."
    if bad:
        message = f"Missing or altered: {', '.join(bad)}. Run: manage.py fetch_models"
        message += " --pad" if pad else ""
    return {
        "ok": report.complete,
        "networks": networks,
        "demo_photos": photos,
        "bad": bad,
        "message": message,
    }


def _details(cause: BaseException) -> str:
    output = getattr(cause, "stderr", None)
    return output.decode(errors="replace") if isinstance(output, bytes) else str(cause)
