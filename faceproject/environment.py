"""How settings are read from the environment: what is missing or mistyped is named in an error.

`VAR_DIR/env` supplies values for a local installation; the process environment wins over it.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

MOST_DAYS = 36_500

_Number = TypeVar("_Number", int, float)

env = environ.Env()
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()
if (VAR_DIR / "env").is_file():
    env.read_env(VAR_DIR / "env")


def required(name: str, why: str) -> str:
    value: str = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set: {why} For a local installation run `make setup` first."
        )
    return value


def number(read: Callable[..., _Number], name: str, default: _Number) -> _Number:
    try:
        return read(name, default=default)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a number: {env.str(name)!r}.") from error


def days(name: str) -> timedelta | None:
    """None when it is 0 or not set: for good."""
    found = number(env.int, name, 0)
    if not 0 <= found <= MOST_DAYS:
        raise ImproperlyConfigured(f"{name} is a number of days from 0 to {MOST_DAYS:,}.")
    return timedelta(days=found) if found else None


def one_of(name: str, choices: tuple[str, ...]) -> str:
    """The first is the default."""
    value: str = env.str(name, default="") or choices[0]
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is one of {', '.join(choices)}, not {value!r}.")
    return value


def distance(name: str) -> float | None:
    """None when it is not set. A mistyped one, as in 96 for 0.96, would accept everybody."""
    if not env.str(name, default=""):
        return None
    found = number(env.float, name, 0.0)
    if not 0 < found < 2:
        raise ImproperlyConfigured(f"{name} is a distance between 0 and 2, as in 0.7.")
    return found


def share(name: str) -> float | None:
    """None when it is not set."""
    if not env.str(name, default=""):
        return None
    rate = number(env.float, name, 0.0)
    if not 0 < rate < 1:
        raise ImproperlyConfigured(f"{name} is a rate between 0 and 1, as in 0.01.")
    return rate
