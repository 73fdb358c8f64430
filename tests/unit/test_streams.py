import errno
import os
import subprocess
import sys

import pytest
from headway.streams import lasting


@pytest.fixture
def unread():
    """A text stream on a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        yield stream


def test_a_stream_that_nobody_reads_goes_silent(unread):
    said = lasting(unread)
    for text in ("one", "two"):
        print(text, file=said, flush=True)
    unread.flush()  # what was buffered is gone, too


def test_what_cannot_be_written_is_dropped_where_there_is_no_file():
    class Full:
        def write(self, text):
            raise OSError(errno.ENOSPC, "no space left")

        def fileno(self):
            raise OSError("no file")

    assert lasting(Full()).write("one") == 3


def test_what_is_read_comes_through(tmp_path):
    with (tmp_path / "log").open("w") as stream:
        print("one", file=lasting(stream), flush=True)
        assert (tmp_path / "log").read_text() == "one\n"
        assert lasting(stream).fileno() == stream.fileno()


def test_python_ends_as_if_all_had_been_read():
    code = (
        "import sys; from headway.streams import lasting\nprint(1, file=lasting(sys.stdout), flush=True); sys.exit(3)"
    )
    reader, writer = os.pipe()
    os.close(reader)
    assert subprocess.run([sys.executable, "-c", code], stdout=writer, timeout=60).returncode == 3
    os.close(writer)
