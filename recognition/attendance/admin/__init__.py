"""Attendance in the admin: events with their corrections, and when somebody is expected."""

from recognition.attendance.admin import events, schedules  # noqa: F401  registers their pages
