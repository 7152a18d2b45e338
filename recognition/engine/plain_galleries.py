"""deepface's own ways to know many people, filled by hand: the yardsticks for searching.

Filling them through deepface would embed every photo; what is written here is what it writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recognition.engine.plain_deepface import PlainDeepFace
from recognition.engine.types import Embeddings, Pixels

_SETTINGS = {"model_name": "Facenet", "detector_backend": "centerface"}
# As `find` names it for these settings.
_DATASTORE = "ds_model_facenet_detector_centerface_aligned_normalization_base_expand_0.npz"
# What its embeddings have for length, about: it compares by the cosine.
_LENGTH = 10.0


class PlainFolder:
    """`DeepFace.find` on a folder of photos that it has embedded before."""

    def __init__(self, models_dir: Path, folder: Path, vectors: Embeddings, photo: bytes) -> None:
        """vectors: (n, 128), one for each copy of `photo` in the folder. Raises WeightsMissing."""
        PlainDeepFace(models_dir)
        from deepface.commons.image_utils import find_image_hash
        from deepface.modules import filestore, recognition

        self._folder = folder
        paths = []
        for number in range(len(vectors)):
            path = folder / f"{number // 1000:04}" / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(photo)
            paths.append(path)
        save = getattr(recognition, "__save_representations")
        save(
            store=filestore.build_file_store(str(folder)),
            datastore_path=str(folder / _DATASTORE),
            datastore_format="npz",
            representations=[
                {
                    "identity": str(path),
                    "hash": find_image_hash(str(path)),
                    "embedding": (vector * _LENGTH).tolist(),
                    **dict.fromkeys(("target_x", "target_y", "target_w", "target_h"), 0),
                }
                for path, vector in zip(paths, vectors, strict=True)
            ],
        )

    def find(self, photo: Pixels, **options: Any) -> int:
        """How many it found, as its documentation calls it: it looks for new photos each time.

        photo: (height, width, 3) uint8 RGB. options: of `DeepFace.find`.
        """
        from deepface import DeepFace

        found = DeepFace.find(
            np.ascontiguousarray(photo[:, :, ::-1]),
            db_path=str(self._folder),
            silent=True,
            **_SETTINGS,
            **options,
        )
        return len(found[0])

    def find_faster(self, photo: Pixels) -> int:
        """The same, as fast as it can."""
        return self.find(photo, refresh_database=False, return_type="dict")


class PlainTable:
    """`DeepFace.search` on its table in Postgres."""

    def __init__(self, models_dir: Path, connection: Any, vectors: Embeddings) -> None:
        """connection: of psycopg, to a database where it may make its tables."""
        PlainDeepFace(models_dir)
        from deepface.modules.database.postgres import PostgresClient

        PostgresClient(connection=connection)  # makes the tables
        self._connection = connection
        with (
            connection.cursor() as cursor,
            cursor.copy(
                "COPY embeddings (img_name, face, face_shape, model_name, detector_backend,"
                " aligned, l2_normalized, embedding, face_hash, embedding_hash) FROM STDIN"
            ) as copy,
        ):
            for row in _rows(vectors):
                copy.write_row(row)
        connection.commit()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE embeddings")
        connection.commit()

    def search(self, photo: Pixels) -> int:
        """How many it found, by its exact search. photo: an aligned face, as for `PlainFolder`."""
        from deepface import DeepFace

        found = DeepFace.search(
            np.ascontiguousarray(photo[:, :, ::-1]),
            model_name="Facenet",
            detector_backend="skip",
            search_method="exact",
            connection=self._connection,
        )
        return len(found[0]) if found else 0


def _rows(vectors: Embeddings) -> Iterator[Sequence[object]]:
    face = np.zeros((1, 1, 3), np.float32)  # it never reads them when it searches
    for number, vector in enumerate(vectors * _LENGTH):
        yield (
            f"{number}.jpg", face.tobytes(), list(face.shape), "Facenet", "skip",
            True, False, vector.tolist(), f"{number}", f"{number}",
        )  # fmt: skip
