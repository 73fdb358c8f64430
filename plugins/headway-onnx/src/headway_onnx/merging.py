"""Two graphs in one: what the first gives, the second takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headway_onnx.protos import GraphError, parse, pin, strip, type_name, type_of

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, ValueInfoProto


def merge(
    first: ModelProto | bytes,
    second: ModelProto | bytes,
    links: Mapping[str, str] | None = None,
    *,
    keep: Collection[str] = (),
    prefixes: tuple[str, str] = ("first/", "second/"),
) -> ModelProto:
    """One graph that feeds outputs of `first` to inputs of `second`.

    Inputs of the result are the inputs of `first`, then those inputs of `second` that are not linked; an
    input that both have is one input, read by both. Outputs are all outputs of `second`, then the
    outputs of `first` named in `keep`, whether `second` takes them or not; other outputs of `first`
    vanish, and nodes that then serve nothing with them. All other names are prefixed, so that they
    cannot collide. The result is stripped and pinned (see `headway_onnx.protos`); write it with `to_bytes`.

    Args:
        first: The graph that comes first; parsed under the rules of `parse` if given as bytes.
        second: The graph that comes next.
        links: Input of `second` to output of `first`; several inputs may take the same output. By
            default every input of `second` takes the output of its own name, where there is one.
        keep: Outputs of `first` that stay outputs.
        prefixes: For the inner names of `first` and of `second`.

    Returns:
        A new graph; the given ones are left as they are.

    Raises:
        GraphError: Nothing is linked, a name is unknown, linked types differ, a name would mean two
            things, or the graphs are for other opsets.
    """
    one, two = _prepared(first), _prepared(second)
    links = _default_links(one, two) if links is None else links
    _check_links(one.graph, two.graph, links)
    _check_names(one.graph, two.graph, links, keep)
    fixed = {value.name: value.name for value in one.graph.input} | {name: name for name in keep}
    part_one = _Part(one, _renaming(one.graph, prefixes[0], fixed), prefixes[0])
    fixed = _fixed_names(two.graph, links, part_one.names)
    part_two = _Part(two, _renaming(two.graph, prefixes[1], fixed), prefixes[1])
    merged = _joined(part_one, part_two)
    present = {value.name for value in one.graph.input}
    merged.graph.input.extend(v for v in two.graph.input if v.name not in links and v.name not in present)
    merged.graph.output.extend(value for value in one.graph.output if value.name in keep)
    return _pruned(merged)


@dataclass(frozen=True)
class _Part:
    """One of the graphs, the new name of every value in it, and the prefix of its nodes."""

    model: ModelProto
    names: Mapping[str, str]
    prefix: str


def rename(model: ModelProto, fixed: Mapping[str, str], prefix: str) -> ModelProto:
    """A copy with new names: those in `fixed` as given there, all others prefixed.

    Args:
        model: Any graph.
        fixed: Old to new name, for inputs and outputs.
        prefix: For the names of other values, and of all nodes.
    """
    part = _Part(model, _renaming(model.graph, prefix, fixed), prefix)
    renamed = type(model)()
    renamed.CopyFrom(model)
    for field in ("node", "initializer", "sparse_initializer", "value_info"):
        renamed.graph.ClearField(field)
    _append(renamed.graph, part)
    for value in (*renamed.graph.input, *renamed.graph.output):
        value.name = part.names[value.name]
    return renamed


def _prepared(model: ModelProto | bytes) -> ModelProto:
    return pin(strip(parse(model) if isinstance(model, bytes) else model))


def _default_links(first: ModelProto, second: ModelProto) -> dict[str, str]:
    given = {value.name for value in first.graph.output}
    return {value.name: value.name for value in second.graph.input if value.name in given}


def _check_links(first: GraphProto, second: GraphProto, links: Mapping[str, str]) -> None:
    outputs = {value.name: value for value in first.output}
    inputs = {value.name: value for value in second.input}
    if not links:
        raise _misfit(f"the second graph takes none of {sorted(outputs)}; it takes {sorted(inputs)}")
    for taken, given in links.items():
        if taken not in inputs or given not in outputs:
            raise _misfit(
                f"'{given}' cannot become '{taken}': there are outputs {list(outputs)}, inputs {list(inputs)}"
            )
        _check_same_type(outputs[given], inputs[taken])


def _check_same_type(given: ValueInfoProto, taken: ValueInfoProto) -> None:
    one, two = type_name(type_of(given)), type_name(type_of(taken))
    if one != two:
        raise _misfit(f"'{given.name}' is {one}, '{taken.name}' must be {two}")
    ranks = [len(value.type.tensor_type.shape.dim) for value in (given, taken)]
    if ranks[0] != ranks[1]:
        raise _misfit(f"'{given.name}' has {ranks[0]} axes, '{taken.name}' must have {ranks[1]}")


def _check_names(first: GraphProto, second: GraphProto, links: Mapping[str, str], keep: Collection[str]) -> None:
    unknown = set(keep) - {value.name for value in first.output}
    if unknown:
        raise _misfit(f"there is no output '{min(unknown)}' to keep")
    inputs = {value.name: value for value in first.input}
    for value in second.input:
        if value.name in links:
            continue
        if value.name in inputs:
            _check_same_type(inputs[value.name], value)
        if value.name in keep:
            raise _misfit(f"'{value.name}' would be both an input and an output")
    taken = {value.name for value in second.output} & ({*inputs, *keep} | _free(second, links))
    if taken:
        raise _misfit(f"output '{min(taken)}' of the second graph is a name of the first as well")


def _free(graph: GraphProto, links: Mapping[str, str]) -> set[str]:
    return {value.name for value in graph.input if value.name not in links}


def _fixed_names(second: GraphProto, links: Mapping[str, str], names_one: Mapping[str, str]) -> dict[str, str]:
    fixed = {value.name: value.name for value in (*second.input, *second.output)}
    return fixed | {taken: names_one[given] for taken, given in links.items()}


def _renaming(graph: GraphProto, prefix: str, fixed: Mapping[str, str]) -> dict[str, str]:
    values = [*graph.input, *graph.output, *graph.initializer]
    names = [value.name for value in values] + [tensor.values.name for tensor in graph.sparse_initializer]
    names += [output for node in graph.node for output in node.output]
    # An absent optional input is written as an empty name, which must stay empty.
    return {"": ""} | {name: fixed.get(name, prefix + name) for name in names if name}


def _joined(one: _Part, two: _Part) -> ModelProto:
    from onnx import ModelProto, helper

    merged = ModelProto(ir_version=one.model.ir_version)
    graph = merged.graph
    graph.name = one.model.graph.name
    for part in (one, two):
        _append(graph, part)
    graph.input.extend(one.model.graph.input)
    graph.output.extend(two.model.graph.output)
    for value in two.model.graph.output:
        if two.names[value.name] != value.name:  # the second graph hands one of its inputs through
            graph.node.append(helper.make_node("Identity", [two.names[value.name]], [value.name], name=value.name))
    opsets = {entry.domain: entry for part in (one, two) for entry in part.model.opset_import}
    merged.opset_import.extend(opsets[domain] for domain in sorted(opsets))
    return merged


def _append(target: GraphProto, part: _Part) -> None:
    graph = part.model.graph
    for tensor in graph.initializer:
        target.initializer.add().CopyFrom(tensor)
        target.initializer[-1].name = part.names[tensor.name]
    for sparse in graph.sparse_initializer:
        target.sparse_initializer.add().CopyFrom(sparse)
        target.sparse_initializer[-1].values.name = part.names[sparse.values.name]
    for position, node in enumerate(graph.node):
        target.node.add().CopyFrom(node)
        target.node[-1].name = part.prefix + (node.name or f"{node.op_type}/{position}")
        target.node[-1].input[:] = [part.names[name] for name in node.input]
        target.node[-1].output[:] = [part.names[name] for name in node.output]


def _pruned(model: ModelProto) -> ModelProto:
    """The model without nodes and constants that no output needs."""
    graph = model.graph
    needed = {value.name for value in graph.output}
    nodes = []
    for node in reversed(graph.node):
        if needed & set(node.output):
            nodes.append(node)
            needed |= set(node.input)
    tensors = [tensor for tensor in graph.initializer if tensor.name in needed]
    sparse = [tensor for tensor in graph.sparse_initializer if tensor.values.name in needed]
    for field, kept in (("node", nodes[::-1]), ("initializer", tensors), ("sparse_initializer", sparse)):
        copies = [type(item).FromString(item.SerializeToString()) for item in kept]
        del getattr(graph, field)[:]
        getattr(graph, field).extend(copies)
    return model


def _misfit(what: str) -> GraphError:
    return GraphError(f"the graphs do not fit together: {what}", hint="mend names and types", code="graph-merge")
