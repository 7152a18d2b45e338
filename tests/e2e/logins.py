"""Somebody at `/login/`, with a camera that plays a film of one person turning."""

from __future__ import annotations

import json
from collections.abc import Sequence

from playwright.sync_api import Page, Route, expect

from tests.chaos.site import Site
from tests.e2e import cameras
from tests.e2e.looking import SECONDS

PASSWORD = "only for this test"
ACCOUNTS = f"""
from django.contrib.auth.models import User
from people.models import Person
for name, person in (("ben", "Ben"), ("elton", "Elton"), ("ada", "")):
    user = User.objects.create_user(name, password={PASSWORD!r})
    Person.objects.filter(full_name=person).update(user=user)
"""
MISMATCH = "Person name and face didn't match!"

FILM = cameras.STRAIGHT, cameras.PICTURE_RIGHT, cameras.STRAIGHT, cameras.PICTURE_LEFT
# Of its faces; which steps a challenge has is chance otherwise.
STEPS = ["look_straight", "turn_left", "turn_right"]
# Which of its photos answer each.
ANSWERS = [0, 2], [1], [3]
# The same with somebody who looks up.
FILM_UP = cameras.LOWER, cameras.PICTURE_RIGHT, cameras.LOWER, cameras.STRAIGHT
STEPS_UP = ["look_straight", "turn_left", "look_up"]
_SENTENCES = {
    "look_straight": "Look straight at the camera.",
    "turn_left": "Turn your head to your left.",
    "turn_right": "Turn your head to your right.",
    "look_up": "Look up: lift your chin.",
}


def fix_steps(page: Page, site: Site, steps: Sequence[str] = STEPS) -> None:
    """The server's own challenge, with the steps the film can answer.

    Nobody has seen its pictures before, for a camera gives no picture twice, and the film does.
    """

    def hand_over(route: Route) -> None:
        response = route.fetch()
        said = response.json()
        with site.connect() as connection:
            connection.execute(
                "UPDATE recognition_livenesssession SET steps = %s WHERE nonce = %s",
                (list(steps), said["nonce"]),
            )
            connection.execute("DELETE FROM recognition_livenessframe")
        said["steps"] = [{"step": step, "sentence": _SENTENCES[step]} for step in steps]
        route.fulfill(response=response, body=json.dumps(said))

    for asked in ("**/login/face/start/", "**/me/photos/challenge/"):
        page.route(asked, hand_over)


def go_to_camera(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/login/")
    page.fill("#claim_name", name)
    page.keyboard.press("Enter")
    page.wait_for_url("**/login/face/")


def give_password(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/login/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")


# The film has just turned to a photo that answers the step, and the hint has been good during it:
# there is time for the picture, however long the hint has taken.
_IS_TIME = f"""([step, answers, isHinted]) => {{
    const film = (window.film ??= {{}}), shown = ({cameras.SHOWN})(), now = performance.now();
    if (shown !== film.shown) film.since = now - film.looked < 200 ? now : -Infinity;
    Object.assign(film, {{ shown, looked: now }});
    const hint = document.querySelector("[data-say=hint]").textContent;
    if (!isHinted || hint === "Good. Take the picture.") film.good = step;
    return film.good === step && answers.includes(shown) && now - film.since < 1500;
}}"""


def take_pictures(
    page: Page, answers: Sequence[Sequence[int]] = ANSWERS, *, is_hinted: bool = True
) -> None:
    """By keyboard: each picture when the film shows one of these photos.

    is_hinted: and the hint has said that it is good.
    """
    for number, photos in enumerate(answers):
        expect(page.locator("[data-say=step]")).to_contain_text(
            f"{number + 1} of {len(answers)}", timeout=20 * SECONDS
        )
        page.wait_for_function(_IS_TIME, arg=[number, photos, is_hinted], timeout=50 * SECONDS)
        page.keyboard.press("Enter")


def take_all(page: Page) -> None:
    """Whatever is asked for, in the order it is asked for."""
    step = page.locator("[data-say=step]")
    expect(step).to_contain_text("1 of ", timeout=20 * SECONDS)
    number = int(step.inner_text().split()[2].rstrip(":"))
    for each in range(1, number + 1):
        expect(step).to_contain_text(f"{each} of {number}", timeout=20 * SECONDS)
        page.click("text=Take the picture")


def answer(page: Page) -> str:
    shown = page.locator("[data-say=answer]")
    expect(shown).not_to_be_empty(timeout=60 * SECONDS)
    return shown.inner_text()
