"""manage.py add_model: another way to make vectors, beside the active one."""

from typing import Any

from django.core.management.base import CommandParser

from recognition.management.base import YES, FaceCommand
from recognition.management.recipes import add_recipe_arguments, recipe_changes
from recognition.reembedding.catalogue import add_model


class Command(FaceCommand):
    help = (
        "Add an embedding model: the default recipe with changes. It answers nothing until every"
        " photo is embedded under it (`reembed`) and it is activated (`activate_model`)."
    )
    examples = """\
  manage.py add_model tighter --margin -0.1
  manage.py add_model level --align rotate --flip always
  manage.py add_model other --network dlib --detector yunet
  manage.py add_model level --recipe '{"align": "rotate"}'"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        add_recipe_arguments(parser)

    def answer(self, options: dict[str, Any]) -> int:
        model = add_model(name=options["name"], changes=recipe_changes(options))
        self.give({"model": str(model), "id": model.pk, "recipe": model.recipe})
        self.say(f"{model} is added. Next: manage.py reembed “{model}” --watch")
        return YES
