"""Photo → faces → vectors. The one door to detector and network."""

import os
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recognition.engine import weights
from recognition.engine.errors import FaceRefused, PoorQuality
from recognition.engine.limits import ENROLMENT, PROBE, choose, weakness
from recognition.engine.recipe import DEFAULT_RECIPE, Recipe
from recognition.engine.sessions import Precision, Running, Runtime
from recognition.engine.types import EmbeddedFace, Embeddings, Face, Pixels

if TYPE_CHECKING:
    from recognition.engine.mesh import FaceMesh
    from recognition.engine.networks import Networks


# Looking for faces takes up to 190 MB each time, embedding a batch as much. More at once than cores
# is not faster.
CALLS_AT_ONCE = min(os.cpu_count() or 1, 4)


class Engine:
    """Detects, measures and embeds faces; safe for many threads and after a fork.

    Making one is cheap: the networks load at the first use, once per process.
    """

    def __init__(
        self,
        *,
        models_dir: Path,
        threads: int | None = 1,
        recipe: Recipe = DEFAULT_RECIPE,
        runtime: Runtime = "auto",
        precision: Precision = "fp32",
    ) -> None:
        """threads: processor threads of one call; None lets the runtime take every core.

        runtime, precision: what runs the networks, and how; `sessions.Running` says more.
        """
        self.recipe = recipe
        self._models_dir = models_dir
        self._running = Running(threads, runtime, precision, calls=CALLS_AT_ONCE)
        self._networks: Networks | None = None
        self._mesh: FaceMesh | None = None
        self._lock = threading.Lock()
        self._turn = threading.BoundedSemaphore(CALLS_AT_ONCE)
        _engines.add(self)

    @property
    def makes(self) -> str:
        """Whatever changes the vectors of a face, as text: what is kept of them is named by it."""
        recipe, precision = self.recipe.to_json(), self._running.precision
        return recipe if precision == "fp32" else f"{recipe} {precision}"

    def load(self) -> None:
        """Load the networks now. Raises WeightsMissing."""
        self._loaded()

    def faces(self, photo: Pixels) -> list[Face]:
        """Every face of the photo, largest first.

        photo: (height, width, 3) uint8 RGB. Raises WeightsMissing.
        """
        networks = self._loaded()
        with self._turn:
            return networks.faces(photo)

    def pitch(self, photo: Pixels, face: Face) -> float:
        """How far a face of this photo is lifted, degrees, beside another photo of the person.

        From no start that two people share: `face.quality` has what one photo tells alone. Raises
        WeightsMissing.
        """
        mesh = self._loaded_mesh()
        with self._turn:
            return mesh.pitch(photo, face.landmarks)

    def embed(self, faces: Sequence[Face], *, enrolled: bool = False) -> Embeddings:
        """Embed faces, in batches of bounded size.

        enrolled: they go into templates; a recipe may take more time for those than for probes.
        Returns (n, dimensions) float32, unit L2 norm; n = 0 gives (0, dimensions). Raises
        WeightsMissing. Source: Schroff, Kalenichenko, Philbin, "FaceNet", CVPR 2015, through
        deepface's Facenet; another network's is in its module.
        """
        mirror = self.recipe.flip == "always" or (enrolled and self.recipe.flip == "enrolment")
        networks = self._loaded()
        with self._turn:
            return networks.embedder.embed([face.crop for face in faces], mirror=mirror)

    def enrol(self, photos: Sequence[Pixels]) -> list[EmbeddedFace | FaceRefused]:
        """One outcome for each photo, in order, by the strict limits.

        A photo that cannot be used never spoils another. Raises WeightsMissing.
        """
        chosen: list[Face | FaceRefused] = []
        for photo in photos:
            try:
                chosen.append(choose(self.faces(photo), ENROLMENT))
            except FaceRefused as refusal:
                chosen.append(refusal)
        usable = [face for face in chosen if isinstance(face, Face)]
        vectors = iter(self.embed(usable, enrolled=True))
        return [
            EmbeddedFace(face, next(vectors)) if isinstance(face, Face) else face for face in chosen
        ]

    def probe(self, photo: Pixels) -> EmbeddedFace:
        """The face presented now, by the lenient limits.

        Raises FaceRefused with the reason, or WeightsMissing.
        """
        face = choose(self.faces(photo), PROBE)
        return EmbeddedFace(face, self.embed([face])[0])

    def probe_all(self, photo: Pixels) -> list[EmbeddedFace | FaceRefused]:
        """Every face of a photo that shows several people, largest first, by the lenient limits.

        Raises WeightsMissing.
        """
        faces = self.faces(photo)
        reasons = [weakness(face, PROBE) for face in faces]
        usable = [face for face, why in zip(faces, reasons, strict=True) if why is None]
        vectors = iter(self.embed(usable))
        return [
            EmbeddedFace(face, next(vectors)) if why is None else PoorQuality(why, face)
            for face, why in zip(faces, reasons, strict=True)
        ]

    def _loaded(self) -> "Networks":
        networks = self._networks
        if networks is None:
            with self._lock:
                networks = self._networks
                if networks is None:
                    # Only here: importing the engine stays cheap until a face is looked for.
                    from recognition.engine.networks import Networks

                    networks = Networks.load(self._models_dir, self._running, self.recipe)
                    self._networks = networks
        return networks

    def _loaded_mesh(self) -> "FaceMesh":
        """Only processes that look at moves need it."""
        self._loaded()  # which tells OpenCV how many threads it has
        with self._lock:
            if self._mesh is None:
                from recognition.engine.mesh import FaceMesh

                self._mesh = FaceMesh(weights.verified(self._models_dir, weights.FACE_MESH))
            return self._mesh

    def _start_anew(self) -> None:
        """In a forked child the sessions' threads are gone and the locks may be held for ever."""
        if self._networks is not None:
            # Never freed: a session that waits for threads of another process would hang.
            _inherited.append(self._networks)
        self._networks = None
        self._mesh = None
        self._lock = threading.Lock()
        self._turn = threading.BoundedSemaphore(CALLS_AT_ONCE)


_engines: "weakref.WeakSet[Engine]" = weakref.WeakSet()
_inherited: "list[Networks]" = []


def _start_all_anew() -> None:
    for engine in _engines:
        engine._start_anew()


os.register_at_fork(after_in_child=_start_all_anew)
