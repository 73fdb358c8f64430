"""Runs one ONNX file by onnxruntime, on the processor, with the same answer at every batch size."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from headway.contracts import Feed, Lookup, Runtime, Strings
from headway.errors import DataError, HeadwayError
from headway.naming import nearest

if TYPE_CHECKING:
    import numpy as np

    from headway_onnx.cutting import Cut

THREADS = "HEADWAY_THREADS"
"""The environment variable that says how many threads one graph may use."""

_NUMPY = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int8)": "int8",
    "tensor(int16)": "int16",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(uint8)": "uint8",
    "tensor(uint16)": "uint16",
    "tensor(uint32)": "uint32",
    "tensor(uint64)": "uint64",
    "tensor(bool)": "bool",
    "tensor(string)": "object",
}


@dataclass(frozen=True)
class Input:
    """One input of a graph.

    Attributes:
        name: Its name.
        dtype: numpy's name of the element type; ``object`` for strings.
        shape: Its axes; None where any length will do.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class OnnxRuntime(Runtime):
    """An open graph. Threads may share it; registered as the runtime ``onnx``.

    Attributes:
        inputs: What it takes.
        outputs: Names of what it gives.
    """

    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    _session: Any = field(repr=False)
    _content: bytes = field(repr=False)

    @classmethod
    def load(cls, files: Mapping[str, bytes], lookup: Lookup | None = None) -> Self:
        """Opens a graph of one file, ``model.onnx``.

        Digests are for the caller to check before; the content is checked here before onnxruntime sees
        it: its size, that nothing lies outside the file, and that each operator is in the allow-list.
        Nothing is looked up.

        Raises:
            GraphError: The files break those rules.
        """
        from headway_onnx.protos import FILE, GraphError, parse

        if set(files) != {FILE}:
            raise GraphError(
                f"an onnx graph is the one file {FILE}, found: {', '.join(sorted(files)) or 'none'}",
                hint="export it again",
                code="graph-files",
            )
        parse(files[FILE])
        session = open_session(files[FILE])
        inputs = tuple(_feed(value) for value in session.get_inputs())
        return cls(inputs, tuple(value.name for value in session.get_outputs()), session, files[FILE])

    @cached_property
    def chunk(self) -> int:
        """Rows it is given at a time, after the largest value it computes for one."""
        from headway_onnx.memory import rows_at_a_time

        return rows_at_a_time(self._content)

    @cached_property
    def _cut(self) -> Cut:
        """The graph in two, opened when distinct strings are first given: scoring single rows needs it never.

        Threads that need it at once may each open it; one of them stays.
        """
        from headway_onnx.cutting import cut

        return cut(self._content, open_session)

    def run(self, feeds: Mapping[str, Feed]) -> dict[str, np.ndarray]:
        """All outputs for the given inputs.

        Args:
            feeds: An array for each input, of exactly its type and shape (nothing is cast); strings as
                an object array of str, without None, or as `Strings`, each of which is then encoded once.

        Returns:
            Output name to array, rows first.

        Raises:
            DataError: Inputs are missing, unknown or do not fit; all of them are named.
            GraphError: An operator failed, such as a look-up beyond its table.
        """
        faults = _faults(self.inputs, feeds)
        if faults:
            raise DataError("; ".join(faults), hint="give each input as the graph declares it", code="graph-input")
        distinct = any(isinstance(feed, Strings) for feed in feeds.values())
        try:
            given = self._cut.run(feeds) if distinct else self._session.run(None, dict(feeds))
        except Exception as error:  # as in open_session
            raise _failed("run", error) from error
        return dict(zip(self.outputs, given, strict=True))


def open_session(content: bytes) -> Any:
    """A session of onnxruntime under the rules of this package; raises `GraphError` if it cannot be opened."""
    import onnxruntime  # type: ignore[import-untyped]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3  # errors; what is lower speaks of the graph's authors, not to users
    # Without packed weights a matrix product takes another path for small batches: other bits.
    options.add_session_config_entry("session.disable_prepacking", "0")
    # Threads that wait for work by spinning take the cores from whoever prepares the next rows.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no base class
        raise _failed("open", error) from error


def _failed(what: str, error: Exception) -> HeadwayError:
    from headway_onnx.protos import GraphError

    return GraphError(f"onnxruntime cannot {what} the graph: {error}", hint="export it again", code=f"graph-{what}")


def threads() -> int:
    """Threads of one graph: ``HEADWAY_THREADS``, or the number of cores but at most 4.

    Raises:
        DataError: The variable is no positive number.
    """
    given = os.environ.get(THREADS)
    if given is None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        return min(cores or 1, 4)
    if not given.isdecimal() or int(given) < 1:
        raise DataError(f"{THREADS} is '{given}', not a positive number", hint=f"export {THREADS}=2", code="threads")
    return int(given)


def _feed(value: Any) -> Input:
    shape = tuple(axis if isinstance(axis, int) else None for axis in value.shape)
    return Input(value.name, _NUMPY[value.type], shape)


def _faults(inputs: tuple[Input, ...], feeds: Mapping[str, Feed]) -> list[str]:
    known = {wanted.name for wanted in inputs}
    faults = [_unknown(name, known) for name in feeds if name not in known]
    for wanted in inputs:
        if wanted.name not in feeds:
            faults.append(f"input '{wanted.name}' is missing")
            continue
        faults += _misfits(wanted, feeds[wanted.name])
    rows = {len(feeds[wanted.name]) for wanted in inputs if wanted.name in feeds and feeds[wanted.name].ndim}
    if len(rows) > 1:
        faults.append(f"inputs have different numbers of rows: {sorted(rows)}")
    return faults


def _unknown(name: str, known: set[str]) -> str:
    close = nearest(name, known)
    return f"there is no input '{name}'" + (f"; did you mean '{close}'?" if close else "")


def _misfits(wanted: Input, feed: Feed) -> list[str]:
    if feed.dtype.name != wanted.dtype:
        return [f"input '{wanted.name}' must be {wanted.dtype}, it is {feed.dtype.name}"]
    fits = feed.ndim == len(wanted.shape) and all(
        axis in (None, given) for axis, given in zip(wanted.shape, feed.shape, strict=True)
    )
    if not fits:
        return [f"input '{wanted.name}' must have shape {wanted.shape}, it has {feed.shape}"]
    if wanted.dtype == "object":
        items = feed.values if isinstance(feed, Strings) else feed
        wrong = [index for index, item in enumerate(items.ravel()) if type(item) is not str]
        if wrong:
            return [f"input '{wanted.name}' holds {len(wrong)} value(s) that are no str, first at {wrong[0]}"]
    return []
