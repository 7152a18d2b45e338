"""Holds a lease on the VAR_DIR given until its standard input ends. Run by the tests."""

import sys
from pathlib import Path

from faceproject.embedded import lease

if __name__ == "__main__":
    with lease.hold(Path(sys.argv[1])):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
