"""How a photo becomes a vector. Two vectors compare only when made by the same recipe."""

import json
from dataclasses import asdict, dataclass
from typing import Literal

# Bounds for DEFAULT_RECIPE, distances ‖a−b‖₂ between unit vectors, 0…2: whatever a calibration and
# the accepted error rates say, nothing farther is a match. On Labeled Faces in the Wild, photos
# against templates of five: FMR 10⁻³ and 5·10⁻⁴.
DEFAULT_VERIFY_THRESHOLD = 0.96
DEFAULT_RECOGNIZE_THRESHOLD = 0.92

EIGHT_BITS = "facenet_int8"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that changes a vector. Stored with each embedding model.

    network: "facenet_weights", or "facenet_int8" for the same at eight bits, which takes little
    more than half the time; their vectors lie 0.14 apart, so they are not to be compared.
    margin: added around the face's box, as a fraction of its size (0.1 = a tenth in all).
    align: "rotate" brings the eyes level before the face is cut out; "landmarks" fits the five
    landmarks to those of a mean face, by turning, scaling and shifting.
    preprocessing: "standardize" = RGB, each crop by its own mean and deviation.
    flip: for which photos the embeddings of the crop and of its mirror image are averaged. It
    doubles the network's time, so it may be kept for enrolled photos, which nobody waits for.
    """

    name: str = "facenet128"
    version: int = 1
    network: str = "facenet_weights"
    detector: str = "centerface"
    align: Literal["none", "rotate", "landmarks"] = "landmarks"
    margin: float = 0.0
    preprocessing: Literal["standardize", "deepface"] = "standardize"
    flip: Literal["never", "enrolment", "always"] = "enrolment"
    dimensions: int = 128

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Raises TypeError for a key this version does not know."""
        return cls(**json.loads(text))


DEFAULT_RECIPE = Recipe()
