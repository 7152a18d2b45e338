"""What Chart.js, which the admin's theme brings along, needs to draw a month."""

from __future__ import annotations

import json
from collections.abc import Sequence

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
                "ticks": {"color": "#808b96", "stepSize": 2},
                "title": {"display": True, "text": "hours", "color": "#808b96"},
            },
        },
    }
)


def worked_by_day(days: Sequence[Day]) -> str:
    """Hours within the shift, and beyond it on top."""
    return json.dumps(
        {
            "labels": [date_format(day.date, "j") for day in days],
            "datasets": [
                _bars("Worked", [day.worked - day.overtime for day in days], "--color-primary-600"),
                _bars("Overtime", [day.overtime for day in days], "--color-primary-300"),
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
