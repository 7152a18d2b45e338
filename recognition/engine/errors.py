"""What the engine refuses, and what it cannot do without."""

from people.errors import Refusal
from recognition.engine.reasons import Reason
from recognition.engine.types import Face


class FaceRefused(Refusal):
    """A photo that gives no usable face. `code` is the reason's code.

    face: the one that cannot be used, where one is meant.
    """

    def __init__(self, reason: Reason, face: Face | None = None) -> None:
        super().__init__(reason.sentence, code=reason.value)
        self.reason = reason
        self.face = face


class NoFace(FaceRefused):
    def __init__(self) -> None:
        super().__init__(Reason.NO_FACE)


class ManyFaces(FaceRefused):
    def __init__(self) -> None:
        super().__init__(Reason.MANY_FACES)


class PoorQuality(FaceRefused):
    """There is one face, and this reason says why it cannot be used."""


class WeightsMissing(Refusal):
    """A network's file is absent or is not the file that was verified.

    option: of `fetch_models`, which alone brings it.
    """

    code = "weights_missing"

    def __init__(self, file_name: str, fetched_by: str = "manage.py fetch_models") -> None:
        super().__init__(f"The network file {file_name} is missing or altered. Run: {fetched_by}")


class PackageMissing(WeightsMissing):
    """What runs a network is not installed."""

    def __init__(self, package: str) -> None:
        Refusal.__init__(self, f"The package {package} is not installed. Run: make setup")


class WeightsUnavailable(Refusal):
    """The networks cannot be fetched now, and why."""

    code = "weights_unavailable"
