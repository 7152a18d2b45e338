"""Pairs files as LFW writes them, and what is refused in them."""

from pathlib import Path

import pytest

from people.errors import Refusal
from recognition.evaluation.pair_files import BadPairs, Shot, locate, read_pairs


def written(folder: Path, *lines: str) -> Path:
    file = folder / "pairs.txt"
    file.write_text("\n".join(lines) + "\n")
    return file


VIEW2 = ("2\t2", *("A\t1\t2", "B\t1\t2", "A\t1\tB\t1", "A\t2\tB\t2") * 2)


def test_view_2_has_folds_of_both_kinds(tmp_path: Path) -> None:
    found = read_pairs(written(tmp_path, *VIEW2))
    assert found.folds == 2
    assert [pair.fold for pair in found.pairs] == [0] * 4 + [1] * 4
    assert [pair.is_same for pair in found.pairs] == [True, True, False, False] * 2
    assert found.pairs[2].second == Shot("B", 1)
    assert found.pairs[2].line == 4
    assert not found.note


def test_view_1_has_one_number_and_no_folds(tmp_path: Path) -> None:
    found = read_pairs(written(tmp_path, "1", "A\t1\t2", "A\t1\tB\t3"))
    assert (found.folds, len(found.pairs)) == (0, 2)


def test_pairs_of_ones_own_need_no_first_line(tmp_path: Path) -> None:
    found = read_pairs(written(tmp_path, "A 1 2", "", "A 1 B 3"))
    assert [pair.line for pair in found.pairs] == [1, 3]


def test_names_may_have_spaces_between_tabs(tmp_path: Path) -> None:
    found = read_pairs(written(tmp_path, "Ann Ng\t1\t2", "Ann Ng\t1\tBob\t3"))
    assert found.pairs[0].first.name == "Ann Ng"


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "pairs.txt"
    file.write_bytes(b"\xef\xbb\xbf1\r\nA\t1\t2\r\nA\t1\tB\t1\r\n")
    assert len(read_pairs(file).pairs) == 2


def test_folds_from_which_pairs_were_taken_are_told_apart_and_it_is_said(tmp_path: Path) -> None:
    lines = [line for index, line in enumerate(VIEW2) if index != 2]
    found = read_pairs(written(tmp_path, *lines))
    assert [pair.fold for pair in found.pairs] == [0] * 3 + [1] * 4
    assert "has 7 pairs" in found.note


@pytest.mark.parametrize(
    "line",
    ["A\t1", "A\tone\t2", "A\t1\tB\tx", "A\t1\tA\t2", "A\t1\tB\t2\t3", "A\t1\t-2", "../A\t1\t2"],
)
def test_a_bad_line_is_refused_with_its_number(tmp_path: Path, line: str) -> None:
    with pytest.raises(BadPairs, match="line 3") as refused:
        read_pairs(written(tmp_path, "1", "A\t1\t2", line))
    assert refused.value.code == "pairs_malformed"


@pytest.mark.parametrize(
    "lines",
    [
        ("2", "A\t1\t2", "A\t1\tB\t2"),  # fewer than announced
        ("3\t1", "A\t1\t2", "A\t1\tB\t2"),  # fewer folds
        VIEW2[:5],  # cut off
        ("1\t1", "A\t1\t2", "A\t1\tB\t2"),  # one fold is no fold
        ("A\t1\t2",),  # one kind only
        ("",),
    ],
)
def test_an_incomplete_file_is_refused(tmp_path: Path, lines: tuple[str, ...]) -> None:
    with pytest.raises(BadPairs):
        read_pairs(written(tmp_path, *lines))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(BadPairs, match="not a text file"):
        read_pairs(tmp_path / "pairs.txt")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        read_pairs(tmp_path / "none.txt")
    assert refused.value.code == "file_unreadable"


def test_photos_are_found_in_any_of_three_formats(tmp_path: Path) -> None:
    for name in ("A/A_0001.jpg", "A/A_0002.jpeg", "B/B_0003.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = locate(read_pairs(written(tmp_path, "A\t1\t2", "A\t1\tB\t3")).pairs, tmp_path)
    assert [path.name for path in found.values()] == ["A_0001.jpg", "A_0002.jpeg", "B_0003.png"]


def test_a_missing_photo_is_refused_with_its_pair(tmp_path: Path) -> None:
    pairs = read_pairs(written(tmp_path, "A\t1\t2", "A\t1\tB\t3")).pairs
    with pytest.raises(Refusal, match=r"Line 1, the pair “A 1” and “A 2”.*A_0001\.jpg") as refused:
        locate(pairs, tmp_path)
    assert refused.value.code == "photo_missing"


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        locate([], tmp_path / "none")
    assert refused.value.code == "folder_missing"
