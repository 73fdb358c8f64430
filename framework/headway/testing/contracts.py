# ruff: noqa: S101 - assertions are what a suite is made of
"""What holds for datasets, predictions and reports."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import ClassVar
from xml.etree import ElementTree

from headway.contracts import ROW, Dataset, Predictions, Report, output_columns, output_shape
from headway.testing.artifacts import ArtifactSuite


class DatasetSuite(ArtifactSuite):
    """A `Dataset`. Supply `artifact`."""

    def test_splits_have_the_columns_of_the_schema_after_the_row_id(self, artifact: Dataset) -> None:
        """Order and types are the schema's."""
        import polars as pl

        types = {c.name: getattr(pl, c.dtype) for c in artifact.schema.columns}
        wanted = {ROW: pl.Int64()} | {name: kind if kind.is_nested() else kind() for name, kind in types.items()}
        for name, frame in artifact.splits.items():
            found = frame.collect_schema()
            assert list(found) == list(wanted), f"split '{name}'"
            assert dict(found) == wanted, f"split '{name}'"

    def test_no_row_is_in_two_splits_or_twice_in_one(self, artifact: Dataset) -> None:
        """A row in two splits would be training on the test."""
        import polars as pl

        ids = pl.concat([frame.select(ROW).collect() for frame in artifact.splits.values()])[ROW]
        assert ids.null_count() == 0
        assert ids.n_unique() == len(ids)

    def test_columns_called_complete_have_no_missing_training_values(self, artifact: Dataset) -> None:
        """`Column.nullable` says what the training rows showed."""
        frame = artifact.split("train").collect()
        complete = [c.name for c in artifact.schema.columns if not c.nullable]
        assert [name for name in complete if frame[name].null_count()] == []

    def test_targets_are_columns_and_never_inputs(self, artifact: Dataset) -> None:
        """A target among the inputs would be leaked; of a forecast the past is an input."""
        inputs = {column.name for column in artifact.schema.inputs}
        for target in artifact.schema.targets:
            assert target.column in artifact.schema.by_name
            assert (target.column in inputs) == (target.horizon is not None)

    def test_classes_are_distinct_and_hold_every_target_value(self, artifact: Dataset) -> None:
        """A value outside the classes has no code."""
        for target in artifact.schema.targets:
            if target.classes is None:
                continue
            assert len(set(target.classes)) == len(target.classes) >= 2
            if target.task == "multilabel":
                dtype = artifact.split("train").collect_schema()[target.column]
                assert str(dtype) == f"Array(Boolean, shape=({len(target.classes)},))"
                continue
            for frame in artifact.splits.values():
                values = frame.select(target.column).collect()[target.column].unique().to_list()
                assert set(values) <= set(target.classes)


class PredictionsSuite(ArtifactSuite):
    """A `Predictions`. Supply `artifact`."""

    ORDER: ClassVar[tuple[str, ...]] = (ROW, "split", "target", "weight", "group", "time")

    def test_the_columns_are_the_contract_s_in_its_order(self, artifact: Predictions) -> None:
        """First the row, then what is known of it, then every output."""
        outputs = [name for output in artifact.outputs for name in output_columns(output)]
        known = [name for name in self.ORDER if name in artifact.frame.columns]
        assert artifact.frame.columns == [*known, *outputs]
        assert known[:2] == [ROW, "split"]
        assert ("target" in known) == (artifact.target is not None)

    def test_a_row_is_scored_once(self, artifact: Predictions) -> None:
        """Row ids are unique."""
        assert artifact.frame[ROW].n_unique() == len(artifact.frame)

    def test_outputs_have_their_shapes_and_probabilities_sum_to_one(self, artifact: Predictions) -> None:
        """Steps before classes and levels; sums within the rounding of float32."""
        import numpy as np

        for output in artifact.outputs:
            array = artifact.output(output.name)
            assert array.shape == (len(artifact.frame), *output_shape(output)), output.name
            if output.kind == "probability":
                np.testing.assert_allclose(array.sum(axis=-1), 1, atol=1e-5)
                assert array.min() >= 0
            if output.kind == "marginal":
                assert array.min() >= 0
                assert array.max() <= 1

    def test_it_names_its_predictor(self, artifact: Predictions) -> None:
        """By digest."""
        assert re.fullmatch(r"[0-9a-f]{64}", artifact.predictor)


class _Fetches(HTMLParser):
    """Collects what a page would load or run."""

    LOADING: ClassVar[dict[str, tuple[str, ...]]] = {
        "src": (), "srcset": (), "data": ("object",), "poster": (), "action": (), "background": (),
        "href": ("link", "image", "use"), "xlink:href": ("image", "use"),
    }  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            loads = name in self.LOADING and (not self.LOADING[name] or tag in self.LOADING[name])
            if loads and not (value or "").startswith(("data:", "#")):
                self.found.append(f"<{tag} {name}={value!r}>")
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.found.append(f"<{tag} {name}=…> runs code")
        if tag in ("iframe", "frame", "embed", "object", "base"):
            self.found.append(f"<{tag}>")


class ReportSuite(ArtifactSuite):
    """A `Report`. Supply `artifact`."""

    def test_the_page_is_self_contained(self, artifact: Report) -> None:
        """It opens from a mail or an archive, years later, and fetches nothing."""
        page = _Fetches()
        page.feed(artifact.html)
        assert page.found == []
        assert re.findall(r"@import[^;]*|url\(\s*['\"]?(?!data:|#)[^)]*\)", artifact.html) == []

    def test_the_figures_are_well_formed_and_fetch_nothing(self, artifact: Report) -> None:
        """Each is an SVG document of its own."""
        for figure in artifact.figures:
            root = ElementTree.fromstring(figure.svg)  # noqa: S314 - the plugin's own output
            assert root.tag.endswith("svg"), figure.title
            page = _Fetches()
            page.feed(figure.svg)
            assert page.found == [], figure.title
            assert figure.caption, f"figure '{figure.title}' does not say what to see"

    def test_intervals_are_ordered_and_rest_on_rows(self, artifact: Report) -> None:
        """A number without rows behind it is no evidence."""
        assert 0 < artifact.level < 1
        assert artifact.measurements
        for item in artifact.measurements:
            assert item.rows > 0, item
            assert (item.low is None) == (item.high is None), item
            if item.low is not None and item.high is not None:
                assert item.low <= item.high, item

    def test_it_names_its_predictor_and_agrees_with_its_predictions(self, artifact: Report) -> None:
        """The digest is what deployment compares."""
        assert re.fullmatch(r"[0-9a-f]{64}", artifact.predictor)
        if "model" in artifact.predictions:
            assert artifact.predictions["model"].predictor == artifact.predictor

    def test_tables_are_rectangular(self, artifact: Report) -> None:
        """A row has one cell a column."""
        for table in artifact.tables:
            assert {len(row) for row in table.rows} <= {len(table.columns)}, table.title
