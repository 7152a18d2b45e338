"""Which file is whose photo, and which archive is safe to read."""

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from people.errors import Refusal
from people.imports import Identity, archive, read_names, scan
from people.imports.archive import ArchiveRefused, check_archive
from people.imports.layout import FolderRefused, arrange
from people.imports.names import NamesRefused


def tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return root


def zipped(path: Path, *members: str | zipfile.ZipInfo, data: bytes = b"x") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for member in members:
            out.writestr(member, data)
    return path


def code_of(refused: pytest.ExceptionInfo[Refusal]) -> str:
    return refused.value.code


def test_a_folder_is_a_person_and_underscores_are_spaces(tmp_path: Path) -> None:
    listing = scan(tree(tmp_path, "Ben_Affleck/1.jpg", "Ben_Affleck/2.png", "Zoë Ann/a.heic"))
    assert [entry.who.full_name for entry in listing.entries] == ["Ben Affleck"] * 2 + ["Zoë Ann"]
    assert listing.path_of(listing.entries[0]) == tmp_path / "Ben_Affleck/1.jpg"


def test_hidden_files_and_what_systems_leave_behind_are_passed_over(tmp_path: Path) -> None:
    junk = ["Ann/.DS_Store", "Ann/Thumbs.db", "__MACOSX/Ann/._1.jpg", ".git/1.jpg", "names.csv"]
    listing = scan(tree(tmp_path, "Ann/1.jpg", *junk))
    assert [file.name for file in listing.files] == ["Ann/1.jpg"]


def test_a_photo_without_a_folder_or_too_deep_is_refused_by_name(tmp_path: Path) -> None:
    listing = scan(tree(tmp_path, "Ann/1.jpg", "loose.jpg", "Ann/more/2.jpg"))
    assert {one.name: one.code for one in listing.refused} == {
        "loose.jpg": "no_person_folder",
        "Ann/more/2.jpg": "nested_too_deep",
    }


def test_a_missing_empty_or_wrong_folder_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FolderRefused) as refused:
        scan(tmp_path / "nowhere")
    assert code_of(refused) == "folder_missing"
    with pytest.raises(FolderRefused) as refused:
        scan(tmp_path)
    assert code_of(refused) == "folder_empty"
    with pytest.raises(FolderRefused) as refused:
        scan(tree(tmp_path, "1.jpg", "2.jpg"))
    assert code_of(refused) == "folder_without_people"
    assert "Name/photo.jpg" in str(refused.value)


def test_an_archive_may_have_one_folder_around_everything() -> None:
    listing = arrange(["staff/Ann/1.jpg", "staff/Bob/1.jpg"], {}, source="x", unwrap=True)
    assert [who.full_name for who in listing.people] == ["Ann", "Bob"]
    assert listing.entries[0].name == "staff/Ann/1.jpg"


def test_names_say_more_about_folders() -> None:
    names = read_names(
        b"\xef\xbb\xbfFolder,full_name,staff_number,gallery\r\nann,Ann  Ng,17,Paris\r\n"
    )
    assert names == {"ann": Identity("Ann Ng", "17", "Paris")}
    assert arrange(["ann/1.jpg"], names, source="x").people == [Identity("Ann Ng", "17", "Paris")]


def test_names_may_be_separated_by_semicolons_and_without_optional_columns() -> None:
    assert read_names(b"folder;full_name\nann;Ann\n") == {"ann": Identity("Ann")}


def test_folder_names_agree_however_accents_are_written() -> None:
    composed, apart = "Zo\u00eb", "Zoe\u0308"
    names = read_names(f"folder,full_name\n{composed},Zoë Ng\n".encode())
    assert arrange([f"{apart}/1.jpg"], names, source="x").people == [Identity("Zoë Ng")]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"ann,Ann\n", "must name its columns"),
        (b"", "must name its columns"),
        (b"folder,full_name,salary\nann,Ann,1\n", "salary"),
        (b"folder,full_name\nann,\n", "line 2: full_name is empty"),
        (b"folder,full_name\nann,Ann\nann,Bob\n", "line 3: the folder “ann” is listed twice"),
        (b"folder,full_name,staff_number\na,A,1\nb,B,1\n", "line 3: staff number 1 is also"),
        (b"folder,full_name\nann,Ann,x,y\n", "line 2: more values than columns"),
        ("folder,full_name\nzoë,Zoë\n".encode("latin-1"), "not UTF-8"),
        (b"folder,full_name\nann," + b"A" * 201 + b"\n", "line 2: full_name has more than 200"),
    ],
)
def test_a_bad_list_of_names_says_what_to_correct(data: bytes, said: str) -> None:
    with pytest.raises(NamesRefused) as refused:
        read_names(data)
    assert said in refused.value.message


def test_a_list_that_knows_no_folder_is_refused() -> None:
    with pytest.raises(NamesRefused):
        arrange(["ann/1.jpg"], {"bob": Identity("Bob")}, source="x")


def test_an_ordinary_archive_is_listed(tmp_path: Path) -> None:
    assert check_archive(zipped(tmp_path / "a.zip", "Ann/1.jpg", "Ann/2.jpg")) == [
        "Ann/1.jpg",
        "Ann/2.jpg",
    ]


def test_utf8_names_that_are_not_marked_as_such_are_read_all_the_same(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", "Zoë/1.jpg")
    marked = path.read_bytes()
    # Bit 11 of the flags says UTF-8; some programs forget it.
    path.write_bytes(marked.replace(struct.pack("<H", 0x800), b"\0\0"))
    assert check_archive(path) == ["Zoë/1.jpg"]


@pytest.mark.parametrize(
    "name", ["../Ann/1.jpg", "/Ann/1.jpg", "Ann/../../1.jpg", "C:\\Ann\\1.jpg"]
)
def test_an_archive_that_points_outside_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArchiveRefused) as refused:
        check_archive(zipped(tmp_path / "a.zip", name))
    assert code_of(refused) == "archive_unsafe"


@pytest.mark.parametrize("name", ["", "."])
def test_an_archive_with_a_nameless_file_is_refused(tmp_path: Path, name: str) -> None:
    nameless = zipfile.ZipInfo()
    nameless.filename = name
    with pytest.raises(ArchiveRefused) as refused:
        check_archive(zipped(tmp_path / "a.zip", nameless, "Ann/1.jpg"))
    assert code_of(refused) == "archive_not_zip"


def test_an_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("Ann/1.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(ArchiveRefused) as refused:
        check_archive(zipped(tmp_path / "a.zip", link))
    assert code_of(refused) == "archive_unsafe"


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", "Ann/1.jpg")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ArchiveRefused) as refused:
        check_archive(path)
    assert code_of(refused) == "archive_encrypted"


def test_a_bomb_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    with pytest.raises(ArchiveRefused) as refused:
        check_archive(zipped(tmp_path / "a.zip", "Ann/1.jpg", data=bytes(5_000_000)))
    assert code_of(refused) == "archive_bomb"


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 2)
    with pytest.raises(ArchiveRefused) as refused:
        check_archive(zipped(tmp_path / "a.zip", "A/1.jpg", "A/2.jpg", "A/3.jpg"))
    assert code_of(refused) == "archive_too_many_files"


def test_a_table_of_contents_too_large_for_memory_is_never_loaded(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", "A/1.jpg")
    data = bytearray(path.read_bytes())
    struct.pack_into("<L", data, len(data) - 22 + 12, archive.MAX_DIRECTORY_BYTES + 1)
    path.write_bytes(data)
    with pytest.raises(ArchiveRefused):
        check_archive(path)


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip at all" * 100, b"PK\5\6" + bytes(17)])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    with pytest.raises(ArchiveRefused) as refused:
        check_archive(path)
    assert code_of(refused) == "archive_not_zip"


def test_any_altered_archive_gets_an_answer(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", "Ann/1.jpg", "Bob/1.jpg", data=os.urandom(300))
    good = path.read_bytes()
    for at in range(len(good)):
        path.write_bytes(good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :])
        try:
            check_archive(path)
            with zipfile.ZipFile(path) as opened:
                for info in opened.infolist():
                    archive.read_entry(opened, info)
        except Refusal:
            continue


def test_an_upload_beyond_the_limit_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ARCHIVE_BYTES", 10)
    with pytest.raises(ArchiveRefused) as refused:
        archive.copy_archive(io.BytesIO(bytes(11)), io.BytesIO())
    assert code_of(refused) == "archive_too_large"
