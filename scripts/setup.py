"""`python3.11 scripts/setup.py LOCK`: everything the project needs, into .venv and VAR_DIR.

Run by make with the standard library only. Whatever stops it is one sentence; the details of a
failed installation are in a log. Safe to run twice, and at once.
"""

import fcntl
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
VAR_DIR = Path(os.environ.get("VAR_DIR") or ROOT / "var").resolve()
LOG = VAR_DIR / "logs" / "setup.log"

# What pip says, and what it means; the first that fits is told.
MEANINGS = (
    (
        (
            "NewConnectionError",
            "NameResolutionError",
            "ConnectTimeout",
            "ProxyError",
            "ReadTimeout",
        ),
        "The packages cannot be downloaded: there is no network, or a proxy is in the way.",
    ),
    (("SSLError", "CERTIFICATE_VERIFY"), "The package index's certificate is not trusted here."),
    (("No space left",), "The disk is full."),
    (
        ("DO NOT MATCH THE HASHES",),
        "A downloaded package is not the pinned one; nothing of it was installed.",
    ),
    (
        ("No matching distribution", "Could not find a version"),
        "A pinned package has no ready-made build for this machine, and building it needs a"
        " compiler: Linux on x86-64 with glibc and CPython 3.11 is what the project supports.",
    ),
)


def stop(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.exit(1)


def check_python() -> None:
    if sys.version_info[:2] != (3, 11):
        stop(f"Python 3.11 is needed; {sys.executable} is {sys.version.split()[0]}.")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        stop("Python's venv module is missing: install the system package python3.11-venv.")


@contextmanager
def alone() -> Iterator[None]:
    """One set-up at a time; the kernel lets go when the process ends."""
    locks = VAR_DIR / "locks"
    try:
        VAR_DIR.mkdir(mode=0o711, parents=True, exist_ok=True)
        for folder in (locks, LOG.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        lock = (locks / "setup").open("w")
    except OSError as error:
        stop(f"{VAR_DIR} cannot be written ({error.strerror}): set VAR_DIR to a folder of yours.")
        raise
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_venv() -> None:
    works = [str(PYTHON), "-m", "pip", "--version"]
    if PYTHON.exists() and subprocess.run(works, capture_output=True).returncode == 0:
        return
    if VENV.exists():  # half made, or its Python is gone
        shutil.rmtree(VENV)
    logged([sys.executable, "-m", "venv", str(VENV)], "The environment .venv was not created.")


def install(lock: str) -> None:
    """Install what the lock pins, unless that is what is installed."""
    stamp = VENV / "installed"
    digests = {name: digest(name) for name in ("requirements.txt", "requirements-dev.txt")}
    if stamp.is_file() and digests[lock] in stamp.read_text().split():
        return
    sys.stdout.write("Installing dependencies (a minute or two)…\n")
    sys.stdout.flush()
    pip = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-deps"]
    pip += ["--only-binary", ":all:", "--no-input", "--disable-pip-version-check"]
    logged([*pip, "-r", str(ROOT / lock)], "The dependencies were not installed.")
    # The development lock holds all of the other.
    covered = digests.values() if lock == "requirements-dev.txt" else [digests[lock]]
    stamp.write_text("\n".join(covered))


def digest(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def logged(command: list[str], failure: str) -> None:
    """Run a command with its output in the log; stop with one sentence when it fails."""
    with LOG.open("w") as log:
        done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT)
    if done.returncode == 0:
        return
    said = LOG.read_text(errors="replace")
    for signs, meaning in MEANINGS:
        if any(sign in said for sign in signs):
            failure = f"{failure} {meaning}"
            break
    stop(f"{failure} Details: {LOG}")


def write_settings() -> None:
    """Settings of a local installation, for the first start; the operator may edit them."""
    file = VAR_DIR / "env"
    if file.exists():
        return
    new = file.with_name(f"env.{os.getpid()}")
    new.touch(mode=0o600)
    new.write_text(
        f"SECRET_KEY={secrets.token_urlsafe(50)}\nALLOWED_HOSTS=localhost,127.0.0.1\nHTTPS=off\n"
    )
    new.rename(file)


def fetch_models() -> None:
    command = [str(PYTHON), str(ROOT / "manage.py"), "fetch_models"]
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        sys.exit(1)  # the command has said why


def main() -> None:
    check_python()
    with alone():
        make_venv()
        install(sys.argv[1])
        write_settings()
        fetch_models()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
