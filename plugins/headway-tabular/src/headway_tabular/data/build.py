"""How the rows of a source become a `Dataset`: nothing is held in memory whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from headway import Context, DataError
from headway.contracts import NUMBERS, ROW, Dataset, NullValues, Recipe, Schema, Target
from headway.contracts.steps.joins import PAST
from headway.errors import Place, room_in

from headway_tabular.data.kinds import columns_of, kinds_of
from headway_tabular.data.known import AFTER, known_at
from headway_tabular.data.labels import packed
from headway_tabular.data.mixed import mixed
from headway_tabular.data.recipes import brought, check_columns, recipe_of, tables_of, used
from headway_tabular.data.targets import missing_targets, target_of
from headway_tabular.quality.leakage import findings, settle
from headway_tabular.quality.validation import enforce
from headway_tabular.sources.faults import readable
from headway_tabular.sources.streams import SLICE, in_slices
from headway_tabular.sources.typed import Typed, typed
from headway_tabular.splits.assign import assign, divided

if TYPE_CHECKING:
    from headway_tabular.table import Rows


def build_dataset(table: Rows, context: Context) -> Dataset:
    """Reads, types, checks and divides the rows of a table; raises `DataError` for whatever does not fit."""
    made, recipe = _made(table, source_rows(table, context.work), context)
    kept = _with_target(made, table, context)
    rows = in_slices(kept)
    roles = {*table.targets, table.time, table.group, table.weight, table.split.column}
    given = _given_kinds(table, rows)
    kinds = kinds_of(rows.drop(ROW), given, roles)
    _tell_kinds(rows, {name: kind for name, kind in kinds.items() if name not in {*given, *roles}}, context)
    _check_weight(table, rows, kinds)
    target = target_of(rows, table, kinds)
    splits = _divided(table, kept, target)
    if table.split.column is not None:
        splits = {name: part.drop(table.split.column) for name, part in splits.items()}
        del kinds[table.split.column]
    if target.task == "multilabel":
        rows, splits = packed(rows, target), {name: packed(part, target) for name, part in splits.items()}
        kinds = {name: kind for name, kind in kinds.items() if name not in table.targets} | {target.column: "tensor"}
    known = {name: when for name, when in known_at(table.available_at, recipe).items() if name in kinds}
    schema = _schema(table, rows, splits["train"], kinds, target, known)
    by_time = table.split.by == "time"
    settle(findings(schema, splits, available_at=known, levels=table.checks, by_time=by_time), context)
    return Dataset(schema, splits, recipe)


def source_rows(table: Rows, work: Path) -> Typed:
    """The rows of a source, typed and numbered by `ROW`: what rules and profiles are about.

    Raises:
        DataError: The source cannot be read, has no rows, or lacks columns that the config names.
    """
    raw = table.source(work)
    names = raw.collect_schema().names()
    _refuse_reserved(names)
    _check_names(table, names)
    plain = NullValues(table.null_values).apply(raw.drop(_unused(table, names)))
    rows = typed(plain, {name: kind for name, kind in table.kinds.items() if name in names}, table.reading)
    return replace(rows, frame=rows.frame.with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64)))


def _refuse_reserved(names: Collection[str]) -> None:
    for name in (ROW, PAST):
        if name in names:
            what = f"a column is named '{name}', which rows are numbered and told apart by"
            raise DataError(what, hint="rename it, or give all names in data.read.names", code="reserved-column")


def _unused(table: Rows, names: Collection[str]) -> list[str]:
    """Columns that are left out and that nothing needs before they are: they are not even read."""
    return [name for name in table.drop if name in names and name not in used(table)]


def _made(table: Rows, rows: Typed, context: Context) -> tuple[pl.LazyFrame, Recipe]:
    """The rows after rules, joins, windows and omissions, in a file of the work folder, from which all else is read."""
    enforced = enforce(rows.frame, table.rules)
    for violation in enforced.violations:
        context.log.warning("data.rules.%s (%s)", violation, table.rules[violation.column].otherwise)
    tables = tables_of(table, context.work)
    recipe = recipe_of(table, rows.columns, enforced.steps, tables)
    whole = recipe.apply(enforced.frame, {name: further.frame for name, further in tables.items()})
    _check_roles(table, whole.collect_schema().names())
    with readable(table.called):
        return _landed(whole.drop(_left_out(table, whole)), context.work / "rows.parquet"), recipe


def _landed(rows: pl.LazyFrame, path: Path) -> pl.LazyFrame:
    """The same rows, from a file in row groups of which `SLICE` has whole ones."""
    try:
        with room_in(path.parent):
            rows.sink_parquet(path, compression="lz4", row_group_size=SLICE // 2)
    except BaseException:
        path.unlink(missing_ok=True)  # half a file only takes room
        raise
    return pl.scan_parquet(path, glob=False)


def _left_out(table: Rows, whole: pl.LazyFrame) -> list[str]:
    names = whole.collect_schema().names()
    return [name for name in table.drop if name in names]


def _with_target(rows: pl.LazyFrame, table: Rows, context: Context) -> pl.LazyFrame:
    lost = missing_targets(rows, table.targets)
    total, count = rows.select(pl.len(), lost.sum().alias("lost")).collect(engine="streaming").row(0)
    if not count:
        return rows
    if not table.drop_missing_target:
        raise DataError(
            f"the target '{', '.join(table.targets)}' is missing in {count} of {total} rows",
            hint="data.drop_missing_target=true leaves them out",
            code="missing-target",
        )
    context.log.info("left out %d rows without a target", count)
    return _landed(rows.filter(~lost), context.work / "kept.parquet")


def _divided(table: Rows, kept: pl.LazyFrame, target: Target) -> dict[str, pl.LazyFrame]:
    codes = assign(
        in_slices(kept),
        table.split,
        table.seed,
        target=target.column,
        is_classification=target.task == "classification",
        time=table.time,
        group=table.group,
    )
    return divided(kept, codes)


def _schema(
    table: Rows,
    rows: pl.LazyFrame,
    train: pl.LazyFrame,
    kinds: Mapping[str, str],
    target: Target,
    known: Mapping[str, str],
) -> Schema:
    columns = columns_of(rows, train, kinds)
    late = tuple(name for name, when in known.items() if when == AFTER and name != target.column)
    return Schema(columns, (target,), table.time, table.group, table.weight, table.sensitive, late)


def _given_kinds(table: Rows, rows: pl.LazyFrame) -> dict[str, str]:
    """The kinds that the config gives to columns, those of further tables by the names they got."""
    names = rows.collect_schema().names()
    given = dict(table.kinds)
    for name, join in table.join.items():
        names_there = brought(name, join, list(join.kinds))
        given |= {names_there[column]: kind for column, kind in join.kinds.items() if column in names_there}
    return {name: kind for name, kind in given.items() if name in names}


def _tell_kinds(rows: pl.LazyFrame, found: Mapping[str, str], context: Context) -> None:
    for kind in ("identifier", "text"):
        names = [name for name, each in found.items() if each == kind]
        if names:
            context.log.info("found to be %s: %s (data.kinds can say otherwise)", kind, ", ".join(names))
    schema = rows.collect_schema()
    texts = [name for name, kind in found.items() if kind == "categorical" and schema[name] == pl.String]
    for told in mixed(rows, texts):
        context.log.warning("%s", told)


def _check_weight(table: Rows, rows: pl.LazyFrame, kinds: Mapping[str, str]) -> None:
    """Whether every row's weight is a number that weights can be."""
    name = table.weight
    if name is None:
        return
    what = f"data.weight: '{name}' is {kinds[name]}"
    if kinds[name] in NUMBERS:
        value = pl.col(name).cast(pl.Float64)
        fits = (value.is_finite() & (value >= 0)).fill_null(value=False)
        odd = rows.select((~fits).sum()).collect(engine="streaming").item()
        if not odd:
            return
        what = f"data.weight: '{name}' is missing, infinite or negative in {odd} rows"
    hint = f"weights are numbers from 0 up; rules can mend them: data.rules.{name}"
    raise DataError(what, where=Place("data.weight"), hint=hint, code="weight")


def _check_names(table: Rows, names: list[str]) -> None:
    """Whether the source has the columns that the config names, or something makes them."""
    made = [*names, *table.derive, *table.windows]
    for field, columns in _named(table).items():
        for name in columns:
            if name in made or any(name.startswith(f"{join}_") for join in table.join):
                continue
            known = [*made, AFTER] if field.startswith("available_at.") and name not in table.available_at else made
            check_columns([name], known, f"data.{field}")


def _named(table: Rows) -> dict[str, list[str]]:
    """Field to the columns it names."""
    roles = {
        "time": table.time, "group": table.group, "weight": table.weight, "split.column": table.split.column,
    }  # fmt: skip
    found = {"target": list(table.targets)} | {field: [name] for field, name in roles.items() if name}
    found |= {"drop": list(table.drop), "sensitive": list(table.sensitive)}
    found |= {f"kinds.{name}": [name] for name in table.kinds} | {f"rules.{name}": [name] for name in table.rules}
    times = {name: [name] if when == AFTER else [name, when] for name, when in table.available_at.items()}
    return found | {f"available_at.{name}": columns for name, columns in times.items()}


def _check_roles(table: Rows, names: list[str]) -> None:
    """Whether columns that play a part are still there."""
    for field, columns in _named(table).items():
        if field == "drop" or field.startswith(("rules.", "kinds.", "available_at.")):
            continue
        for name in columns:
            if name in table.drop:
                at = f"data.{field}"
                what = f"{at} names '{name}', which data.drop leaves out"
                raise DataError(what, where=Place(at), code="dropped-column")
            check_columns([name], names, f"data.{field}")
