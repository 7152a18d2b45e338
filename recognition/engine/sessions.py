"""Networks ready to run, on the runtime that suits this processor, within their threads.

onnxruntime is the standard. OpenVINO takes over for bf16, which only it computes; at fp32 it is no
faster on these networks, with AVX-512 or without, takes three times as long to load and holds
150 MB more. Both agree to 10⁻⁶, so vectors do not depend on it.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from recognition.engine.processor import processor_flags

Runtime = Literal["auto", "onnxruntime", "openvino"]
Precision = Literal["fp32", "bf16"]

_BF16_FLAGS = {"avx512_bf16", "amx_bf16"}
_ERRORS_ONLY = 3

logger = logging.getLogger(__name__)


class Session(Protocol):
    """What detector and embedder, and deepface's client, need of onnxruntime's session.

    Safe for many threads.
    """

    def get_inputs(self) -> Any: ...

    def run(self, output_names: list[str] | None, input_feed: dict[str, Any]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Running:
    """How networks are to run.

    threads: processor threads of one call; None lets the runtime take every core. calls: how many
    calls at once OpenVINO prepares for; more wait. precision: bf16 is for processors that have it.
    """

    threads: int | None = 1
    runtime: Runtime = "auto"
    precision: Precision = "fp32"
    calls: int = 1


def open_network(path: Path, running: Running) -> Session:
    """Load a verified network. Raises ValueError when the file is none."""
    precision = _possible(running.precision)
    if _wants_openvino(running.runtime, precision):
        try:
            from recognition.engine.openvino_session import OpenVINOSession

            return OpenVINOSession(
                path, threads=running.threads, calls=running.calls, precision=precision
            )
        except (ImportError, OSError, RuntimeError) as error:
            logger.warning("OpenVINO cannot be used, onnxruntime runs the networks: %s", error)
    return open_session(path, threads=running.threads)


def open_session(path: Path, *, threads: int | None) -> Session:
    """Load a network in onnxruntime. threads: for one call; None takes every core.

    Raises ValueError when the file is no network.
    """
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.inter_op_num_threads = 1
    if threads is not None:
        options.intra_op_num_threads = threads
    try:
        session: Session = onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except (errors.Fail, errors.InvalidArgument, errors.InvalidGraph, errors.InvalidProtobuf) as e:
        raise ValueError(f"{path.name} is not a network") from e
    return session


def has_bf16() -> bool:
    return bool(_BF16_FLAGS & processor_flags())


def _possible(precision: Precision) -> Precision:
    if precision == "bf16" and not has_bf16():
        logger.warning("This processor has no bf16: the networks run at fp32.")
        return "fp32"
    return precision


def _wants_openvino(runtime: Runtime, precision: Precision) -> bool:
    if runtime == "auto":
        return precision == "bf16"
    return runtime == "openvino"
