"""Run a program as another user: `python -I -S launch.py UID GID PROGRAM [ARGUMENT…]`.

A script of its own, since what it does to its process cannot be undone, and must not be done
between a fork and an exec of a process with threads.

PostgreSQL refuses to run as root. As root we give it a numeric user that exists nowhere else.
That user may be unable to reach the project (a home folder is often closed to others); only
then it keeps one capability, to enter folders and read files, across the exec.
Source of the constants: linux/prctl.h and linux/capability.h.
"""

import ctypes
import os
import struct
import sys
from pathlib import Path

PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 8, 47, 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
CAPABILITY_VERSION_3 = 0x20080522


def become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def reaches(uid: int, gid: int, program: Path) -> bool:
    """Whether that user can run the program and enter the working folder by its full path."""
    child = os.fork()
    if child == 0:
        become(uid, gid)
        fine = os.access(program, os.X_OK) and os.access(os.environ["PWD"], os.X_OK)
        os._exit(0 if fine else 1)
    return os.waitpid(child, 0)[1] == 0


def permitted_capabilities() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapPrm:"):
            return int(line.split()[1], 16)
    return 0


def keep_capability(libc: ctypes.CDLL, capability: int) -> None:
    """Make one capability, and no other, survive the exec that follows."""
    bit = 1 << capability
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    if libc.capset(header, struct.pack("=6I", bit, bit, bit, 0, 0, 0)) or libc.prctl(
        PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0
    ):
        raise OSError(ctypes.get_errno(), "the capability to read the project was not granted")


def main() -> None:
    uid, gid, program = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    os.environ["PWD"] = os.getcwd()
    if os.geteuid() != uid:
        if reaches(uid, gid, program):
            become(uid, gid)
        else:
            libc = ctypes.CDLL(None, use_errno=True)
            # A default container has only the stronger of the two.
            weaker = permitted_capabilities() & (1 << CAP_DAC_READ_SEARCH)
            libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
            become(uid, gid)
            keep_capability(libc, CAP_DAC_READ_SEARCH if weaker else CAP_DAC_OVERRIDE)
    os.execv(program, sys.argv[3:])  # noqa: S606


if __name__ == "__main__":
    main()
