#!/usr/bin/env python
"""Django's command line. With no `DATABASE_URL` it starts the embedded services it needs."""

import os
import signal
import sys
from types import FrameType

# Commands that neither read nor write data. Everything else finds its services running.
_WITHOUT_SERVICES = {
    "check",
    "collectstatic",
    "compilemessages",
    "fetch_models",
    "help",
    "makemessages",
    "version",
}


def _leave(signum: int, _frame: FrameType | None) -> None:
    """End as if by Ctrl-C: the last command to go stops the embedded services."""
    sys.exit(128 + signum)


def _needs_no_services(command: str) -> bool:
    asks_for_help = command.startswith("-") or {"-h", "--help"} & set(sys.argv)
    return command in _WITHOUT_SERVICES or bool(asks_for_help)


def main() -> int:
    # Nobody else writes what we make: whoever could swap a static script could act as staff.
    os.umask(os.umask(0o022) | 0o022)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "faceproject.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from faceproject.embedded.errors import ServiceError

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    try:
        if _needs_no_services(command):
            execute_from_command_line(sys.argv)
            return 0
        from faceproject.services import running_services

        signal.signal(signal.SIGTERM, _leave)
        with running_services():
            execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, ServiceError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # as of `| head`, which has read enough: the rest goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
