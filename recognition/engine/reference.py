"""One fixed input and the embedding it must give, whoever converted the network.

The embedding was computed once with TensorFlow from the published Keras file, through deepface's
own builder; a correct conversion agrees to 3·10⁻⁷.
"""

import json
from pathlib import Path

import numpy as np

from recognition.engine.sessions import open_session
from recognition.engine.types import Embedding

TOLERANCE = 1e-4  # of each coordinate; a wrong layer or channel order is off by 0.01 and more
_EMBEDDING = Path(__file__).with_name("reference_embedding.json")


def reproduces_reference(facenet: Path) -> bool:
    """Does this ONNX file give the reference embedding? False for a file that is no network."""
    try:
        session = open_session(facenet, threads=1)
    except ValueError:
        return False
    inputs = session.get_inputs()
    if len(inputs) != 1 or list(inputs[0].shape[1:]) != [160, 160, 3]:
        return False
    output = session.run(None, {inputs[0].name: fixed_input()})[0]
    vector = np.asarray(output, np.float32).reshape(-1)
    expected = reference_embedding()
    return vector.shape == expected.shape and bool(
        np.abs(vector / np.linalg.norm(vector) - expected).max() < TOLERANCE
    )


def fixed_input() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """(1, 160, 160, 3) float32 without symmetry, of about the range standardized pixels have."""
    ramp = np.arange(160 * 160 * 3, dtype=np.float64)
    return (1.5 * np.sin(0.37 * ramp)).astype(np.float32).reshape(1, 160, 160, 3)


def reference_embedding() -> Embedding:
    """(128,) float32, unit L2 norm."""
    return np.asarray(json.loads(_EMBEDDING.read_text()), np.float32)
