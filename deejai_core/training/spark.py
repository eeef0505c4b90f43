"""Exports lists to Apache Spark and imports vectors, as Parquet: for more lists than one machine should learn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.errors import ModelError
from deejai_core.extras import extra
from deejai_core.files import replacing
from deejai_core.refusals import READING, refusal
from deejai_core.training.track2vec import Track2Vec

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 10_000  # lists of a row group: some megabytes, because the writer holds them and Spark splits a file between them
DENSE = 1  # the type of Spark's VectorUDT for dense vectors; the other, 0, has values that are not zero, and their places


def export_lists(lists: Iterable[Sequence[str]], path: Path) -> int:
    """Write lists to one Parquet file with a column `songs` of list<string>, and return their number.

    Each song is written once per list, where it comes first, and lists of one song are left out, as in `track2vec.learn`.
    At most some thousands of lists are in memory. Raises MissingError without pyarrow.
    """
    with extra("spark"):
        import pyarrow as pa
        import pyarrow.parquet as pq
    schema = pa.schema([("songs", pa.list_(pa.string()))])
    unique = (found for songs in lists if len(found := list(dict.fromkeys(songs))) > 1)
    written = 0
    with (
        replacing(path, through_link=True) as temporary,
        temporary.open("wb") as file,  # by Python: errors of pyarrow's own name the temporary file
        pq.ParquetWriter(file, schema) as writer,
    ):
        while rows := list(islice(unique, ROWS)):
            writer.write_table(pa.table({"songs": rows}, schema))
            written += len(rows)
    return written


def import_vectors(path: Path) -> Track2Vec:
    """Return vectors from Spark's `Word2VecModel.getVectors()`, or any Parquet with `word` and list<float> `vector`.

    path: a file, or the folder of files that Spark makes. Vectors are scaled to unit length, in the order of their words,
    because Spark has no order; a vector of length 0 has no direction and is left out. Raises ModelError if the file has
    other content, MissingError without pyarrow.
    """
    with extra("spark"):
        import pyarrow as pa
        import pyarrow.parquet as pq
    if not path.exists():
        raise ModelError(f"{path}: no such file or folder")
    try:
        table = pq.read_table(path, columns=["word", "vector"])
        words = table["word"].to_pylist()
        vectors = _matrix(table["vector"].combine_chunks())
        if None in words or len(set(words)) < len(words):
            raise ValueError("a word is missing, or there twice")
        lengths = np.linalg.norm(vectors, axis=1)
        if not np.isfinite(lengths).all() or not lengths.any():
            raise ValueError("vectors that point nowhere")
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        if isinstance(error, OSError) and error.errno:  # of the system; those about the content have none
            raise ModelError(refusal(path, "cannot be read", error, READING)) from error
        reason = " ".join(str(error).split())
        raise ModelError(f"{path}: not word vectors as Spark writes them ({reason})") from error
    order = [place for place in sorted(range(len(words)), key=words.__getitem__) if lengths[place] > 0]
    return Track2Vec(tuple(words[place] for place in order), vectors[order] / lengths[order, None])


def _matrix(column: pa.Array) -> np.ndarray:
    """Return (n, dimension) float32 from a pyarrow array of lists, or of the structs that Spark makes of its vectors."""
    import pyarrow as pa

    if pa.types.is_struct(column.type):
        if any(kind != DENSE for kind in column.field("type").to_pylist()):
            raise ValueError("some vectors are sparse")
        column = column.field("values")
    lengths = column.value_lengths().unique().to_pylist()
    if len(lengths) != 1 or not lengths[0]:
        raise ValueError("there is none, or not all have the same length")
    numbers: np.ndarray = column.flatten().to_numpy(zero_copy_only=False)
    return numbers.astype(np.float32).reshape(-1, lengths[0])
