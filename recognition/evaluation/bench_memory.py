"""What a web process holds once it has the networks and has answered."""

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import psutil
from django.conf import settings

from people.images import Photo
from people.models import FaceImageSource, Gallery, Person
from people.services import enrol_photo
from recognition.devices import add_device
from recognition.enrolment import embed_images
from recognition.evaluation import http_speed
from recognition.evaluation.bench_engine import a_portrait, scenes
from recognition.evaluation.bench_rows import Row
from recognition.queueing import kept_in_process

MOST_MB = 450
# As many at once as a process has threads, again and again: what a busy one comes to.
AT_ONCE, IN_ALL = 8, 40


def rows(*, full: bool) -> list[Row]:
    """The resident memory of one gunicorn worker, after probes of 720p that came at once."""
    photo = Photo(scenes(a_portrait(settings.MODELS_DIR))["1280x720"], sha256="").jpeg()
    key = _enrol(photo)
    with http_speed.web_server(settings.VAR_DIR / "bench.log") as port:
        target = http_speed.Target(port, "/api/v1/recognize/", key, photo)
        _ask(target)
        after_one = _largest_process_mb()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda _: _ask(target), range(IN_ALL)))
        after_many = _largest_process_mb()
    return [
        Row(
            work=f"memory of a web process, {probes}",
            against=f"{MOST_MB} MB",
            ours=used,
            theirs=MOST_MB,
            unit="MB",
            ratio=MOST_MB / used,
            least=1.0,
        )
        for probes, used in (
            ("networks loaded, one probe", after_one),
            (f"{IN_ALL} probes, {AT_ONCE} at once", after_many),
        )
    ]


def _enrol(photo: bytes) -> str:
    """One person in a gallery; gives the key of a device there."""
    gallery = Gallery.objects.create(name="Bench")
    person = Person.objects.create(full_name="The person of the photo")
    person.galleries.add(gallery)
    with kept_in_process() as kept:
        enrol_photo(person=person, data=photo, source=FaceImageSource.COMMAND)
    embed_images(kept)
    return add_device(name="Bench", galleries=[gallery]).key


def _ask(target: http_speed.Target) -> None:
    connection = HTTPConnection("127.0.0.1", target.port, timeout=http_speed.PATIENCE_S)
    connection.request("POST", target.path, target.body(), target.headers())
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"the site answered {answer.status}")


def _largest_process_mb() -> float:
    """Of the web server that this process started: the worker is the one with the networks."""
    started = psutil.Process().children(recursive=True)
    web = [process for process in started if "gunicorn" in " ".join(process.cmdline())]
    return float(max(process.memory_info().rss for process in web)) / 1e6
