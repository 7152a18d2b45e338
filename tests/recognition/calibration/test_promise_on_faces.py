"""The promise on real faces: fitted on some people, enrolled from others, met by the rest."""

from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from recognition.calibration.comparisons import person_of
from recognition.calibration.simulation import Plan, check
from recognition.engine import DEFAULT_RECIPE, Engine
from recognition.evaluation.photo_sets import PROBE, Embedder, embed_people, photos_by_person

PEOPLE = 170  # one photo each: a quarter of a minute of embedding, on a quiet machine


def test_strangers_get_a_name_as_rarely_as_stated_on_real_faces(
    shared_data: Callable[[str], Path],
) -> None:
    photos = photos_by_person(shared_data("lfw_view1") / "images")
    names = list(photos)[:: len(photos) // PEOPLE][:PEOPLE]
    engine = Engine(models_dir=settings.MODELS_DIR, threads=1, recipe=DEFAULT_RECIPE)
    chosen = {name: photos[name][:1] for name in names}
    found = embed_people(chosen, Embedder(engine, None), lambda: None, uses=[PROBE, PROBE])
    people = [person_of(own, enrolled=1, frames=1) for own in found.values()]
    assert len(people) > 0.9 * PEOPLE
    (small,) = check(people, [], Plan(sizes=[50], fpir=0.05, splits=10, hold_out=0.35))
    assert small.holds, small
    # The same interval finds a promise that is not kept out.
    assert small.high < 0.5
