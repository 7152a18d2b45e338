"""What this machine's processor can do."""

from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def processor_flags() -> frozenset[str]:
    """As Linux names them, such as avx2 and amx_bf16; empty where it does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return frozenset()
    flags = next((line.split(":", 1)[1] for line in lines if line.startswith("flags")), "")
    return frozenset(flags.split())
