# ruff: noqa: S101 - assertions are what a suite is made of
"""What holds for features, models and predictors."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from headway.contracts import (
    POSITION,
    TARGET,
    ArraySpec,
    Dataset,
    Features,
    Lookup,
    Model,
    Output,
    Predictor,
    conform,
    feeds,
    output_shape,
    run_chunked,
)
from headway.errors import DataError
from headway.testing.artifacts import ArtifactSuite, save
from headway.testing.data import rows_for

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


def check_array(array: np.ndarray, spec: ArraySpec, rows: int) -> None:
    """Asserts that `array` is what `spec` promises for `rows` rows."""
    import numpy as np

    assert array.dtype == np.dtype(spec.dtype), spec.name
    assert array.shape == (rows, *spec.shape), spec.name
    if spec.columns:
        assert len(spec.columns) == spec.shape[-1], spec.name
    if spec.out_of_fold:
        assert set(spec.out_of_fold) <= set(range(spec.shape[-1])), spec.name
    if spec.cardinalities is not None:
        assert len(spec.cardinalities) == spec.shape[-1], spec.name
        assert (array >= 0).all(), spec.name
        assert (array < np.asarray(spec.cardinalities)).all(), spec.name


def check_output(array: np.ndarray, output: Output, rows: int) -> None:
    """Asserts that `array` is of the kind that `output` promises."""
    import numpy as np

    assert len(array) == rows, output.name
    if output.kind != "label":
        assert array.dtype == np.float32, output.name
        assert np.isfinite(array).all(), output.name
    if output.kind in ("value", "quantile"):
        assert array.shape == (rows, *output_shape(output)), output.name
    if output.kind == "quantile":
        assert output.levels is not None, output.name
        assert list(output.levels) == sorted(output.levels), output.name
        assert (np.diff(array, axis=-1) >= 0).all(), f"{output.name}: quantiles cross"
    if output.kind in ("probability", "marginal"):
        assert output.classes is not None, output.name
        assert array.shape[-1] == len(output.classes), output.name
        assert array.min() >= 0, output.name
        assert array.max() <= 1 + 1e-5, output.name
    if output.kind == "probability":
        np.testing.assert_allclose(array.sum(axis=-1), 1, atol=1e-5)


class FeaturesSuite(ArtifactSuite):
    """A `Features`. Supply `artifact`, and `data`, the dataset it was fitted on."""

    @pytest.fixture
    def data(self) -> Any:
        """The dataset behind the artifact."""
        pytest.fail(f"{type(self).__name__} must supply the fixture 'data'")

    def test_the_sources_are_what_the_arrays_promise(self, artifact: Features) -> None:
        """Names, types, shapes and code ranges, in every split."""
        import numpy as np

        for name, source in artifact.sources.items():
            batch = source.batch()
            missing = {spec.name for spec in artifact.arrays} - set(batch)
            assert not missing, f"split '{name}'"
            for spec in artifact.arrays:
                check_array(batch[spec.name], spec, len(source))
                assert np.isfinite(batch[spec.name]).all(), f"split '{name}', array '{spec.name}'"

    def test_targets_are_codes_or_floats(self, artifact: Features) -> None:
        """int64 within the classes, or float32: one a row, a step or a label."""
        classes, several = artifact.target.classes or (), artifact.target.task == "multilabel"
        steps = (len(classes),) if several else () if artifact.target.horizon is None else (artifact.target.horizon,)
        for source in artifact.sources.values():
            target = source.batch()[TARGET]
            assert target.shape == (len(source), *steps)
            if several or not classes:
                assert target.dtype == "float32"
                assert not several or set(target.ravel().tolist()) <= {0, 1}
                continue
            assert target.dtype == "int64"
            assert target.min() >= 0
            assert target.max() < len(classes)

    def test_the_graph_gives_the_sources_bit_for_bit(self, artifact: Features, data: Dataset, registry: Lookup) -> None:
        """No skew: what is served is what was trained on, but for training values that were fitted out of fold."""
        import numpy as np

        runtime = artifact.graph.open(registry)
        for name, source in artifact.sources.items():
            rows = conform(data.split(name).collect(), artifact.columns)
            given, batch = run_chunked(runtime, feeds(rows, artifact.columns)), source.batch()
            chosen = source.arrays.get(POSITION, slice(None))
            for spec in artifact.arrays:
                exempt = list(spec.out_of_fold) if name == "train" else []
                served, trained = (np.delete(array, exempt, axis=-1) if exempt else array
                                   for array in (given[spec.name][chosen], batch[spec.name]))  # fmt: skip
                np.testing.assert_array_equal(served, trained, err_msg=f"{name}, {spec}")

    def test_a_row_is_transformed_alike_alone_and_among_others(
        self, artifact: Features, data: Dataset, registry: Lookup
    ) -> None:
        """Batch size decides nothing."""
        import numpy as np

        runtime = artifact.graph.open(registry)
        rows = conform(data.split("train").head(16).collect(), artifact.columns)
        given = feeds(rows, artifact.columns)
        together = runtime.run(given)
        for index in range(len(rows)):
            one = runtime.run({name: array[index : index + 1] for name, array in given.items()})
            for spec in artifact.arrays:
                np.testing.assert_array_equal(one[spec.name][0], together[spec.name][index])

    def test_no_column_is_a_target(self, artifact: Features) -> None:
        """A graph that reads the target could not be served; of a forecast it may read the past."""
        if artifact.target.horizon is None:
            assert artifact.target.column not in {column.name for column in artifact.columns}


class ModelSuite(ArtifactSuite):
    """A `Model`. Supply `artifact`; `batch` if random arrays would not do.

    Attributes:
        ATOL: How far the export may be from the framework's own prediction, absolutely.
        RTOL: The same, relative to the largest absolute value of the output.
    """

    ATOL: ClassVar[float] = 1e-5
    RTOL: ClassVar[float] = 1e-5

    @pytest.fixture
    def batch(self, artifact: Model) -> dict[str, np.ndarray]:
        """Random arrays of 51 rows that fit the model's inputs."""
        import numpy as np

        random = np.random.default_rng(0)
        return {spec.name: _arrays(random, spec, 51) for spec in artifact.inputs}

    def test_predictions_are_what_the_outputs_promise(self, artifact: Model, batch: Mapping[str, np.ndarray]) -> None:
        """Names, types, shapes; probabilities sum to one."""
        given = artifact.predict(batch)
        assert list(given) == [output.name for output in artifact.outputs]
        for output in artifact.outputs:
            check_output(given[output.name], output, _rows(batch))

    def test_predicting_twice_gives_the_same_bits(self, artifact: Model, batch: Mapping[str, np.ndarray]) -> None:
        """No dropout, no noise."""
        import numpy as np

        first, second = artifact.predict(batch), artifact.predict(batch)
        for name, array in first.items():
            np.testing.assert_array_equal(array, second[name])

    def test_a_loaded_model_predicts_the_same_bits(
        self, artifact: Model, batch: Mapping[str, np.ndarray], registry: Lookup, tmp_path: Path
    ) -> None:
        """Weights and architecture are all there is."""
        import numpy as np

        save(artifact, tmp_path / "saved")
        loaded = type(artifact).load(tmp_path / "saved", registry)
        given = loaded.predict(batch)
        for name, array in artifact.predict(batch).items():
            np.testing.assert_array_equal(given[name], array)

    def test_the_export_agrees_with_the_framework(
        self, artifact: Model, batch: Mapping[str, np.ndarray], registry: Lookup
    ) -> None:
        """Within `ATOL` and `RTOL`."""
        import numpy as np

        given = artifact.export().open(registry).run(batch)
        for name, array in artifact.predict(batch).items():
            allowed = self.ATOL + self.RTOL * float(np.abs(array).max())
            np.testing.assert_allclose(given[name], array, rtol=0, atol=allowed, err_msg=name)

    def test_exporting_twice_gives_the_same_bytes(self, artifact: Model) -> None:
        """The exported graph is cached and addressed by content."""
        assert artifact.export().files == artifact.export().files

    def test_its_metrics_and_history_are_finite_numbers(self, artifact: Model) -> None:
        """They are stored as JSON, which knows no NaN."""
        import math

        for row in (artifact.metrics, *artifact.history):
            assert [name for name, value in row.items() if not math.isfinite(value)] == []


class PredictorSuite(ArtifactSuite):
    """A `Predictor`. Supply `artifact`; `rows` (in the form of the dataset) if random ones would not do.

    Attributes:
        BATCH_ATOL: How much a prediction may depend on the batch it is in; 0 asks for equal bits.
    """

    BATCH_ATOL: ClassVar[float] = 0.0

    @pytest.fixture
    def rows(self, artifact: Predictor) -> pl.DataFrame:
        """40 random rows with missing and never seen values."""
        return rows_for(artifact.columns)

    def test_scores_are_what_the_outputs_promise(
        self, artifact: Predictor, rows: pl.DataFrame, registry: Lookup
    ) -> None:
        """Names, types, shapes; probabilities sum to one."""
        given = artifact.open(registry)(rows)
        assert {output.name for output in artifact.outputs} <= set(given)
        for output in artifact.outputs:
            check_output(given[output.name], output, len(rows))

    def test_a_row_is_scored_alike_alone_and_among_others(
        self, artifact: Predictor, rows: pl.DataFrame, registry: Lookup
    ) -> None:
        """Neither batch size nor order decides a prediction; where columns have a history, the order does."""
        import numpy as np

        scorer = artifact.open(registry)
        together = scorer(rows)
        single = [scorer(rows.slice(index, 1), rows.head(index)) for index in range(len(rows))]
        backwards = scorer(rows.reverse()) if not artifact.history else None
        for name in (output.name for output in artifact.outputs if output.kind != "label"):
            joined = np.concatenate([one[name] for one in single])
            np.testing.assert_allclose(joined, together[name], rtol=0, atol=self.BATCH_ATOL)
            if backwards is not None:
                np.testing.assert_allclose(backwards[name][::-1], together[name], rtol=0, atol=self.BATCH_ATOL)

    def test_no_later_row_decides_a_prediction(self, artifact: Predictor, rows: pl.DataFrame, registry: Lookup) -> None:
        """What lies ahead is not known when a row is scored."""
        import numpy as np

        scorer, half = artifact.open(registry), len(rows) // 2
        together, first = scorer(rows), scorer(rows.head(half))
        for name in (output.name for output in artifact.outputs if output.kind != "label"):
            np.testing.assert_allclose(first[name], together[name][:half], rtol=0, atol=self.BATCH_ATOL)

    def test_other_columns_and_their_order_are_ignored(
        self, artifact: Predictor, rows: pl.DataFrame, registry: Lookup
    ) -> None:
        """Rows may come with more than is needed."""
        import numpy as np
        import polars as pl

        scorer = artifact.open(registry)
        shuffled = rows.select(reversed(rows.columns)).with_columns(pl.lit(1).alias("not an input"))
        first, second = scorer(rows), scorer(shuffled)
        for output in artifact.outputs:
            np.testing.assert_array_equal(second[output.name], first[output.name])

    def test_a_missing_column_is_named(self, artifact: Predictor, rows: pl.DataFrame, registry: Lookup) -> None:
        """The user is told which."""
        first = artifact.columns[0].name
        with pytest.raises(DataError, match=f"'{first}'"):
            artifact.open(registry)(rows.drop(first))

    def test_the_digest_survives_a_round_trip_and_ignores_the_evidence(
        self, artifact: Predictor, registry: Lookup, tmp_path: Path
    ) -> None:
        """It stands for what decides a prediction, and nothing else."""
        save(artifact, tmp_path / "saved")
        assert type(artifact).load(tmp_path / "saved", registry).digest == artifact.digest
        assert dataclasses.replace(artifact, evidence={"other": 1}).digest == artifact.digest
        assert dataclasses.replace(artifact, outputs=()).digest != artifact.digest


def _rows(batch: Mapping[str, np.ndarray]) -> int:
    return len(next(iter(batch.values())))


def _arrays(random: np.random.Generator, spec: ArraySpec, rows: int) -> np.ndarray:
    import numpy as np

    if spec.cardinalities is not None:
        return random.integers(0, np.asarray(spec.cardinalities), (rows, *spec.shape)).astype(spec.dtype)
    return random.normal(size=(rows, *spec.shape)).astype(spec.dtype)
