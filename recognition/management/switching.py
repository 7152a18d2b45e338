"""What the commands that switch models say."""

from recognition.management.base import FaceCommand
from recognition.models import ModelChange


def tell_switch(command: FaceCommand, change: ModelChange) -> None:
    command.give(
        {
            "active": str(change.model),
            "previous": str(change.previous),
            "missing_people": change.missing,
            "overrides": change.overrides,
        }
    )
    command.say(f"{change.model} is active; {change.previous} was.")
    if change.missing:
        command.say(f"{change.missing} people have no vector under it, and are in no answer.")
    if change.overrides:
        command.say(f"Overridden, and put on record: {', '.join(change.overrides)}.")
