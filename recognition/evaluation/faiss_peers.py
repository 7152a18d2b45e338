"""FAISS's indexes, in memory, as yardsticks. A package of the benches alone."""

from __future__ import annotations

import logging
import os
import time
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from people.vectors import Vector

logging.getLogger("faiss.loader").setLevel(logging.WARNING)

Ids = NDArray[np.int64]

_WALKS = (16, 32, 64, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096)


class Flat:
    """Compares with everybody. One probe keeps one thread busy, so the vectors are spread over
    as many parts as make it fastest."""

    def __init__(self, vectors: Vector) -> None:
        import faiss

        faiss.omp_set_num_threads(len(os.sched_getaffinity(0)))
        self._whole = faiss.IndexFlatL2(vectors.shape[1])
        self._whole.add(vectors)
        self.threads, self._fastest = 1, self._whole
        best = self._median_ms(self._whole, vectors)
        for threads in range(2, len(os.sched_getaffinity(0)) + 1):
            parts = _in_parts(vectors, threads)
            took = self._median_ms(parts, vectors)
            if took < best:
                best, self.threads, self._fastest = took, threads, parts

    def _median_ms(self, index: Any, vectors: Vector) -> float:
        times = []
        for vector in vectors[:30]:
            started = time.perf_counter()
            index.search(vector[None], 2)
            times.append(time.perf_counter() - started)
        return median(times) * 1000

    def nearest(self, probes: Vector) -> Ids:
        """Whose template is nearest, by position; many probes at once."""
        return np.asarray(self._whole.search(probes, 1)[1][:, 0])

    def nearest_to(self, probe: Vector) -> int:
        return int(self._fastest.search(probe[None], 2)[1][0, 0])


def _in_parts(vectors: Vector, count: int) -> Any:
    import faiss

    threaded = ids_go_on = True  # it takes no names
    make: Any = faiss.IndexShards
    parts = make(vectors.shape[1], threaded, ids_go_on)
    for part in np.array_split(vectors, count):
        index: Any = faiss.IndexFlatL2(vectors.shape[1])
        index.add(part)
        parts.add_shard(index)
        index.this.disown()  # the parts keep them
    parts.own_indices = True
    return parts


class Graph:
    """HNSW with the parameters of ours; build_s: how long it took on every core."""

    def __init__(self, vectors: Vector, *, links: int, candidates: int) -> None:
        import faiss

        self._index = faiss.IndexHNSWFlat(vectors.shape[1], links)
        self._index.hnsw.efConstruction = candidates
        self.recall = 0.0
        started = time.perf_counter()
        self._index.add(vectors)
        self.build_s = time.perf_counter() - started

    def tune(self, probes: Vector, flat: Flat, recall: float) -> None:
        """The shortest walk whose recall@1 is at least this."""
        exact = flat.nearest(probes)
        for walk in _WALKS:
            self._index.hnsw.efSearch = walk
            found = self._index.search(probes, 1)[1][:, 0]
            self.recall = float(np.mean(found == exact))
            if self.recall >= recall:
                return

    def nearest_to(self, probe: Vector) -> int:
        return int(self._index.search(probe[None], 2)[1][0, 0])

    def rate(self, probes: Vector) -> float:
        """Searches a second, many probes at once, on every core."""
        started = time.perf_counter()
        self._index.search(probes, 2)
        return len(probes) / (time.perf_counter() - started)
