import gzip

import pytest
from headway import DataError
from headway_deployment.reading import open_source


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,c\n1,2,3\n4,5\n", "line 3 has 2 fields, the header has 3"),
        ("a,b\n1,2,3\n", "line 2 has 3 fields, the header has 2"),
        ("a,b\n1,2\n\n3,4\n", "line 3 is blank, the header has 2"),
        ("a,b\n1,2\n   \n", "line 3 has 1 field, the header has 2"),
        ("a,b,a\n1,2,3\n", "names a column twice: a"),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz"])
def test_records_that_training_refuses_are_not_filled_up(tmp_path, text, message, suffix):
    path = tmp_path / f"rows{suffix}"
    given = (text.replace(",", "\t") if suffix == ".tsv" else text).encode()
    path.write_bytes(gzip.compress(given) if suffix.endswith(".gz") else given)
    with pytest.raises(DataError, match=message):
        open_source(path)


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n",
        "\ufeffa,b\r\n1,2\r\n",
        "\na,b\n1,2",
        'a,b\n"x,\ny",2\n',
        "a\n1\n\n2\n",
        "a,b\n",
    ],
)
def test_whole_records_are_read(tmp_path, text):
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8", newline="")
    source = open_source(path)
    assert list(source.schema) == (["a"] if text.startswith("a\n") else ["a", "b"])
    list(source.batches(["a"]))
