"""manage.py rollback_model: back to the model before, at once."""

from typing import Any

from recognition.management.base import YES, FaceCommand
from recognition.management.switching import tell_switch
from recognition.reembedding import switching


class Command(FaceCommand):
    help = (
        "Go back to the model that was active before, in one transaction. Its vectors have been"
        " kept in step. Nothing refuses it, but that model having been retired."
    )

    def answer(self, options: dict[str, Any]) -> int:
        tell_switch(self, switching.roll_back())
        return YES
