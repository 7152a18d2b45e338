"""The embedding alone: how much of what a core can do it does."""

from dataclasses import replace
from functools import partial

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from recognition.engine import weights
from recognition.engine.networks import for_eight_bits
from recognition.engine.plain_opencv import by_opencv
from recognition.engine.reference import fixed_input
from recognition.engine.sessions import Running, Session, has_bf16, open_network, open_session
from recognition.evaluation.bench_rows import Row
from recognition.evaluation.timing import in_turns
from recognition.runtime import chosen_runtime

# Multiplications and additions of FaceNet for one face.
GFLOP = 2.85
BATCH = 16
_SIDE = 1500  # of the matrices: more than any cache holds, as sgemm likes it
LEAST_OF_SGEMM = 0.8
LEAST_COSINE = 0.9999
LEAST_FASTER = 2.0  # of less precision, whose accuracy `compare_recipes` measures


def rows(*, full: bool) -> list[Row]:
    """At fp32 in batches, beside the core's own product of matrices; less precise, beside fp32."""
    facenet = weights.verified(settings.MODELS_DIR, weights.FACENET)
    running = Running(threads=1, runtime=chosen_runtime())
    ours, onnxruntime = open_network(facenet, running), open_session(facenet, threads=1)
    faces = {"input": _faces()}
    matrix = np.random.default_rng(0).random((_SIDE, _SIDE), dtype=np.float32)
    less = _less_precise(running)
    one, opencv = {"input": faces["input"][:1]}, by_opencv(facenet)
    sgemm_ms, embed_ms, one_ms, opencv_ms, *less_ms = in_turns(
        [
            lambda: matrix @ matrix,
            lambda: ours.run(None, faces),
            lambda: ours.run(None, one),
            lambda: opencv(one["input"]),
            *(partial(session.run, None, faces) for session in less.values()),
        ],
        rounds=30 if full else 10,
    )
    exact, theirs = ours.run(None, faces)[0], onnxruntime.run(None, faces)[0]
    return [
        _of_sgemm(BATCH * GFLOP / embed_ms * 1000, 2 * _SIDE**3 / 1e6 / sgemm_ms),
        _parity(float(_cosines(exact, theirs).min())),
        _beside_opencv(one_ms, opencv_ms),
        *(
            _faster(name, BATCH / embed_ms, BATCH / milliseconds)
            for name, milliseconds in zip(less, less_ms, strict=True)
        ),
    ]


def _less_precise(running: Running) -> dict[str, Session]:
    """Eight bits everywhere, bf16 where the processor has it."""
    eight = weights.verified(settings.MODELS_DIR, weights.FACENET_INT8)
    found: dict[str, Session] = {"int8": open_network(eight, for_eight_bits(running))}
    if has_bf16():
        facenet = weights.verified(settings.MODELS_DIR, weights.FACENET)
        found["bf16"] = open_network(facenet, replace(running, precision="bf16"))
    return found


def _of_sgemm(gflops: float, sgemm: float) -> Row:
    return Row(
        work=f"embedding alone, batches of {BATCH}, fp32, one core",
        against="the core's own sgemm",
        ours=gflops,
        theirs=sgemm,
        unit="GFLOP/s",
        ratio=gflops / sgemm,
        least=LEAST_OF_SGEMM,
    )


def _parity(cosine: float) -> Row:
    return Row(
        work="its vectors",
        against="onnxruntime's",
        ours=cosine,
        theirs=1.0,
        unit="cosine",
        ratio=cosine,
        least=LEAST_COSINE,
    )


def _beside_opencv(ours_ms: float, theirs_ms: float) -> Row:
    return Row(
        work="embedding alone, one face, fp32, one core",
        against="OpenCV's dnn module, the same file",
        ours=ours_ms,
        theirs=theirs_ms,
        unit="ms",
        ratio=theirs_ms / ours_ms,
    )


def _faster(precision: str, fp32: float, less: float) -> Row:
    return Row(
        work=f"embedding alone, batches of {BATCH}, {precision}, one core",
        against="fp32",
        ours=less * 1000,
        theirs=fp32 * 1000,
        unit="faces/s",
        ratio=less / fp32,
        least=LEAST_FASTER,
    )


def _faces() -> NDArray[np.float32]:
    """(16, 160, 160, 3): nobody, but of the range that faces have."""
    one = fixed_input()
    return np.concatenate([np.roll(one, 7 * n, axis=2) for n in range(BATCH)])


def _cosines(some: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(some, axis=1) * np.linalg.norm(others, axis=1)
    return np.asarray(np.sum(some * others, axis=1) / lengths)
