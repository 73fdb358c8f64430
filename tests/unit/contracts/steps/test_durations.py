import pytest
from headway import DataError
from headway.contracts import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0), ("250ms", 0.25), ("7us", 7e-6), ("30s", 30), ("15m", 900), ("1h", 3600), ("7d", 604_800),
     ("2w", 1_209_600), ("1d12h", 129_600), ("1h30m", 5400)],
)  # fmt: skip
def test_a_span_is_read_in_microseconds(text, seconds):
    assert parse_duration(text) == seconds * 10**6


@pytest.mark.parametrize(
    "text",
    ["", "1", "h", "-1h", "1.5h", "1 h", "1d 2h", "1y", "1mo", "1h30", "١h", "999999999999d", "5000000d" * 2],
)
def test_what_is_no_span_is_refused(text):
    with pytest.raises(DataError) as caught:
        parse_duration(text)
    assert text in caught.value.what
    assert "15m" in caught.value.hint
