"""Bulk import: a tree or a ZIP of `Name/photo.jpg`, and a CSV that says more about the names."""

from people.imports.archive import ArchiveRefused
from people.imports.enrolling import enrol_entry, gallery_called
from people.imports.layout import Entry, Listing, RefusedFile, Scan, scan
from people.imports.names import Identity, NamesRefused, read_names
from people.imports.runs import (
    archive_of,
    remove_settled_archives,
    start_import,
    unattended_runs,
    work_off,
)

__all__ = [
    "ArchiveRefused",
    "Entry",
    "Identity",
    "Listing",
    "NamesRefused",
    "RefusedFile",
    "Scan",
    "archive_of",
    "enrol_entry",
    "gallery_called",
    "read_names",
    "remove_settled_archives",
    "scan",
    "start_import",
    "unattended_runs",
    "work_off",
]
