"""manage.py bench_index"""

from argparse import ArgumentTypeError
from dataclasses import asdict
from typing import Any

import numpy as np
from django.core.management.base import CommandParser

from recognition import search
from recognition.evaluation import index_choices, population
from recognition.evaluation.filling import Maker
from recognition.management.base import YES, FaceCommand, progress_bar, table
from recognition.search import Graph, Kind

KINDS: dict[str, Kind] = {"half": "half", "single": "single"}
USUAL = ["half:16:64", "half:16:200", "half:20:200", "half:24:200", "half:20:400", "single:20:200"]


class Command(FaceCommand):
    help = (
        "Build the search index in several ways over the same synthetic people, and measure each:"
        " time to build, size, time and recall of a search. Nothing is kept; people already"
        " enrolled are not touched. Exit code 0: measured; 2: error."
    )
    examples = """\
  manage.py bench_index --people 100000
  manage.py bench_index --people 1000000 --graphs half:16:200 half:20:200 --reach 600"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--people", type=int, default=20_000, metavar="N")
        parser.add_argument(
            "--graphs", type=_graph, nargs="+", default=[_graph(text) for text in USUAL],
            metavar="KIND:M:EF", help="half or single precision, pgvector's m and ef_construction",
        )  # fmt: skip
        parser.add_argument("--reach", type=int, default=200, help="how far searches read it")
        parser.add_argument("--probes", type=int, default=1000, help="searches of each")
        parser.add_argument("--seed", type=int, default=0)

    def answer(self, options: dict[str, Any]) -> int:
        made = Maker(population.typical(np.random.default_rng(options["seed"])), options["seed"])
        with progress_bar(options["people"], " people", "People") as bar:
            found = index_choices.measure(
                made,
                options["people"],
                options["graphs"],
                reach=options["reach"],
                probes=options["probes"],
                progress=bar.update,
            )
        self.give({"people": options["people"], "rows": [asdict(each) for each in found]})
        heads = ("index", "built in, s", "MB", "ms", "recall: enrolled", "strangers", "")
        cells = [
            (
                f"{each.graph.kind}, m {each.graph.links}, ef {each.graph.candidates}",
                f"{each.build_s:.1f}",
                f"{each.mb:.1f}",
                f"{each.ms:.2f}",
                f"{each.recall_mated:.4f}",
                f"{each.recall_stranger:.4f}",
                "in use" if each.graph == search.in_use() else "",
            )
            for each in found
        ]
        for line in table([heads, *cells]):
            self.say(line)
        return YES


def _graph(text: str) -> Graph:
    """Raises ArgumentTypeError."""
    kind, *numbers = text.split(":")
    if kind in KINDS and len(numbers) == 2 and all(map(str.isdigit, numbers)):
        links, candidates = map(int, numbers)
        if 2 <= links <= 100 and 2 * links <= candidates <= 1000:  # pgvector's own bounds
            return Graph(KINDS[kind], links, candidates)
    raise ArgumentTypeError(f"“{text}” is no graph: half:20:200, for example.")
