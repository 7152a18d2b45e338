"""What is learnt, by whom, and who notices when it is worth nothing to others."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from people.vectors import Vector
from recognition.finetuning.judging import Judgement, judge
from recognition.finetuning.splitting import (
    LEAST_HELD_OUT,
    LEAST_STOPPING,
    LEAST_TRAINING,
    MOST_PHOTOS,
    Split,
    TooFew,
    people_needed,
    sizes,
    split,
)
from recognition.finetuning.training import Plan, Trained, train
from recognition.heads import Head
from tests.recognition.finetuning.synthetic import people_of


def judged(parts: Split, trained: Trained) -> Judgement:
    return judge(parts.held_out, Head(trained.weights, "").apply, seed=0)


@cache
def with_nuisance() -> tuple[Split, Trained]:
    parts = split(people_of(200, 3, nuisance=0.8), holdout=0.2, seed=0)
    plan = Plan(margin=0.4, epochs=20, rate=5e-3)
    return parts, train(parts.training, parts.stopping, plan)


def test_a_nuisance_direction_is_removed() -> None:
    _parts, trained = with_nuisance()
    lengths = np.linalg.norm(trained.weights, axis=0)
    assert lengths[-1] < 0.3 * lengths[:-1].min()


def test_people_who_taught_nothing_profit_from_what_was_removed() -> None:
    parts, trained = with_nuisance()
    judgement = judged(parts, trained)
    assert judgement.worse == ()
    assert [row.name for row in judgement.rows] == [
        "accuracy", "EER", "TMR at FMR 1e-02", "TMR at FMR 1e-03",
    ]  # fmt: skip
    strict = judgement.rows[-1]
    assert strict.after > strict.before + 0.1
    assert strict.difference is not None
    assert strict.difference.low > 0
    assert strict.before_interval.low <= strict.before <= strict.before_interval.high


def test_learning_people_by_heart_is_caught_by_the_others() -> None:
    """Few people, noise in many directions, and nobody who says when to stop: those who taught are
    told apart better and better, and those held out no longer."""
    everybody = list(people_of(300, 2, noise=0.14, dimensions=64, seed=4).values())
    taught, others = everybody[:40], everybody[200:]
    plan = Plan(margin=1.0, epochs=60, patience=60, rate=3e-3, decay=0.0)
    # Asked of those who teach, it never stops: so it goes on to the end.
    trained = train(taught, taught, plan)
    head = Head(trained.weights, "").apply
    of_taught, of_others = judge(taught, head, seed=0), judge(others, head, seed=0)
    assert of_taught.after.whole.eer < of_taught.before.whole.eer
    assert of_others.after.whole.eer > of_others.before.whole.eer
    assert "EER" in of_others.worse


def test_it_ends_when_it_no_longer_helps_those_held_aside() -> None:
    everybody = list(people_of(300, 2, noise=0.14, dimensions=64, seed=4).values())
    plan = Plan(margin=1.0, epochs=60, patience=3, rate=3e-3, decay=0.0)
    trained = train(everybody[:40], everybody[40:100], plan)
    assert len(trained.history) == trained.best + 3 < 60
    losses = [trained.untrained, *(epoch.stopping for epoch in trained.history)]
    assert losses[trained.best] == min(losses)


def test_the_same_seed_gives_the_same_weights() -> None:
    people = people_of(200, 3, nuisance=0.5)
    plan = Plan(epochs=4, seed=5)
    first, again = (
        train(parts.training, parts.stopping, plan)
        for parts in (split(people, holdout=0.2, seed=5), split(people, holdout=0.2, seed=5))
    )
    assert np.array_equal(first.weights, again.weights)
    assert first.history == again.history
    other = split(people, holdout=0.2, seed=6)
    assert not np.array_equal(other.training[0], split(people, holdout=0.2, seed=5).training[0])


def test_nobody_is_in_two_parts_and_nobody_is_lost() -> None:
    people: dict[str, Vector] = {
        f"P{n}": np.full((2 + n % 3, 2, 4), n, np.float32) for n in range(230)
    }
    people["alone"] = np.full((1, 2, 4), 999, np.float32)
    parts = split(people, holdout=0.2, seed=1)
    seen = [{int(own[0, 0, 0]) for own in part}
            for part in (parts.training, parts.stopping, parts.held_out)]  # fmt: skip
    assert set.union(*seen) == set(range(230))
    assert sum(map(len, seen)) == 230
    assert parts.without_pair == 1


def test_nobody_counts_for_many_by_many_photos() -> None:
    people = people_of(200, 2)
    people["known to all"] = np.repeat(people["P0"], 30, axis=0)
    parts = split(people, holdout=0.2, seed=0)
    every = (*parts.training, *parts.stopping, *parts.held_out)
    assert max(map(len, every)) == MOST_PHOTOS
    assert parts.unused == 60 - MOST_PHOTOS


@pytest.mark.parametrize("holdout", [0.1, 0.2, 0.35, 0.5])
def test_what_is_needed_is_enough_and_one_less_is_not(holdout: float) -> None:
    needed = people_needed(holdout)
    least = (LEAST_TRAINING, LEAST_STOPPING, LEAST_HELD_OUT)
    assert all(n >= few for n, few in zip(sizes(needed, holdout), least, strict=True))
    assert any(n < few for n, few in zip(sizes(needed - 1, holdout), least, strict=True))
    split(people_of(needed, 2), holdout=holdout, seed=0)
    with pytest.raises(TooFew):
        split(people_of(needed - 1, 2), holdout=holdout, seed=0)


def test_too_few_people_are_told_how_many_are_missing() -> None:
    people = people_of(150, 2)
    people.update({f"S{n}": own[:1] for n, own in enumerate(people_of(7, 2).values())})
    with pytest.raises(TooFew) as refused:
        split(people, holdout=0.2, seed=0)
    missing = people_needed(0.2) - 150
    assert f"{missing} more people" in refused.value.message
    assert "the 7 others" in refused.value.message


def test_the_fewest_who_judge_can_show_a_rate_of_one_in_a_thousand() -> None:
    people = list(people_of(LEAST_HELD_OUT, 2).values())
    names = [row.name for row in judge(people, lambda v: v, seed=0).rows]
    assert "TMR at FMR 1e-03" in names


def test_a_head_that_changes_nothing_is_not_worse() -> None:
    people = list(people_of(LEAST_HELD_OUT, 3, noise=0.3).values())
    judgement = judge(people, lambda v: v, seed=0)
    assert judgement.worse == ()
    assert all(row.before == row.after for row in judgement.rows)
    assert all(row.difference.low == 0 == row.difference.high
               for row in judgement.rows if row.difference)  # fmt: skip
