"""Day summaries as files to keep, for the API and the staff pages alike."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.http import StreamingHttpResponse

from recognition.attendance import days, exports
from recognition.attendance.days import Asked

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def csv_of(*, asked: Asked, now: datetime) -> StreamingHttpResponse:
    lines = exports.as_csv(days.each(asked=asked, now=now))
    return _download(lines, f"{CSV}; charset=utf-8", exports.file_name(asked, "csv"))


def xlsx_of(*, asked: Asked, now: datetime) -> StreamingHttpResponse:
    """Whole before the first byte is sent: half a workbook is none. Raises TooManyRows."""
    exports.check_rows(asked)
    file = exports.as_xlsx(days.each(asked=asked, now=now))
    return _download(exports.Chunks(file), XLSX, exports.file_name(asked, "xlsx"))


def _download(
    content: Iterable[str] | Iterable[bytes], content_type: str, name: str
) -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(content, content_type=content_type, headers=headers)
