import fsspec
import pytest
from headway.testing import tiny_table
from headway_tabular.table import Table


@pytest.fixture
def table(tmp_path):
    """Writes a frame as a file and gives the stage that reads it."""

    def make(frame=None, name="rows.csv", **fields):
        frame = tiny_table(200) if frame is None else frame
        path = tmp_path / name
        frame.write_parquet(path) if name.endswith("parquet") else path.write_text(frame.write_csv())
        return Table(path=str(path), **({"target": "income"} | fields))

    return make


@pytest.fixture
def memory():
    """A file system in memory, empty before and after."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]
