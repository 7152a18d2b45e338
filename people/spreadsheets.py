"""Texts of strangers in files that a spreadsheet opens."""

from __future__ import annotations

import re

# What a spreadsheet may take for the start of a formula: a sign, also of full width, where a cell
# can begin. Which characters separate cells depends on the reader's country and choices; blanks,
# quotes and what is invisible may be skipped before the sign. A negative number is only a number.
_FORMULA = re.compile(
    r"""
    ( (?: \A | [;,|\t\r\n] )
      [\s"\x00-\x1f\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]* )
    (?! -[0-9]+ (?:[.][0-9]+)? \s* (?: \Z | [;,|] ) )
    ( [=+\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b] )
    """,
    re.VERBOSE,
)


def harmless(text: str) -> str:
    """A text of which no spreadsheet takes any part for a formula, even saved and opened again: it
    has an apostrophe before each sign that could begin one."""
    return _FORMULA.sub(r"\1'\2", text)
