"""What a web process holds once it has the networks and has answered."""

from concurrent.futures import ThreadPoolExecutor

import psutil
from django.conf import settings

from people.images import Photo
from recognition.engine.sessions import has_bf16
from recognition.evaluation import http_speed
from recognition.evaluation.bench_engine import a_portrait, scenes
from recognition.evaluation.bench_find import a_site
from recognition.evaluation.bench_rows import Row

MOST_MB = 450
# As many at once as a process has threads, again and again: what a busy one comes to.
AT_ONCE, IN_ALL = 8, 40


def rows(*, full: bool) -> list[Row]:
    """The resident memory of one gunicorn worker, after probes of 720p that came at once."""
    photo = Photo(scenes(a_portrait(settings.MODELS_DIR))["1280x720"], sha256="").jpeg()
    key = a_site(photo)
    rows = _rows("", photo, key, least=1.0)
    if full and has_bf16():
        # OpenVINO, which runs it, keeps more; at fp32 it is not used.
        rows += _rows(", bf16", photo, key, least=None, ENGINE_PRECISION="bf16")
    return rows


def _rows(
    how: str, photo: bytes, key: str, *, least: float | None, **environment: str
) -> list[Row]:
    with http_speed.web_server(settings.VAR_DIR / "bench.log", **environment) as port:
        target = http_speed.Target(port, "/api/v1/recognize/", key, photo)
        http_speed.asking(target)()
        after_one = _largest_process_mb()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda _: http_speed.asking(target)(), range(IN_ALL)))
        after_many = _largest_process_mb()
    return [
        Row(
            work=f"memory of a web process{how}, {probes}",
            against=f"{MOST_MB} MB",
            ours=used,
            theirs=MOST_MB,
            unit="MB",
            ratio=MOST_MB / used,
            least=promised,
        )
        for probes, used, promised in (
            ("networks loaded, one probe", after_one, least),
            # What the pictures of a rush take on top is told, not promised.
            (f"{IN_ALL} probes, {AT_ONCE} at once", after_many, None),
        )
    ]


def _largest_process_mb() -> float:
    """Of the web server that this process started: the worker is the one with the networks."""
    started = psutil.Process().children(recursive=True)
    web = [process for process in started if "gunicorn" in " ".join(process.cmdline())]
    return float(max(process.memory_info().rss for process in web)) / 1e6
