"""Clocking in and out, correcting it, and what a day's events add up to."""
