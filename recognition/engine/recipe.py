"""How a photo becomes a vector. Two vectors compare only when made by the same recipe."""

import json
from dataclasses import asdict, dataclass
from typing import Literal

FACENET, EIGHT_BITS, DLIB = "facenet_weights", "facenet_int8", "dlib"
CENTERFACE, YUNET = "centerface", "yunet"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Distances ‖a−b‖₂ between unit vectors of one network, 0…2. They say nothing about another's.

    verify, recognize: whatever a calibration and the accepted error rates say, nothing farther is
    a match. On Labeled Faces in the Wild, photos against templates of five: FMR 10⁻³ and 5·10⁻⁴.
    outlier: likewise, FMR 10⁻²; a photo farther from a person's others is flagged. alike: of two
    photos of one face on different days, hardly any are nearer.
    """

    verify: float
    recognize: float
    outlier: float
    alike: float


@dataclass(frozen=True, slots=True)
class Network:
    """What follows from a network, whatever else a recipe says.

    side: of its input, pixels. preprocessing: what it may be fed; the first suits it best.
    """

    side: int
    dimensions: int
    preprocessing: tuple[str, ...]
    bounds: Bounds


_FACENET = Network(
    160,
    128,
    ("standardize", "deepface"),
    Bounds(verify=0.96, recognize=0.92, outlier=1.10, alike=0.25),
)
NETWORKS = {
    FACENET: _FACENET,
    EIGHT_BITS: _FACENET,
    DLIB: Network(
        150, 128, ("raw",), Bounds(verify=0.345, recognize=0.335, outlier=0.395, alike=0.13)
    ),
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that changes a vector. Stored with each embedding model.

    network: "facenet_weights", or "facenet_int8" for the same at eight bits, which takes little
    more than half the time; their vectors lie 0.14 apart, so they are not to be compared. Or
    "dlib", dlib's ResNet.
    detector: "centerface" or "yunet".
    margin: added around the face's box, as a fraction of its size (0.1 = a tenth in all).
    align: "rotate" brings the eyes level before the face is cut out; "landmarks" fits the five
    landmarks to those of a mean face, by turning, scaling and shifting.
    preprocessing: "standardize" = RGB, each crop by its own mean and deviation; "raw" = RGB as it
    is, for a network that does the rest by itself.
    flip: for which photos the embeddings of the crop and of its mirror image are averaged. It
    doubles the network's time, so it may be kept for enrolled photos, which nobody waits for.
    """

    name: str = "facenet128"
    version: int = 1
    network: str = FACENET
    detector: str = CENTERFACE
    align: Literal["none", "rotate", "landmarks"] = "landmarks"
    margin: float = 0.0
    preprocessing: Literal["standardize", "deepface", "raw"] = "standardize"
    flip: Literal["never", "enrolment", "always"] = "enrolment"
    dimensions: int = 128

    @property
    def side(self) -> int:
        """Of the crop, pixels. Raises KeyError for a network this version does not know."""
        return NETWORKS[self.network].side

    @property
    def bounds(self) -> Bounds:
        return NETWORKS[self.network].bounds

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Raises TypeError for a key this version does not know."""
        return cls(**json.loads(text))


DEFAULT_RECIPE = Recipe()
