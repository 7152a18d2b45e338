"""Two runtimes, one answer; and what happens where one of them cannot be had."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from recognition.engine import Engine, Pixels, sessions, weights
from recognition.engine.reference import fixed_input, reference_embedding
from recognition.engine.sessions import Precision, Running, open_network, open_session

_OPENVINO = Running(runtime="openvino", calls=2)


@pytest.fixture(scope="module")
def openvino_engine(models_dir: Path) -> Engine:
    engine = Engine(models_dir=models_dir, runtime="openvino")
    engine.load()
    return engine


@pytest.fixture
def warnings_of_sessions(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.WARNING, logger="recognition.engine.sessions"):
        yield caplog


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def test_both_runtimes_give_the_vectors_that_deepfaces_client_gives(
    models_dir: Path, engine: Engine, openvino_engine: Engine, demo_photos: list[Pixels]
) -> None:
    from recognition.engine.embedder import facenet_client, preprocess

    client = facenet_client(open_session(models_dir / weights.FACENET, threads=1), home=models_dir)
    for photo in demo_photos:
        found = openvino_engine.probe(photo)
        crop = preprocess(engine.probe(photo).face.crop[None], engine.recipe)
        theirs = _unit(np.asarray(client.predict(crop)))[0]
        assert found.embedding @ theirs > 0.9999
        assert engine.probe(photo).embedding @ theirs > 0.999999


def test_openvino_gives_the_reference_embedding(models_dir: Path) -> None:
    session = open_network(models_dir / weights.FACENET, _OPENVINO)
    assert type(session).__name__ == "OpenVINOSession"
    given = session.get_inputs()[0]
    assert (given.name, list(given.shape)) == ("input", ["n", 160, 160, 3])
    (vectors,) = session.run(None, {"input": fixed_input()})
    np.testing.assert_allclose(_unit(vectors)[0], reference_embedding(), atol=1e-4)


def test_more_threads_than_calls_get_the_same_answers_from_openvino(models_dir: Path) -> None:
    session = open_network(models_dir / weights.FACENET, _OPENVINO)
    inputs = [np.roll(fixed_input(), n, axis=1) for n in range(4)]
    expected = [session.run(None, {"input": pixels})[0] for pixels in inputs]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda pixels: session.run(None, {"input": pixels})[0], inputs * 4))
    for vector, right in zip(found, expected * 4, strict=True):
        np.testing.assert_array_equal(vector, right)


def test_a_child_of_a_process_with_openvino_goes_on_with_onnxruntime(
    openvino_engine: Engine, portrait: Pixels
) -> None:
    expected = openvino_engine.probe(portrait).embedding
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, openvino_engine.probe(portrait).embedding.tobytes())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        received = np.frombuffer(answer.read(), np.float32)
    assert os.waitpid(child, 0)[1] == 0
    assert received @ expected > 0.9999


def test_without_openvino_onnxruntime_runs_the_networks_and_the_log_says_so(
    models_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    warnings_of_sessions: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setitem(sys.modules, "recognition.engine.openvino_session", None)
    session = open_network(models_dir / weights.FACENET, _OPENVINO)
    assert type(session).__name__ == "InferenceSession"
    assert "onnxruntime runs the networks" in warnings_of_sessions.text


@pytest.mark.parametrize(
    ("precision", "runtime"), [("bf16", "OpenVINOSession"), ("fp32", "InferenceSession")]
)
def test_the_precision_decides_which_runtime(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch, precision: Precision, runtime: str
) -> None:
    monkeypatch.setattr(sessions, "processor_flags", lambda: frozenset({"avx512_bf16"}))
    session = open_network(models_dir / weights.FACENET, Running(precision=precision))
    assert type(session).__name__ == runtime


def test_bf16_on_a_processor_without_it_is_fp32_and_the_log_says_so(
    models_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    warnings_of_sessions: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(sessions, "processor_flags", frozenset)
    session = open_network(models_dir / weights.FACENET, Running(precision="bf16"))
    assert type(session).__name__ == "InferenceSession"
    assert "no bf16" in warnings_of_sessions.text


def test_a_file_that_is_no_network_is_refused_by_both(tmp_path: Path) -> None:
    file = tmp_path / "network.onnx"
    file.write_bytes(b"no network")
    for running in (Running(runtime="onnxruntime"), _OPENVINO):
        with pytest.raises(ValueError, match="is not a network"):
            open_network(file, running)


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_loading_is_silent_calls_nobody_and_touches_no_home(
    models_dir: Path, tmp_path: Path, runtime: str
) -> None:
    code = f"""
import socket, sys
from pathlib import Path
calls = []
sys.addaudithook(
    lambda event, _: calls.append(event)
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto") else None
)
from recognition.engine import Engine
Engine(models_dir=Path({str(models_dir)!r}), runtime={runtime!r}).load()
assert ("openvino" in sys.modules) == ({runtime!r} == "openvino")
assert calls == []
assert not [n for n, m in sys.modules.items() if m and n.startswith("openvino_telemetry")]
"""
    environment = {**os.environ, "HOME": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
