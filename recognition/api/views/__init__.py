"""Thin: parse, one service call, respond."""
