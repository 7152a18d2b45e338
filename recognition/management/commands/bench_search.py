"""manage.py bench_search"""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from recognition.evaluation import search_speed
from recognition.search import EXACT_LIMIT


class Command(BaseCommand):
    help = (
        "Time exact search against the index for several numbers of synthetic people, to see"
        " where the index should take over. Nothing is kept; people already enrolled are not"
        " touched. 100,000 people take about a minute and 500 MB of disk while it runs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--people", type=int, nargs="+", default=[1_000, 5_000, 20_000, 50_000], metavar="N"
        )
        parser.add_argument("--probes", type=int, default=200, help="Searches for each number.")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(total=sum(options["people"]), unit=" people", disable=None) as bar:
            speeds = search_speed.measure(
                options["people"],
                probes=options["probes"],
                seed=options["seed"],
                progress=bar.update,
            )
        if options["json"]:
            rows = [{**asdict(speed), "ratio": speed.ratio} for speed in speeds]
            self.stdout.write(json.dumps({"exact_limit": EXACT_LIMIT, "rows": rows}))
            return
        self.stdout.write(
            "  people   exact ms   index ms   exact/index   recall: enrolled  stranger   build s"
        )
        for speed in speeds:
            self.stdout.write(
                f"{speed.people:8,}   {speed.exact_ms:8.2f}   {speed.index_ms:8.2f}"
                f"   {speed.ratio:11.2f}   {speed.recall_mated:16.3f}  {speed.recall_stranger:8.3f}"
                f"   {speed.index_build_s:7.1f}"
            )
        self.stdout.write(f"The index is built beyond {EXACT_LIMIT:,} people.")
