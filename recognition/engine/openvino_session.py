"""OpenVINO behind the face of an onnxruntime session, and without its errands.

Merely importing its Python package tells its makers so, and writes files to the home folder, from
its model converter, which nothing here needs: both modules are barred before it is imported.
"""

import os
import queue
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Python takes None for a module that cannot be imported; OpenVINO then does without.
for _errand in ("openvino_telemetry", "openvino.tools.ovc"):
    sys.modules[_errand] = None  # type: ignore[assignment]

import openvino  # noqa: E402

_LOADED_IN = os.getpid()


@dataclass(frozen=True, slots=True)
class _Input:
    name: str
    shape: list[int | str]


class OpenVINOSession:
    """A network in OpenVINO; safe for many threads, of which `calls` run at once."""

    def __init__(self, path: Path, *, threads: int | None, calls: int, precision: str) -> None:
        """Raises RuntimeError when OpenVINO cannot load it, or was loaded before a fork: its
        threads were left behind."""
        if os.getpid() != _LOADED_IN:
            raise RuntimeError("it was loaded before this process was forked")
        options: dict[str, Any] = {
            "NUM_STREAMS": calls,
            "INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[precision],
            "ENABLE_CPU_PINNING": False,  # whoever bound the process to cores knows better
            "CACHE_DIR": "",  # what it would keep there nobody could verify
        }
        if threads is not None:
            options["INFERENCE_NUM_THREADS"] = threads * calls
        core = openvino.Core()
        self._network = core.compile_model(core.read_model(path), "CPU", options)
        # A request holds the memory of one call, and serves one at a time.
        self._requests: queue.LifoQueue[Any] = queue.LifoQueue()
        for _ in range(calls):
            self._requests.put(self._network.create_infer_request())

    def get_inputs(self) -> list[_Input]:
        return [
            _Input(
                port.any_name,
                [side.get_length() if side.is_static else "n" for side in port.partial_shape],
            )
            for port in self._network.inputs
        ]

    def run(
        self, output_names: list[str] | None, input_feed: dict[str, Any]
    ) -> list[NDArray[np.float32]]:
        """As onnxruntime's: the outputs of these names, or all, in order."""
        request = self._requests.get()
        try:
            found = request.infer(input_feed)
            ports = output_names or self._network.outputs
            return [np.array(found[port], np.float32) for port in ports]
        finally:
            self._requests.put(request)
