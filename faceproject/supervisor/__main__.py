"""`python -m faceproject.supervisor`: prepare the site, run it, and stop it on Ctrl-C."""

import itertools
import os
import shlex
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType

import django
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

from faceproject.embedded.errors import ServiceError
from faceproject.embedded.lease import Lease
from faceproject.supervisor.processes import Child, stop

_TICK = 0.25  # seconds between looks at the processes
_SERVICES_EVERY = 8  # looks between questions to Postgres and Valkey
_SERVICE_PAUSE = 5.0  # seconds before a service that died again is started again
_PATIENCE = 8.0  # seconds to finish what is being served

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # that stop the site


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


# What the handler raises is lost where Python cannot pass it on, as when an object is collected.
_asked_to_stop = threading.Event()


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    """The first signal stops the site; a second must not disturb that."""
    for signum in SIGNALS:
        signal.signal(signum, signal.SIG_IGN)
    _asked_to_stop.set()
    raise KeyboardInterrupt


def main() -> int:
    # Nobody else writes what we make: whoever could swap a static script could act as staff.
    os.umask(os.umask(0o022) | 0o022)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "faceproject.settings")
    for signum in SIGNALS:
        signal.signal(signum, _interrupt)
    try:
        django.setup()
        return run()
    except (ImproperlyConfigured, ServiceError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OperationalError as error:
        sys.stderr.write(f"The database does not answer: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 0


def run() -> int:
    # They read the settings.
    from django.conf import settings

    from faceproject.services import running_services
    from faceproject.supervisor import preparation, site

    try:
        listener = site.listen(settings.HOST, settings.PORT)
    except site.PortTaken as error:
        sys.stderr.write(f"{error}\n")
        return 2
    say("Starting…")
    with listener, running_services() as lease:
        preparation.make_folders()
        preparation.migrate()
        preparation.collect_static_files()
        if (trouble := preparation.enrol_demo_people()) is not None:
            say(trouble)
        children = site.children(listener)
        try:
            for child in children:
                child.start()
            account = preparation.ensure_admin()
            if not site.wait_until_it_answers(listener):
                say(f"The web server does not answer yet; its log is in {settings.VAR_DIR}/logs.")
            say(banner(listener, account))
            watch(children, lease)
        finally:
            say("\nStopping.")
            stop(children, _PATIENCE)
    return 0


def watch(children: Sequence[Child], lease: Lease) -> None:
    """Bring back what dies, until a signal comes."""
    quiet_until = 0.0
    for tick in itertools.count():
        if _asked_to_stop.is_set():
            return
        for child in children:
            if (news := child.revive()) is not None:
                say(news)
        now = time.monotonic()
        if tick % _SERVICES_EVERY == 0 and now >= quiet_until and not lease.healthy():
            say("Postgres or Valkey stopped; it starts again.")
            try:
                lease.ensure()
            except ServiceError as error:
                say(str(error))
            quiet_until = now + _SERVICE_PAUSE
        time.sleep(_TICK)


def banner(listener: socket.socket, account: str | None) -> str:
    from django.conf import settings

    from recognition.login import accounts

    host, port = listener.getsockname()[:2]
    where = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104
    elsewhere = settings.VAR_DIR != settings.BASE_DIR / "var"
    here = f"VAR_DIR={shlex.quote(str(settings.VAR_DIR))} " if elsewhere else ""
    manage = f"{here}.venv/bin/python manage.py"
    lines = [
        "",
        f"The site runs at {where}/",
        f"  Staff pages   {where}/admin/" + (f"   {account}" if account else ""),
        f"  Kiosk         {where}/kiosk/",
        f"  API           {where}/api/v1/docs/",
        "  Try there     add a person with a few photos, then ask who is on another photo",
        f"  Or here       {manage} recognize PHOTO",
        f"                {manage} verify PHOTO --person NAME",
        f"  Logs          {settings.VAR_DIR / 'logs'}",
        "Ctrl-C stops it.",
    ]
    if account and settings.FACE_LOGIN_STAFF_MUST_ENROL and accounts.admins_without_face():
        lines[3:3] = [
            "                The first log-in enrols a face by camera. Without one, start with",
            f"                {here}FACE_LOGIN_STAFF_MUST_ENROL=off make run",
        ]
    if settings.HTTPS:
        lines.insert(2, "  Https         is on: a browser opens it through the proxy in front")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
