"""Imports of archives: started once, worked off by whoever comes, however often it is killed.

Each photo is one transaction that enrols it and moves the run's cursor past it, so the counters
are exact whatever dies. An advisory lock, which goes with its holder's connection, keeps two
deliveries of one run apart.
"""

from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from people.errors import Refusal
from people.images import BadPhoto
from people.imports.archive import by_name, check_archive, copy_archive, read_entry
from people.imports.enrolling import enrol_entry
from people.imports.layout import Entry, Listing, RefusedFile, arrange
from people.imports.names import MAX_BYTES, Identity, read_names
from people.models import Gallery, ImportRun
from people.signals import import_started
from people.storage import claim_store, require_store

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# How many refused files a report lists by name; the others are only counted.
MAX_LISTED = 500
ORPHAN_AGE_S = 24 * 3600


def archive_of(run: ImportRun) -> Path:
    return _folder() / f"{run.public_id}.zip"


def _folder() -> Path:
    folder: Path = settings.PHOTOS_DIR / "imports"  # where workers on other machines see it
    return folder


def start_import(
    *,
    file: IO[bytes],
    name: str,
    gallery: Gallery | None = None,
    names_csv: IO[bytes] | None = None,
    by: User | None = None,
) -> ImportRun:
    """Keep an archive, check it, and have it worked off once the transaction is committed.

    file: the ZIP, streamed. name: what the report is called, as a rule the file's name.
    Raises ArchiveRefused, FolderRefused, NamesRefused; then nothing is kept.
    """
    names = read_names(names_csv.read(MAX_BYTES + 1)) if names_csv is not None else {}
    run = ImportRun(name=name[:200], gallery=gallery, started_by=by)
    run.names = {folder: identity.as_json() for folder, identity in names.items()}
    path = archive_of(run)
    try:
        _keep(file, path)
        run.total = len(_listing(check_archive(path), names).files)
        with transaction.atomic():
            run.save()
            import_started.send(sender=ImportRun, run_id=run.pk)
    except BaseException:  # whatever it is, Ctrl-C too: no archive stays without its run
        path.unlink(missing_ok=True)
        raise
    return run


def _keep(file: IO[bytes], path: Path) -> None:
    claim_store()
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        copy_archive(file, out)


def _listing(files: list[str], names: Mapping[str, Identity]) -> Listing:
    return arrange(files, names, source="The archive", unwrap=True)


def work_off(*, run_id: int, for_seconds: float = float("inf")) -> bool:
    """Go on with an import, for about so long. True when there is more to do.

    Returns at once when somebody else is at it. Raises what the database or the storage raises;
    the run then stays as it is and goes on from there.
    """
    until = time.monotonic() + for_seconds
    with _exclusively(run_id) as is_mine:
        run = ImportRun.objects.filter(pk=run_id, state=ImportRun.State.RUNNING).first()
        if not is_mine or run is None:
            return False
        try:
            if _work(run, until):
                return True
        except Refusal as refusal:
            _finish(run, ImportRun.State.FAILED, refusal.message)
        else:
            _finish(run, ImportRun.State.DONE)
    return False


@contextmanager
def _exclusively(run_id: int) -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('import'), %s)", [run_id])
        is_mine = bool(cursor.fetchone()[0])
    try:
        yield is_mine
    finally:
        if is_mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('import'), %s)", [run_id])


def _work(run: ImportRun, until: float) -> bool:
    """True when the time was up first. Raises ArchiveRefused, FolderRefused, NamesRefused."""
    path = archive_of(run)
    if not path.exists():
        require_store()
        raise Refusal("The archive is gone. Upload it again.", code="archive_lost")
    names = {folder: Identity(**identity) for folder, identity in run.names.items()}
    files = _listing(check_archive(path), names).files
    with zipfile.ZipFile(path) as archive:
        members = by_name(archive.infolist())
        for file in files[run.done :]:
            _enrol(run, file, archive, members)
            if time.monotonic() > until:  # after at least one, so that it always gets on
                break
    return run.done < len(files)


def _enrol(
    run: ImportRun,
    file: Entry | RefusedFile,
    archive: zipfile.ZipFile,
    members: Mapping[str, zipfile.ZipInfo],
) -> None:
    """One file, in one transaction with the counters that speak of it."""
    with transaction.atomic():
        run.done += 1
        refused = file if isinstance(file, RefusedFile) else None
        if isinstance(file, Entry):
            try:
                refused = _store(run, file, read_entry(archive, members[file.name]))
            except Refusal as refusal:
                refused = RefusedFile(file.name, refusal.code, refusal.message)
        if refused is not None:
            _list(run, refused)
        run.save(update_fields=["done", "stored", "already"])


def _list(run: ImportRun, refused: RefusedFile) -> None:
    """Add to the list in the database: an erasure may have taken files out since we read it."""
    current = ImportRun.objects.select_for_update().get(pk=run.pk)
    if len(current.refused) < MAX_LISTED:
        current.refused.append(refused.as_json())
        current.save(update_fields=["refused"])


def _store(run: ImportRun, file: Entry, data: bytes) -> RefusedFile | None:
    enrolled, _is_new = enrol_entry(who=file.who, data=data, gallery=run.gallery, by=run.started_by)
    if enrolled.image is None:
        error = enrolled.error or BadPhoto("The photo was not stored.")
        return RefusedFile(file.name, error.code, error.message)
    if enrolled.already:
        run.already += 1
    else:
        run.stored += 1
        run.images.add(enrolled.image)
    return None


def _finish(run: ImportRun, state: ImportRun.State, error: str = "") -> None:
    run.state, run.error, run.names, run.finished_at = state, error, {}, timezone.now()
    run.save(update_fields=["state", "error", "names", "finished_at"])
    transaction.on_commit(lambda: archive_of(run).unlink(missing_ok=True))


def unattended_runs() -> list[int]:
    """Runs nobody is at: their message was lost, or whoever worked on them has died."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM people_importrun r WHERE state = 'running' AND NOT EXISTS ("
            " SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted"
            " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND l.classid = hashtext('import')::oid AND l.objid = r.id::oid) ORDER BY id"
        )
        return [pk for (pk,) in cursor.fetchall()]


def remove_settled_archives() -> int:
    """Delete archives that a crash left behind. Returns how many."""
    removed = 0
    for path in _folder().glob("*.zip"):
        is_old = time.time() - path.stat().st_mtime > ORPHAN_AGE_S
        runs = ImportRun.objects.filter(public_id=path.stem)
        # Young ones without a row belong to an upload that is not yet committed.
        if runs.exclude(state=ImportRun.State.RUNNING).exists() or (is_old and not runs.exists()):
            path.unlink(missing_ok=True)
            removed += 1
    return removed
