"""What the site needs before it serves: tables, static files, an account, people to try it on."""

import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command, get_commands
from django.db import connection

from people.models import Person

ADMIN = "admin"
_DEMO = "demo_people"


def migrate() -> None:
    """Bring the tables up to date, and note when there were none: then the demo is wanted."""
    if not connection.introspection.table_names():
        _demo_wanted().touch()
    call_command("migrate", interactive=False, verbosity=0)


def make_folders() -> None:
    Path(settings.VAR_DIR, "celery").mkdir(mode=0o700, parents=True, exist_ok=True)
    _move_archives()


def _move_archives() -> None:
    """To where workers on other machines see them; they were in VAR_DIR once."""
    before, now = Path(settings.VAR_DIR, "imports"), Path(settings.PHOTOS_DIR, "imports")
    if before.is_dir() and not now.exists():
        now.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.move(before, now)


def collect_static_files() -> None:
    call_command("collectstatic", interactive=False, verbosity=0)


def enrol_demo_people() -> str | None:
    """Enrol them once, in a new database. Returns what to tell when that did not work.

    In a process of its own: its models leave memory with it, and nothing it does stops the site.
    """
    wanted = _demo_wanted()
    if not wanted.exists() or not settings.DEMO or _DEMO not in get_commands():
        return None
    if not Person.objects.exists():
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), _DEMO]
        if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode != 0:
            return (
                "The demo people were not enrolled; the next start tries again,"
                f" or run `manage.py {_DEMO}`."
            )
    wanted.unlink()
    return None


def _demo_wanted() -> Path:
    return Path(settings.VAR_DIR, "demo.wanted")


def ensure_admin() -> str | None:
    """Have a superuser, with ADMIN_PASSWORD when it is set.

    Returns what to tell about the account; a random password appears there and nowhere else.
    """
    password: str = settings.ADMIN_PASSWORD
    admin = User.objects.filter(username=ADMIN).first()
    if admin is None and not User.objects.filter(is_superuser=True).exists():
        created = password or secrets.token_urlsafe(12)
        User.objects.create_superuser(username=ADMIN, password=created)
        if password:
            return f"user {ADMIN}, password as in ADMIN_PASSWORD"
        return f"user {ADMIN}, password {created}   (shown only now; ADMIN_PASSWORD changes it)"
    if admin is not None and password and not admin.check_password(password):
        admin.set_password(password)
        admin.save(update_fields=["password"])
        return f"user {ADMIN}, its password changed to the one in ADMIN_PASSWORD"
    return None
