"""Telling other systems who came and went: signed, repeated until taken, and never twice by us."""
