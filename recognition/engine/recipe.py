"""How a photo becomes a vector. Two vectors compare only when made by the same recipe."""

import json
from dataclasses import asdict, dataclass
from typing import Literal

# Distances ‖a−b‖₂ between unit vectors, 0…2, of DEFAULT_RECIPE; docs/adr/0001 has the whole curves.
# What is compared is a photo and a template, and for the same distance that is a false match more
# often than two single photos are: the thresholds are those of templates of five photos.
# FMR 10⁻³ (of single photos of LFW View 1: 5·10⁻⁴).
DEFAULT_VERIFY_THRESHOLD = 0.96
# FMR 5·10⁻⁴: of 100 strangers one is taken for one of 20 people. For more people the curve below
# gives a stricter one: 0.84 for 100, 0.74 for 1,000.
DEFAULT_RECOGNIZE_THRESHOLD = 0.92
# (FMR, threshold) against templates of five photos, for larger or smaller galleries.
DEFAULT_TEMPLATE_CURVE = ((1e-2, 1.10), (1e-3, 0.96), (1e-4, 0.84), (1e-5, 0.74), (1e-6, 0.68))

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
