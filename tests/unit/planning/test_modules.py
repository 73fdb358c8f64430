import pytest
from headway.planning.modules import Scanner
from headway.store import Remembered, open_store


@pytest.fixture
def scan(tmp_path):
    """The modules that some modules reach, one of them a plugin's package in a folder."""
    (tmp_path / "mine").mkdir()
    remembered = Remembered(open_store(tmp_path / "store").records)

    def found(*names, source=""):
        (tmp_path / "mine" / "__init__.py").write_text(source)
        return Scanner({"mine": (tmp_path / "mine",)}, {}, remembered).scan(names).modules

    return found


def test_a_metric_that_is_reached_by_name_brings_what_it_is_based_on(scan):
    assert {"headway.metrics.classification", "headway.metrics.base"} <= set(scan("headway.metrics.classification"))


def test_a_plugins_own_metric_brings_what_it_is_based_on(scan):
    assert "headway.metrics.base" in scan("mine", source="from headway.metrics import RowMetric")
    assert "headway.metrics.base" in scan("mine", source="import headway.metrics")


def test_of_headway_only_what_decides_results_is_followed(scan):
    found = scan("mine", source="import headway.store, headway.metrics_of_others\nfrom headway import Stage")
    assert {name for name in found if not name.startswith("headway.contracts")} == {"mine"}
