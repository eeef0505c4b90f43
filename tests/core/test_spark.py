"""Lists out to Spark, and its vectors back."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.errors import ModelError
from deejai_core.training import spark
from deejai_core.training.spark import export_lists, import_vectors

# What Spark 4.0.1 wrote for Word2VecModel.getVectors(), as `pyarrow.parquet.read_schema` shows it.
VECTOR = pa.struct(
    [
        pa.field("type", pa.int8(), nullable=False),
        pa.field("size", pa.int32()),
        pa.field("indices", pa.list_(pa.field("element", pa.int32(), nullable=False))),
        pa.field("values", pa.list_(pa.field("element", pa.float64(), nullable=False))),
    ]
)
SCHEMA = pa.schema([("word", pa.string()), ("vector", VECTOR)], {"org.apache.spark.version": "4.0.1"})


def dense(*values):
    return {"type": 1, "size": None, "indices": None, "values": list(values)}


def write(path, words, vectors, schema=SCHEMA):
    pq.write_table(pa.table({"word": words, "vector": vectors}, schema), path, compression="snappy")


class TestImport:
    def test_a_folder_as_spark_makes_it(self, tmp_path):
        folder = tmp_path / "vectors.parquet"
        folder.mkdir()
        write(folder / "part-00000-56f34f2f-c000.snappy.parquet", ["b", "nowhere"], [dense(0.0, 2.0), dense(0.0, 0.0)])
        write(folder / "part-00001-56f34f2f-c000.snappy.parquet", ["a"], [dense(3.0, 4.0)])
        (folder / "_SUCCESS").touch()
        (folder / "._SUCCESS.crc").write_bytes(b"crc")
        (folder / ".part-00001-56f34f2f-c000.snappy.parquet.crc").write_bytes(b"crc")
        space = import_vectors(folder)
        assert space.words == ("a", "b")
        assert space.vectors == pytest.approx(np.array([[0.6, 0.8], [0, 1]]))
        assert space.vectors.dtype == np.float32

    @pytest.mark.parametrize(
        "kind",
        [pa.list_(pa.float32()), pa.list_(pa.float64()), pa.large_list(pa.float32()), pa.list_(pa.float32(), 2)],
        ids=str,
    )
    def test_plain_lists(self, tmp_path, kind):
        path = tmp_path / "vectors.parquet"
        write(path, ["b", "a"], [[0.0, 1.0], [3.0, 4.0]], pa.schema([("word", pa.string()), ("vector", kind)]))
        assert import_vectors(path).vectors == pytest.approx(np.array([[0.6, 0.8], [0, 1]]))

    @pytest.mark.parametrize(
        ("words", "vectors"),
        [
            (["a", "b"], [dense(1.0, 0.0), dense(1.0)]),
            (["a", "b"], [dense(1.0, 0.0), None]),
            (["a"], [{"type": 0, "size": 2, "indices": [0], "values": [1.0]}]),
            (["a", None], [dense(1.0, 0.0), dense(0.0, 1.0)]),
            (["a", "a"], [dense(1.0, 0.0), dense(0.0, 1.0)]),
            ([], []),
            (["a"], [dense(0.0, 0.0)]),
            (["a"], [dense(float("nan"), 0.0)]),
        ],
        ids=["lengths", "missing", "sparse", "no word", "twice", "empty", "all nowhere", "not a number"],
    )
    def test_what_is_no_table_of_vectors_is_refused(self, tmp_path, words, vectors):
        write(tmp_path / "vectors.parquet", words, vectors)
        with pytest.raises(ModelError, match=r"^.*vectors\.parquet: not word vectors as Spark writes them \(.*\)$"):
            import_vectors(tmp_path / "vectors.parquet")

    def test_other_files_are_refused_in_one_line(self, tmp_path):
        (tmp_path / "text.parquet").write_text("no Parquet")
        export_lists([["a", "b"]], tmp_path / "lists.parquet")
        (tmp_path / "folder").mkdir()
        for name in ("text.parquet", "lists.parquet", "folder"):
            with pytest.raises(ModelError) as raised:
                import_vectors(tmp_path / name)
            assert str(raised.value).startswith(f"{tmp_path / name}: not word vectors")
            assert "\n" not in str(raised.value)
        with pytest.raises(ModelError, match=r"missing\.parquet: no such file or folder"):
            import_vectors(tmp_path / "missing.parquet")


class TestExport:
    def test_a_column_of_lists_of_words(self, tmp_path):
        path = tmp_path / "lists.parquet"
        assert export_lists([["b", "a", "b"], ["alone"], [], ["Sigur Rós", "a"]], path) == 2
        table = pq.read_table(path)
        assert table.to_pylist() == [{"songs": ["b", "a"]}, {"songs": ["Sigur Rós", "a"]}]
        assert table.schema.field("songs").type == pa.list_(pa.string())

    @given(st.lists(st.lists(st.text(max_size=3), unique=True, min_size=2, max_size=4)), st.integers(1, 4))
    def test_whatever_is_in_them(self, tmp_path_factory, lists, rows):
        path = tmp_path_factory.getbasetemp() / "lists.parquet"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(spark, "ROWS", rows)
            assert export_lists(lists, path) == len(lists)
        assert pq.read_table(path)["songs"].to_pylist() == lists

    def test_an_error_leaves_what_was_there(self, tmp_path):
        path = tmp_path / "lists.parquet"
        export_lists([["a", "b"]], path)

        def broken():
            yield ["c", "d"]
            raise OSError("drive is gone")

        with pytest.raises(OSError, match="drive is gone"):
            export_lists(broken(), path)
        assert pq.read_table(path)["songs"].to_pylist() == [["a", "b"]]
        assert [file.name for file in tmp_path.iterdir()] == ["lists.parquet"]
