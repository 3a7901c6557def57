"""The only place of FAISS: unit vectors in, the rows nearest by cosine out."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import faiss
import numpy as np

from app.errors import BuildError
from app.index.rows import Matrix, RowFile, Rows, Vector

UNIT_TOLERANCE = 1e-3
EXACT = 10_000
"""Up to so many vectors a search compares them all."""
PROBED = 64
"""Lists that a search of more than EXACT looks into."""
_SAMPLED, _ROUNDS = 64, 10
"""Vectors for each list to find the lists by, and how often they are moved."""
_STEP = 50_000
"""Vectors in memory at a time while an index is built."""

# One question is too short a work to be divided: waiting for a second thread takes longer than the search.
faiss.omp_set_num_threads(1)


def choose_kind(count: int, *, whole: int | None = None, searched: bool = True) -> str:
    """The FAISS factory string for so many vectors; those that are only compared with need no lists.

    Up to EXACT all are compared, in 32 bits. Beyond, vectors take 16 bits a component, and a search looks
    into the PROBED nearest of two to four times sqrt(count) lists (inverted file: Sivic & Zisserman 2003).
    A part of a ``whole`` of so many keeps the whole's precision. docs/growth.md has what that finds.
    """
    if (whole or count) <= EXACT:
        return "IDMap,Flat"
    lists = min(math.ceil(math.log2(2 * math.sqrt(count))), int(math.log2(count)))
    return f"IVF{2**lists},SQfp16" if searched else "SQfp16"


class VectorIndex:
    """Vectors by row, searched by inner product; as all are unit vectors, a score is a cosine."""

    def __init__(self, index: faiss.Index, path: Path | None = None) -> None:
        self._index = index  # the owner of what `kept` and `self._inner` only point into
        kept: Any = faiss.downcast_index(index)
        self._listed = isinstance(kept, faiss.IndexIVF)
        if self._listed:
            kept.nprobe = PROBED
            kept.make_direct_map()
        # Ids are rows, so the inner index's own numbering is the same; the id map cannot reconstruct.
        self._inner: Any = faiss.downcast_index(kept.index) if isinstance(kept, faiss.IndexIDMap) else kept
        self._codes: RowFile | None = None
        if path and isinstance(kept, faiss.IndexScalarQuantizer):  # its file ends with the encoded vectors
            width = kept.sa_code_size()
            self._codes = RowFile(path, width, start=path.stat().st_size - kept.ntotal * width)
        self._exact: Matrix | None = None
        if isinstance(self._inner, faiss.IndexFlat):  # a view of its vectors, good as long as the index is
            shape = (int(self._inner.ntotal), int(self._inner.d))
            self._exact = faiss.rev_swig_ptr(self._inner.get_xb(), shape[0] * shape[1]).reshape(shape)

    @classmethod
    def build(cls, vectors: Matrix, kind: str | None = None) -> VectorIndex:
        """From float32[n, d] unit vectors, which may be mapped; the ids are the rows. Raises BuildError."""
        count, dimension = vectors.shape
        chosen = kind or choose_kind(count)
        index: Any = faiss.index_factory(dimension, chosen, faiss.METRIC_INNER_PRODUCT)
        faiss.omp_set_num_threads(len(os.sched_getaffinity(0)))  # building is work enough to be divided
        try:
            if not index.is_trained:  # the lists are found by a sample, the same at every build
                index.cp.max_points_per_centroid, index.cp.niter = _SAMPLED, _ROUNDS
                rows = np.random.default_rng(1).permutation(count)[: _SAMPLED * index.nlist]
                index.train(np.ascontiguousarray(vectors[np.sort(rows)], dtype=np.float32))
            for start in range(0, count, _STEP):
                part = np.ascontiguousarray(vectors[start : start + _STEP], dtype=np.float32)
                lengths = np.linalg.norm(part, axis=1)
                off = float(np.abs(lengths - 1).max(initial=0.0))
                if off > UNIT_TOLERANCE or not np.isfinite(lengths).all():
                    raise BuildError(
                        f"Vectors must have length 1 (within {UNIT_TOLERANCE}); one is off by {off}."
                    )
                if isinstance(index, faiss.IndexScalarQuantizer):
                    index.add(part)  # it numbers them by itself, and takes no other ids
                else:
                    index.add_with_ids(part, np.arange(start, start + len(part), dtype=np.int64))
        finally:
            faiss.omp_set_num_threads(1)
        return cls(index)

    @classmethod
    def gather(
        cls, parts: Iterable[Matrix], path: Path, *, whole: int | None = None, searched: bool = True
    ) -> VectorIndex:
        """From vectors that come one by one or many at a time, and written; raises BuildError, OSError.

        They wait in a file, so that a large corpus need not fit in memory.
        """
        with TemporaryFile(dir=path.parent) as file:
            for part in parts:
                width = part.shape[-1]
                file.write(part.tobytes())
            file.flush()
            rows = np.memmap(file, dtype=np.float32, mode="r").reshape(-1, width)
            index = cls.build(rows, choose_kind(len(rows), whole=whole, searched=searched))
        index.write(path)
        return index

    @classmethod
    def open(cls, path: Path) -> VectorIndex:
        """What ``write`` wrote, mapped, so that processes share it; its checksum must have been compared.

        Vectors that are only compared with are read row by row instead.
        """
        return cls(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC), path)

    def write(self, path: Path) -> None:
        """As the generation stores it; raises OSError, also where FAISS's own file would be cut short."""
        with path.open("wb") as file:
            writer = faiss.PyCallbackIOWriter(file.write)  # type: ignore[attr-defined]  # not in its types
            faiss.write_index(self._index, writer)

    @property
    def searched(self) -> bool:
        """Whether finding the nearest of all is quick; otherwise rows found elsewhere are compared."""
        return self._listed or self._exact is not None

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """Components of a vector."""
        return int(self._index.d)

    def search(self, vector: Vector, k: int) -> tuple[Rows, Vector]:
        """The rows (int64) and cosines (float32) of at most ``k`` vectors, best first.

        Of equal ones the first, unless only the nearest lists are looked into.
        """
        query, most = vector.reshape(1, -1), min(k, len(self))
        if self._listed:
            cosines, rows = self._index.search(query, most)
            found = rows[0] >= 0  # the lists looked into may hold fewer than k
            return rows[0][found], cosines[0][found]
        cosines, rows = (found[0] for found in self._index.search(query, min(k + 1, len(self))))
        if len(rows) > most and cosines[most] == cosines[most - 1]:  # there are more as good
            least = np.nextafter(cosines[most], np.float32(-2))
            _, cosines, rows = self._index.range_search(query, float(least))
        best = np.lexsort((rows, -cosines))[:most]
        return rows[best], cosines[best]

    def cosines(self, vector: Vector, rows: Rows) -> Vector:
        """The cosine of ``vector`` with each of these rows: float32[len(rows)].

        Of exact vectors as ``search`` gives it, to the last bit, whatever other rows are compared or stored.
        """
        if self._exact is None:
            return np.asarray(self.vectors(rows) @ vector, dtype=np.float32)
        query, found = np.ascontiguousarray(vector, dtype=np.float32), np.empty(len(rows), dtype=np.float32)
        places = np.ascontiguousarray(rows, dtype=np.int64)
        # No other call compares with some rows alone; FAISS takes arrays by their address.
        of, given, among = (faiss.swig_ptr(array) for array in (query, found, places))
        self._inner.compute_distance_subset(1, of, len(rows), given, among)
        return found

    def vectors(self, rows: Rows) -> Matrix:
        """The stored vectors of these rows: float32[len(rows), d]; raises DamagedGeneration."""
        if self._codes is not None:
            return np.asarray(self._inner.sa_decode(self._codes.read(rows)), dtype=np.float32)
        stored: Matrix = self._inner.reconstruct_batch(rows) if self._exact is None else self._exact[rows]
        return stored

    def vector(self, row: int) -> Vector:
        """The stored vector of one row: float32[d]."""
        found: Vector = self.vectors(np.array([row], dtype=np.int64))[0]
        return found
