"""Runs that are asked for, as SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from headway.errors import UsageError
from headway.store.runs import OPERATORS, Condition, RunFilter

COLUMNS = (
    'id, name, "group", label, status, created, seconds, overrides, config, seed, git, versions, error, note,'
    " attempt_of, (select json_group_array(tag) from tags where tags.run = runs.id) as tags"
)
"""The columns of `headway.store.Run`; its stages come apart."""

PLAIN = {"created": "rowid", "seconds": "seconds", "name": "name", "status": "status"}
"""Fields of a run itself by which runs are sorted."""

Term = tuple[str, list[Any]]
"""A piece of SQL and its values."""


def selection(wanted: RunFilter) -> Term:
    """The query for the ids of runs, in their order; whether they are alive is left to the caller.

    Ids alone are sorted, for a whole row costs a hundred times as much.
    """
    terms: list[Term] = []
    if wanted.name is not None:
        terms.append(("name = ?", [wanted.name]))
    if wanted.group is not None:
        terms.append(('"group" = ?', [wanted.group]))
    if wanted.statuses:
        stored = {*wanted.statuses} | ({"running"} if "interrupted" in wanted.statuses else set())
        terms.append(("status in (select value from json_each(?))", [json.dumps(sorted(stored))]))
    terms += [("id in (select run from tags where tag = ?)", [tag]) for tag in wanted.tags]
    if wanted.since is not None:
        terms.append(("created >= ?", [wanted.since]))
    terms += [_holds(condition) for condition in wanted.where]
    where = " and ".join(f"({term})" for term, _ in terms) or "true"
    order, values = _order(wanted.sort)
    query = f"select id from runs where {where} order by {order}"  # noqa: S608 - every value is bound
    return query, [value for _, bound in terms for value in bound] + values


def _order(sort: str) -> Term:
    field, direction = sort.removeprefix("-"), "desc" if sort.startswith("-") else "asc"
    if field in PLAIN:
        return f"{PLAIN[field]} {direction} nulls last, rowid desc", []
    (metric, names), path = _metric(field), _path(field)
    value = (
        f"case when exists (select 1 from metrics where {metric})"  # noqa: S608 - every value is bound
        f" then (select value from metrics where {metric} and metrics.run = runs.id) else json_extract(config, ?) end"
    )
    return f"{value} {direction} nulls last, rowid desc", [*names, *names, path]


def _holds(condition: Condition) -> Term:
    """The metric satisfies the condition, or the config value if there is no metric of that name."""
    _refuse(condition)
    known, names = _metric(condition.field)
    (metric, metrics), (config, values) = _metric_holds(condition), _config_holds(condition)
    term = f"case when exists (select 1 from metrics where {known}) then {metric} else {config} end"  # noqa: S608
    return term, [*names, *metrics, *values]


def _refuse(condition: Condition) -> None:
    operator = condition.operator
    if operator != "exists" and operator not in OPERATORS:
        raise UsageError(f"unknown operator '{operator}'", hint=f"there are: {' '.join(OPERATORS)}", code="filter")
    if operator not in ("exists", "=", "!=") and _types(condition.value) != NUMBERS:
        raise UsageError(
            f"{condition.field}{operator}{condition.value}: only numbers have an order",
            hint="use = or !=",
            code="filter",
        )


def _metric_holds(condition: Condition) -> Term:
    metric, names = _metric(condition.field)
    compared, values = "true", []
    if condition.operator != "exists":
        if _types(condition.value) == NUMBERS:
            compared, values = f"value {condition.operator} ?", [condition.value]
        elif condition.operator == "=":
            compared = "false"
    return f"id in (select run from metrics where {metric} and {compared})", [*names, *values]  # noqa: S608


def _config_holds(condition: Condition) -> Term:
    path, types = _path(condition.field), _types(condition.value)
    if condition.operator == "exists":
        return "json_type(config, ?) is not null", [path]
    operator = "is" if condition.operator in ("=", "!=") else condition.operator
    same = f"json_type(config, ?) in {types} and json_extract(config, ?) {operator} ?"
    value = condition.value
    stored = json.dumps(value, separators=(",", ":")) if isinstance(value, list | dict) else value
    if condition.operator == "!=":
        return f"json_type(config, ?) is not null and not ({same})", [path, path, path, stored]
    return f"({same})", [path, path, stored]


NUMBERS = "('integer', 'real')"


def _types(value: Any) -> str:
    """SQLite's names of the JSON types that a value can be equal to."""
    if isinstance(value, bool):
        return "('true', 'false')"
    if isinstance(value, int | float):
        return NUMBERS
    if value is None:
        return "('null')"
    return "('text')" if isinstance(value, str) else "('array', 'object')"


def _metric(field: str) -> Term:
    """The final metric that a dotted name means, wherever the stage ends and the metric begins."""
    parts = field.split(".")
    splits = [(".".join(parts[:at]), ".".join(parts[at:])) for at in range(1, len(parts))]
    if not splits:
        return "false", []
    pairs = ", ".join("(?, ?)" for _ in splits)
    return f"step is null and (name, stage) in (values {pairs})", [text for split in splits for text in split[::-1]]


def _path(field: str) -> str:
    """The JSON path of a dotted name."""
    return "$" + "".join(f'."{part}"' for part in field.replace('"', "").split("."))


__all__: Sequence[str] = ("COLUMNS", "selection")
