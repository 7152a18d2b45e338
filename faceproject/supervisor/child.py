"""Run a program that ends with its supervisor: `python -I -S child.py SUPERVISOR NICE PROGRAM …`.

When the supervisor is killed with no chance to clean up, the kernel ends the program for it.
Source of the constant: linux/prctl.h.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    supervisor, niceness = int(sys.argv[1]), int(sys.argv[2])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != supervisor:  # it died before the line above
        sys.exit(1)
    os.nice(niceness)
    os.execv(sys.argv[3], sys.argv[3:])  # noqa: S606


if __name__ == "__main__":
    main()
