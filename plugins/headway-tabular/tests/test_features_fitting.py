from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl
import pytest
import torch
from headway import DataError
from headway.contracts import MISSING, POSITION, ROW, TARGET, WEIGHT, Column, Dataset, Graph, Schema, Target, labels
from headway.testing import tiny_dataset
from headway_onnx.graphs import code_name
from headway_tabular.features import columns, fit, outputs
from headway_tabular.features.assembly import Assembly
from headway_tabular.features.columns import Columns
from headway_tabular.features.fit import specs
from headway_tabular.features.folds import FOLDS, draw, folds, mixed, mixed_expression, smallest
from headway_tabular.tabular import Tabular

MIXED = {
    "derive": {"rate": "gain / hours"},
    "cross": {"both": ("work", "education")},
    "columns": {
        "education": ({"vocabulary": {"min_frequency": 60}}, "target_mean"),
        "work": ({"vocabulary": {"min_frequency": 30}},),
        "both": ({"vocabulary": {"min_frequency": 10}}, "one_hot"),
        "age": ("impute", {"bins": {"count": 4}}, "one_hot"),
    },
}


@dataclass(frozen=True)
class Eager:
    """Stands for the graph and its runtime: the transform without its export, which costs seconds."""

    columns: Columns
    branches: list

    files = Graph("onnx", {}).files
    runtime = "onnx"

    def open(self, lookup):
        return self

    def run(self, feeds):
        words = self.columns.vocabularies
        strings = pl.DataFrame({name: pl.Series(list(feeds[name]), dtype=pl.String) for name in words.words})
        given = []
        for name in self.columns.inputs:
            plain = name.removeprefix(code_name(""))
            if plain == name:
                given.append(np.array(feeds[name]))
            elif plain in words.words:
                given.append(np.array(words.words[plain].encode(strings[plain])))
            else:
                given.append(words.encode(plain, strings))
        with torch.no_grad():
            arrays = Assembly(self.columns, self.branches)(*map(torch.from_numpy, given))
        return {
            spec.name: array.numpy() for spec, array in zip(specs(self.columns, self.branches), arrays, strict=True)
        }


@pytest.fixture
def run(make_context, monkeypatch):
    """Runs the stage without its export."""
    monkeypatch.setattr(fit, "_graph", Eager)
    return lambda data, name="features", **fields: Tabular(**fields).run(make_context(name), data)


def dataset(frame, target="y", classes=("no", "yes"), **roles):
    """All rows as training rows, the kinds by their types."""
    kinds = {
        "Int64": "integer",
        "Float64": "numeric",
        "String": "categorical",
        "Boolean": "boolean",
        "Datetime": "timestamp",
    }
    described = tuple(Column(s.name, kinds[type(s.dtype).__name__], type(s.dtype).__name__) for s in frame)
    task = "regression" if classes is None else "classification"
    rows = frame.with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64))
    return Dataset(Schema(described, (Target(target, task, classes),), **roles), {"train": rows.lazy()})


def batch(features, split="train"):
    return features.source(split).batch()


def column(features, name, split="train"):
    spec = next(spec for spec in features.arrays if name in spec.columns)
    return batch(features, split)[spec.name][:, spec.columns.index(name)]


def same(one, other):
    assert one.arrays == other.arrays
    for name in one.sources:
        assert batch(one, name).keys() == batch(other, name).keys()
        for key, array in batch(one, name).items():
            np.testing.assert_array_equal(array, batch(other, name)[key], err_msg=f"{name}, {key}")


def test_rows_in_small_batches_give_what_the_whole_table_gives(run, monkeypatch):
    data = tiny_dataset()
    whole = run(data, **MIXED)
    monkeypatch.setattr(columns, "BATCH", 7)
    monkeypatch.setattr(outputs, "BATCH", 7)
    same(run(data, "small", **MIXED), whole)


def test_it_says_how_many_rows_of_all_splits_are_done(run, recorder, monkeypatch):
    monkeypatch.setattr(outputs, "BATCH", 50)
    sizes = [len(source) for source in run(tiny_dataset(), **MIXED).sources.values()]
    ends = {50 * batch + sum(sizes[:i]) for i in range(len(sizes)) for batch in range(1, sizes[i] // 50 + 1)}
    ends |= {sum(sizes[: i + 1]) for i in range(len(sizes))}
    assert [each.done for each in recorder.progresses] == sorted(ends)
    assert {(each.total, each.unit) for each in recorder.progresses} == {(sum(sizes), "rows")}


def test_statistics_are_those_of_a_fixed_choice_of_rows(run):
    data, fields = tiny_dataset(), {"columns": {"age": ("impute", "scale")}, "only": ("age",)}
    train = data.split("train").collect()
    chosen = smallest(draw(train.lazy(), len(train), 50).collect(), 50)
    assert 20 < len(chosen) <= 50
    alone = run(replace(data, splits={**data.splits, "train": chosen.lazy()}), "alone", **fields)
    some, whole = run(data, fit_rows=50, **fields), run(data, "whole", **fields)
    np.testing.assert_array_equal(batch(some, "test")["numeric"], batch(alone, "test")["numeric"])
    assert (batch(some, "test")["numeric"] != batch(whole, "test")["numeric"]).all()


def test_vocabularies_are_learnt_from_all_rows(run):
    frame = pl.DataFrame({"word": [f"w{i}" for i in range(300)], "y": ["no", "yes"] * 150})
    few, all_rows = (run(dataset(frame), f"{n}", fit_rows=n) for n in (10, 1000))
    same(few, all_rows)
    assert few.arrays[0].cardinalities == (301,)


def test_the_choice_of_rows_is_by_their_ids_alone():
    ids = np.arange(100_000)
    assert (pl.DataFrame({ROW: ids}).select(mixed_expression(ROW)).to_series().to_numpy() == mixed(ids)).all()
    frame = pl.DataFrame({ROW: ids})
    some = smallest(draw(frame.lazy(), len(ids), 1000).collect(), 1000)[ROW]
    assert 800 < len(some) <= 1000
    shuffled = frame.sample(fraction=1, shuffle=True, seed=1)
    assert set(smallest(draw(shuffled.lazy(), len(ids), 1000).collect(), 1000)[ROW]) == set(some)


@pytest.mark.parametrize("group", [None, "number", "word"])
def test_folds_are_even_and_do_not_part_groups(group):
    ids = np.arange(20_000)
    frame = pl.DataFrame({ROW: ids, "number": ids // 10, "word": [f"g{i // 10}" for i in ids]})
    frame = frame.with_columns(pl.when(pl.col("number") == 3).then(None).otherwise(pl.col("number")).alias("number"))
    schema = Schema((Column("y", "numeric", "Float64"),), (Target("y", "regression"),), group=group)
    found = folds(frame, schema)
    assert np.bincount(found, minlength=FOLDS).min() > 3000
    assert (found[:7] == folds(frame.head(7), schema)).all()
    if group is not None:
        assert (
            frame.with_columns(pl.Series("fold", found)).group_by(group).agg(pl.col("fold").n_unique())["fold"].max()
            == 1
        )


def noise(rows=4000, regression=False):
    """A category of 2,000 values that says nothing of the target."""
    random = np.random.default_rng(1)
    target = random.normal(size=rows) if regression else random.choice(["no", "yes"], rows)
    return pl.DataFrame(
        {"word": random.integers(0, 2000, rows).astype(str), "x": random.normal(size=rows), "y": target}
    )


@pytest.mark.parametrize("classes", [("no", "yes"), None])
def test_a_random_category_does_not_predict_the_training_target(run, classes):
    data = dataset(noise(regression=classes is None), classes=classes)
    features = run(data, columns={"word": ({"vocabulary": {}}, {"target_mean": {"smooth": 0.0}})})
    spec = features.arrays[0]
    assert [spec.columns[place] for place in spec.out_of_fold] == ["word_mean"]
    target = batch(features)[TARGET].astype(float)
    own = np.corrcoef(column(features, "word_mean"), target)[0, 1]
    data_seen_anew = replace(data, splits={**data.splits, "seen": data.split("train")})
    leaking = run(data_seen_anew, "leaking", columns={"word": ("vocabulary", {"target_mean": {"smooth": 0.0}})})
    graph = np.corrcoef(column(leaking, "word_mean", "seen"), target)[0, 1]
    assert abs(own) < 0.06
    assert graph > 0.5


def test_what_follows_a_target_mean_is_fitted_on_values_out_of_fold(run):
    features = run(dataset(noise()), columns={"word": ("vocabulary", "target_mean", "scale")}, only=("word",))
    values = column(features, "word_mean").astype(np.float64)
    assert values.mean() == pytest.approx(0, abs=1e-5)
    assert values.std() == pytest.approx(1, abs=1e-5)


def test_few_groups_may_leave_folds_empty(run):
    frame = noise(300).with_columns(pl.Series("g", np.arange(300) % 3))
    data = dataset(frame, group="g")
    schema, rows = data.schema, data.split("train").collect()
    assert folds(rows, schema).max() < FOLDS - 1
    features = run(data, columns={"word": ("vocabulary", {"target_mean": {"smooth": 0.0}})}, only=("word",))
    classes, fold = batch(features)[TARGET], folds(rows, schema)
    others = [classes[fold != number].mean() for number in fold]
    alone = rows["word"].is_unique().to_numpy()
    np.testing.assert_allclose(column(features, "word_mean")[alone], np.array(others, np.float32)[alone], rtol=1e-6)


def test_rows_of_a_group_never_see_each_others_target(run):
    random = np.random.default_rng(0)
    group = np.repeat(np.arange(200), 10)
    frame = pl.DataFrame(
        {"word": group.astype(str), "g": group, "y": np.where(random.random(200) < 0.5, "no", "yes")[group]}
    )
    chain = {"word": ("vocabulary", {"target_mean": {"smooth": 0.0}})}
    apart = run(dataset(frame, group="g"), columns=chain, only=("word",))
    together = run(dataset(frame), "together", columns=chain, only=("word",))
    target = batch(apart)[TARGET].astype(float)
    assert abs(np.corrcoef(column(apart, "word_mean"), target)[0, 1]) < 0.2
    assert np.corrcoef(column(together, "word_mean"), target)[0, 1] > 0.9


def test_flags_go_past_the_transforms_that_follow(run):
    features = run(tiny_dataset(), columns={"hours": ("impute", {"bins": {"count": 4}}, "one_hot")})
    missing = tiny_dataset().split("train").collect()["hours"].is_null()
    assert column(features, "hours_missing").tolist() == missing.cast(pl.Float32).to_list()
    assert len([name for name in features.arrays[0].columns if name.startswith("hours=")]) == 5 - 1


def test_a_cross_is_the_combinations_that_training_knows(run):
    data = tiny_dataset()
    features = run(
        data,
        cross={"both": ("work", "education")},
        columns={"both": ({"vocabulary": {"min_frequency": 9}},)},
        drop=("education",),
    )
    pairs = [
        tuple(MISSING if v is None else v for v in row)
        for row in data.split("train").select("work", "education").collect().rows()
    ]
    known = sorted({pair for pair in pairs if pairs.count(pair) >= 9})
    codes = column(features, "both")
    assert dict(zip(pairs, codes, strict=True)).keys() == set(pairs)
    groups = {code: {pair for pair, own in zip(pairs, codes, strict=True) if own == code} for code in set(codes)}
    assert sorted(pair for code, own in groups.items() if code < len(known) for pair in own) == known
    assert all(len(own) == 1 for code, own in groups.items() if code < len(known))
    assert groups[len(known)] == set(pairs) - set(known)


@pytest.mark.parametrize("chain", [(), ("scale",), ("impute", {"log": {"offset": 0.0}}), ({"clip": {"low": 0}},)])
def test_whatever_may_be_missing_at_the_end_is_imputed_there(run, chain):
    frame = pl.DataFrame({"x": [1.0, None, -5.0, np.inf, 1e300, 2.0], "y": ["no", "yes"] * 3})
    features = run(dataset(frame), columns={"x": chain})
    assert np.isfinite(batch(features)["numeric"]).all()
    assert column(features, "x_missing").tolist()[:2] == [0, 1]


def moments():
    return pl.DataFrame({"when": [datetime(2020, 1, 1, h) for h in range(8)], "y": ["no", "yes"] * 4})


def test_times_may_not_reach_the_end(run):
    with pytest.raises(DataError, match="when: still times at the end"):
        run(dataset(moments()), columns={"when": ()})


def test_times_become_numbers_by_their_parts(run):
    features = run(dataset(moments()), columns={"when": ({"periodic": {"parts": ["hour"]}},)})
    values = batch(features)["numeric"]
    turn = 2 * np.pi * np.arange(8) / 24
    np.testing.assert_allclose(np.hypot(values[:, 0], values[:, 1]), 1, atol=1e-6)
    assert any(np.allclose(values[:, i], np.sin(turn), atol=1e-6) for i in range(values.shape[1]))


def test_a_wrong_kind_within_a_chain_is_named(run):
    with pytest.raises(DataError, match="scale takes numbers, it is given codes: age"):
        run(tiny_dataset(), columns={"age": ("impute", {"bins": {"count": 4}}, "scale")})


@pytest.mark.parametrize(
    ("value", "refused"), [(2**24, False), (2**24 + 1, True), (-(2**24) - 1, True), (2**25, False)]
)
def test_integers_that_float32_would_round_are_refused_unless_they_are_scaled(run, value, refused):
    frame = pl.DataFrame({"id": [0, 1, value, None], "y": ["no", "yes"] * 2})
    run(dataset(frame), "scaled")
    run(dataset(frame), "binned", columns={"id": ("impute", {"bins": {"count": 2}})})
    if not refused:
        assert value in column(run(dataset(frame), columns={"id": ("impute",)}), "id")
        return
    with pytest.raises(DataError, match=rf"'id' holds 1 integer\(s\) beyond 2\^24 .* such as {value}"):
        run(dataset(frame), columns={"id": ("impute",)})


def test_large_integers_of_other_splits_are_refused_too(run):
    data = dataset(pl.DataFrame({"id": [0, 1], "y": ["no", "yes"]}))
    late = data.split("train").with_columns(id=pl.lit(2**24 + 1))
    with pytest.raises(DataError, match="beyond 2\\^24"):
        run(replace(data, splits={**data.splits, "test": late}), columns={"id": ("impute",)})


def test_edges_of_bins_are_those_of_float64(run):
    edge = 1 + 2**-40  # float32 would round it to 1
    values = [0.0, 1.0, np.nextafter(edge, 0), edge, 2.0, 3.0]
    frame = pl.DataFrame({"x": values, "y": ["no", "yes"] * 3})
    features = run(dataset(frame), derive={"above": f"x >= {edge!r}"}, columns={"above": ("impute",)})
    assert column(features, "above").tolist() == [0, 0, 0, 1, 1, 1]


def test_absurd_numbers_stay_finite_without_scaling(run):
    frame = pl.DataFrame({"x": [1.0, 1e300, -1e300, None], "y": ["no", "yes"] * 2})
    assert column(run(dataset(frame), columns={"x": ("impute",)}), "x").tolist() == [
        1,
        np.float32(1e30),
        np.float32(-1e30),
        1,
    ]


def test_no_training_rows_is_explained(run):
    data = tiny_dataset()
    with pytest.raises(DataError, match="has no rows to learn from"):
        run(replace(data, splits={"train": data.split("train").head(0)}))


def test_an_empty_split_has_empty_arrays(run):
    data = tiny_dataset()
    features = run(replace(data, splits={**data.splits, "test": data.split("test").head(0)}))
    assert batch(features, "test")["numeric"].shape == (0, len(features.arrays[0].columns))


@pytest.fixture
def rare():
    return dataset(pl.DataFrame({"x": np.arange(40.0), "w": [2.0] * 40, "y": ["no"] * 30 + ["yes"] * 10}), weight="w")


def test_rare_classes_can_weigh_more(run, rare):
    given = batch(run(rare, balance="weights"))
    np.testing.assert_allclose(given[WEIGHT], np.repeat([2 * 40 / 60, 2 * 40 / 20], [30, 10]), rtol=1e-6)
    assert POSITION not in given


@pytest.mark.parametrize(("method", "rows"), [("under", 20), ("over", 60)])
def test_rows_can_be_left_out_or_repeated(run, rare, method, rows):
    plain, features = run(rare), run(rare, "other", balance=method)
    source = features.source("train")
    given, positions = source.batch(), source.arrays[POSITION]
    assert len(source) == rows
    assert np.bincount(given[TARGET]).tolist() == [rows // 2, rows // 2]
    for name, array in batch(plain).items():
        np.testing.assert_array_equal(given[name], array[positions])


def test_only_the_training_split_is_balanced(run, rare):
    both = replace(rare, splits={**rare.splits, "test": rare.split("train")})
    assert len(run(both, balance="under").source("test")) == 40


def test_a_forecast_takes_its_target_from_the_next_batch(run, monkeypatch):
    monkeypatch.setattr(outputs, "BATCH", 3)
    data = dataset(pl.DataFrame({"y": np.arange(8.0)}), classes=None)
    data = replace(data, schema=replace(data.schema, targets=(Target("y", "regression", horizon=2),)))
    np.testing.assert_array_equal(batch(run(data))[TARGET], labels(data.split("train").collect(), data.schema)[TARGET])


def test_a_second_attempt_starts_clean(run, make_context):
    data, work = tiny_dataset(), make_context("features").work
    first = {n: a.copy() for n, a in batch(run(data)).items()}
    kept = work / "arrays" / "train" / "numeric.npy"
    content = kept.read_bytes()
    kept.write_bytes(content[: len(content) // 2])  # killed while it was written
    (kept.parent / "stale.npy").write_bytes(b"")
    assert batch(run(data)).keys() == first.keys()
    assert kept.read_bytes() == content


def test_saved_files_are_those_that_numpy_would_write(run, tmp_path):
    mapped = replace(run(tiny_dataset()), graph=Graph("onnx", {}))
    held = {
        name: replace(source, arrays={key: np.array(array) for key, array in source.arrays.items()})
        for name, source in mapped.sources.items()
    }
    written = []
    for name, features in (("mapped", mapped), ("held", replace(mapped, sources=held))):
        (tmp_path / name).mkdir()
        features.save(tmp_path / name)
        files = sorted((tmp_path / name).rglob("*.npy"))
        written.append({file.relative_to(tmp_path / name): file.read_bytes() for file in files})
    assert written[0] == written[1]
