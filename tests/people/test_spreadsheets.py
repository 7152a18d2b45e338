from __future__ import annotations

import re
from itertools import product

import pytest

from people.spreadsheets import harmless

SIGNS = "=+-@＝＋－＠﹦"
BLANKS = ["", " ", "\u3000", "\xa0", "\u200b", "\ufeff", "\x0b", "\x1f", '"', '"" ']


@pytest.mark.parametrize("before", ["", *(f"x{mark}" for mark in ";,\t\r\n|"), "x;;", "x\r\n"])
def test_no_cell_begins_with_a_sign(before: str) -> None:
    for blank, sign in product(BLANKS, SIGNS):
        safe = harmless(f"{before}{blank}{sign}1+1")
        assert safe == f"{before}{blank}'{sign}1+1"


@pytest.mark.parametrize("text", ["=1;=2", "-1|=cmd", "-5\t=1", "=\n=", "--1", "@,\t-a;\t＝b"])
def test_every_cell_of_a_text_is_looked_at(text: str) -> None:
    cells = [cell.strip() for cell in re.split(r"[;,|\t\r\n]", harmless(text))]
    assert not [cell for cell in cells if re.match(r"[=+@＝]|-(?![0-9]+$)", cell)]


@pytest.mark.parametrize(
    "text",
    [
        "Ann-Marie Lee",
        "Lee, Ann",
        "Ann = @home",
        "D'Arcy; O'Neil",
        "-5",
        "-12.50",
        "5;-3",
        "Etc/GMT+3",
        "7-1042",
        "",
    ],
)
def test_names_and_negative_numbers_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text
