"""manage.py bench_search"""

from argparse import ArgumentTypeError
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import CommandParser

from people.errors import Refusal
from people.images import BadPhoto, decode
from people.models import EmbeddingModel
from people.vectors import Vector
from recognition.engine import FaceRefused
from recognition.evaluation import footprint, population, search_speed
from recognition.evaluation.footprint import Cost, Prices
from recognition.evaluation.search_speed import Speed
from recognition.management.base import YES, FaceCommand, progress_bar, read_photo, table
from recognition.runtime import engine_for
from recognition.search import EXACT_LIMIT


class Command(FaceCommand):
    help = (
        "Time exact search against the index for several numbers of synthetic people, to see"
        " where the index should take over. Nothing is kept; people already enrolled are not"
        " touched. 100,000 people take about a minute and 500 MB of disk while it runs."
        " Exit code 0: measured; 2: error."
    )
    examples = """\
  manage.py bench_search --people 100 1000 10000 100000 1000000 --plot search.svg
  manage.py bench_search --people 100000 --probes 4000 --reach 40 80 120 200
  manage.py bench_search --people 100000 --galleries 0.06 0.1 0.25 0.5
  manage.py bench_search --people 100000 --costs 0.006 0.1 0.02
  manage.py bench_search --faces photos/     people who lie as those of photos/Name/photo.jpg do"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--people", type=int, nargs="+", default=[1_000, 5_000, 20_000, 50_000], metavar="N"
        )
        parser.add_argument("--probes", type=int, default=200, help="searches for each number")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument(
            "--reach", type=int, nargs="+", default=[], metavar="N",
            help="read the index as far as this, too: how many neighbours the walk keeps",
        )  # fmt: skip
        parser.add_argument(
            "--galleries", type=_share, nargs="+", default=[], metavar="SHARE",
            help="search this part of the people, too, 0.1 for a tenth",
        )  # fmt: skip
        parser.add_argument(
            "--faces", type=Path, metavar="DIR",
            help="take mean and covariance from these photos, Name/photo.jpg, instead of FaceNet's"
            " on a public set; at least 256 people",
        )  # fmt: skip
        parser.add_argument(
            "--costs", type=float, nargs=3, metavar=("MEMORY", "DISK", "PHOTOS"),
            help="what the largest number comes to for up to 100 million people, at these prices: a"
            " GB of a machine's memory for an hour, a GB of disk and of photos for a month",
        )  # fmt: skip
        parser.add_argument("--plot", type=Path, metavar="FILE", help="as in search.svg")

    def answer(self, options: dict[str, Any]) -> int:
        if options["faces"]:
            people = _fitted(options["faces"])
        else:
            people = population.typical(np.random.default_rng(options["seed"]))
        self.say(f"Templates vary along {people.effective_dimensions:.1f} directions, in effect.")
        self.say(", ".join(f"{key} {is_:.4g}" for key, is_ in population.spectrum(people).items()))
        with progress_bar(sum(options["people"]), " people", "Search") as bar:
            speeds = search_speed.measure(
                people,
                options["people"],
                probes=options["probes"],
                seed=options["seed"],
                progress=bar.update,
                reaches=options["reach"],
                shares=options["galleries"],
            )
        if options["plot"]:
            search_speed.plot(speeds, EXACT_LIMIT, options["plot"])
        costs = _costs(speeds[-1], Prices(*options["costs"])) if options["costs"] else []
        self._tell(people, speeds, costs)
        return YES

    def _tell(self, people: population.Population, speeds: list[Speed], costs: list[Cost]) -> None:
        self.give(
            {
                "exact_limit": EXACT_LIMIT,
                "effective_dimensions": people.effective_dimensions,
                "spectrum": population.spectrum(people),
                "rows": [{**asdict(speed), "ratio": speed.ratio} for speed in speeds],
                "costs": [asdict(cost) for cost in costs],
            }
        )
        self.say(
            "  people   exact ms   index ms   exact/index   recall: enrolled  stranger   build s"
            "      MB"
        )
        for speed in speeds:
            self.say(
                f"{speed.people:8,}   {speed.exact_ms:8.2f}   {speed.index_ms:8.2f}"
                f"   {speed.ratio:11.2f}   {speed.recall_mated:16.3f}  {speed.recall_stranger:8.3f}"
                f"   {speed.index_build_s:7.1f}  {speed.index_mb:6.1f}"
            )
            for other in speed.others:
                self.say(
                    f"{'reach':>21} {other.reach:6}   {other.ms:8.2f}   {'':11}"
                    f"   {other.recall_mated:16.3f}  {other.recall_stranger:8.3f}"
                )
            for part in speed.galleries:
                self.say(
                    f"{part.people:8,}   {part.exact_ms:8.2f}   {part.ms:8.2f}"
                    f"   {part.exact_ms / part.ms:11.2f}   {part.recall_mated:16.3f}"
                    f"  {part.recall_stranger:8.3f}   in a gallery of {part.share:.0%}"
                )
        self.say(f"The index is built beyond {EXACT_LIMIT:,} people.")
        self.say("Bytes of a person:")
        for line in table([_BYTES, *map(_bytes_of, speeds)]):
            self.say(line)
        for line in table([_COSTS, *map(_cost_of, costs)] if costs else []):
            self.say(line)


_BYTES = ("people", "template", "its keys", "person", "its keys", "index", "together")
_COSTS = (
    *("people", "index GB", "searched GB", "machine GB", "disk GB", "photos GB"),
    *("build h", "a month"),
)


def _bytes_of(speed: Speed) -> tuple[str, ...]:
    is_ = speed.footprint
    sizes = (is_.template, is_.template_keys, is_.person, is_.person_keys, is_.index, is_.searched)
    return f"{speed.people:,}", *(f"{size:.0f}" for size in sizes)


def _costs(speed: Speed, prices: Prices) -> list[Cost]:
    return footprint.costs(speed.footprint, speed.index_build_s / speed.people, prices)


def _cost_of(cost: Cost) -> tuple[str, ...]:
    sizes = (cost.index_gb, cost.searched_gb, cost.machine_gb, cost.disk_gb, cost.photos_gb)
    most = (f"{size:,.3g}" if size < 1000 else f"{size:,.0f}" for size in sizes)
    return f"{cost.people:,}", *most, f"{cost.build_hours:.2g}", f"{cost.month:,.0f}"


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise ArgumentTypeError(f"“{text}” is no share: a tenth is 0.1, everybody is 1.")
    return share


def _fitted(folder: Path) -> population.Population:
    """Raises Refusal when the photos are too few."""
    paths = sorted(folder.glob("*/*.jpg"))
    with progress_bar(len(paths), " photos", "Faces") as bar:
        seen = list(_embedded(paths, bar.update))
    try:
        return population.fitted(np.stack([v for v, _who in seen]), [who for _v, who in seen])
    except ValueError as error:
        raise Refusal(str(error), code="too_few_photos") from error


def _embedded(paths: list[Path], progress: Any) -> Iterator[tuple[Vector, str]]:
    engine = engine_for(EmbeddingModel.objects.current())
    for path in paths:
        progress(1)
        try:
            yield engine.probe(decode(read_photo(path)).pixels).embedding, path.parent.name
        except (FaceRefused, BadPhoto):
            continue  # what cannot be enrolled is nobody's template
