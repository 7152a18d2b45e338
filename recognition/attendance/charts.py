"""What Chart.js, which the admin's theme brings along, needs to draw hours by date."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date

from django.utils.formats import date_format

from recognition.attendance.days import Day

# The theme's own options draw lines of 4 px without hours at the side.
OPTIONS = json.dumps(
    {
        "animation": False,
        "maintainAspectRatio": False,
        "plugins": {
            "legend": {
                "align": "end",
                "labels": {"boxHeight": 8, "boxWidth": 8, "color": "#808b96"},
            }
        },
        "scales": {
            "x": {
                "stacked": True,
                "grid": {"display": False},
                "ticks": {"color": "#808b96", "maxRotation": 0, "autoSkipPadding": 8},
            },
            "y": {
                "stacked": True,
                "beginAtZero": True,
                "suggestedMax": 8,
                "grid": {},
                "border": {"display": False},
                "ticks": {"color": "#808b96", "maxTicksLimit": 6},
                "title": {"display": True, "text": "hours", "color": "#808b96"},
            },
        },
    }
)


def worked_by_day(days: Iterable[Day], *, label: str = "j") -> str:
    """Hours within the shift, and beyond it on top, of everybody on each date.

    days: in order of their dates. label: how a date is written, as Django's templates have it.
    """
    within: dict[date, int] = {}
    beyond: dict[date, int] = {}
    for day in days:
        within[day.date] = within.get(day.date, 0) + day.worked - day.overtime
        beyond[day.date] = beyond.get(day.date, 0) + day.overtime
    return json.dumps(
        {
            "labels": [date_format(one, label) for one in within],
            "datasets": [
                _bars("Worked", list(within.values()), "--color-primary-600"),
                _bars("Overtime", list(beyond.values()), "--color-primary-300"),
            ],
        }
    )


def _bars(label: str, seconds: Sequence[int], colour: str) -> dict[str, object]:
    return {
        "label": label,
        "data": [round(value / 3600, 2) for value in seconds],
        "backgroundColor": f"var({colour})",
        "maxBarThickness": 18,
    }
