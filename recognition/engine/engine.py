"""Photo → faces → vectors. The one door to detector and network."""

from collections.abc import Sequence
from pathlib import Path

from recognition.engine.errors import FaceRefused
from recognition.engine.recipe import DEFAULT_RECIPE, Recipe
from recognition.engine.types import EmbeddedFace, Embeddings, Face, Pixels


class Engine:
    """Detects, measures and embeds faces; safe for many threads and after a fork.

    Making one is cheap: the networks load at the first use, once per process.
    """

    def __init__(
        self, *, models_dir: Path, threads: int | None = 1, recipe: Recipe = DEFAULT_RECIPE
    ) -> None:
        """threads: processor threads of one call; None lets the runtime take every core."""
        self.recipe = recipe
        self._models_dir = models_dir
        self._threads = threads

    def load(self) -> None:
        """Load the networks now. Raises WeightsMissing."""
        raise NotImplementedError

    def faces(self, photo: Pixels) -> list[Face]:
        """Every face of the photo, largest first.

        photo: (height, width, 3) uint8 RGB. Raises WeightsMissing.
        """
        raise NotImplementedError

    def embed(self, faces: Sequence[Face]) -> Embeddings:
        """Embed faces, in batches of bounded size.

        Returns (n, 128) float32, unit L2 norm; n = 0 gives (0, 128). Raises WeightsMissing.
        Source: Schroff, Kalenichenko, Philbin, "FaceNet", CVPR 2015, through deepface's Facenet.
        """
        raise NotImplementedError

    def enrol(self, photos: Sequence[Pixels]) -> list[EmbeddedFace | FaceRefused]:
        """One outcome for each photo, in order, by the strict limits.

        A photo that cannot be used never spoils another. Raises WeightsMissing.
        """
        raise NotImplementedError

    def probe(self, photo: Pixels) -> EmbeddedFace:
        """The face presented now, by the lenient limits.

        Raises FaceRefused with the reason, or WeightsMissing.
        """
        raise NotImplementedError
