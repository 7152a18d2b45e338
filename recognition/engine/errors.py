"""What the engine refuses, and what it cannot do without."""

from people.errors import Refusal
from recognition.engine.reasons import Reason


class FaceRefused(Refusal):
    """A photo that gives no usable face. `code` is the reason's code."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.sentence, code=reason.value)
        self.reason = reason


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

    def __init__(self, file_name: str, *, option: str = "") -> None:
        command = f"manage.py fetch_models {option}".strip()
        super().__init__(f"The network file {file_name} is missing or altered. Run: {command}")


class WeightsUnavailable(Refusal):
    """The networks cannot be fetched now, and why."""

    code = "weights_unavailable"
