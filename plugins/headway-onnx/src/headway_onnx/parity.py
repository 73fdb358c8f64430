"""The parity gate: what a merged graph must prove before anything reads it.

Four checks, each on every split or on generated rows (see `headway_onnx.probes`). Of a split with more rows than
`headway_onnx.subject` allows, so many are read and checked, spread over all of it:

* ``training arrays``: the features' graph gives the arrays the model was trained on, bit for bit, from
  the raw rows. Nothing is served that was not trained on. Exempt are positions of training rows that were
  fitted out of fold; in all other splits they are held too.
* ``framework``: the merged graph agrees with the model's own ``predict`` within the tolerance, on rows of
  ordinary size (see `headway_onnx.subject.MAGNITUDE`).
* ``batches``: a row gets the same bits in batches of all `SIZES`, at the start or the end of one, and whether its
  strings come one by one or as distinct values (see `headway.contracts.Strings`).
* ``outputs``: every output is finite, and probabilities (of classes, of labels) are probabilities.

A mean of predictors is held to ``batches``, ``outputs``, and in place of the others to ``members``: it is the mean of
what each of them gives by its own graph, bit for bit where batch sizes must not change a bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from headway.contracts import (
    CHUNK,
    Model,
    Output,
    Predictor,
    Runtime,
    parts_of,
    run_chunked,
)
from headway.errors import HeadwayError

from headway_onnx.comparison import Difference, compare, compare_outputs
from headway_onnx.probes import count, distinct, join, plain, take
from headway_onnx.subject import GENERATED, Rows, Subject

if TYPE_CHECKING:
    import numpy as np

    from headway_onnx.probes import Arrays, Feeds

SIZES = (1, 2, 3, 7, 8, 16, 40, 51, 129, CHUNK)
"""Batch sizes; 1 and N alone would miss trees in float32. The last is less where a graph is given fewer rows at a time
(see `headway.contracts.Runtime.chunk`)."""

SAMPLE = 512
"""Rows that are run at each of the smaller sizes."""

MEMORY = 2**29
"""Bytes of input in the largest batch; rows of images may need a smaller one than the last size."""

PROBABILITY = 1e-5
"""How far the sum of a row's probabilities may be from 1: float32's rounding over many classes."""


class ParityError(HeadwayError):
    """An exported graph that does not give the answers of what it was exported from."""


@dataclass(frozen=True)
class Tolerance:
    """How far apart answers may be.

    Attributes:
        atol: Absolutely.
        rtol: Relative to the largest absolute value of the output.
        require_bit_equal: Whether batch sizes must not change a bit; otherwise the tolerance holds.
    """

    atol: float
    rtol: float
    require_bit_equal: bool = True


@dataclass(frozen=True)
class Result:
    """The verdict of one check on one array and one set of rows.

    Attributes:
        check: The check's name.
        rows_of: The split, or `GENERATED`; for batches, with the size.
        array: The array or output.
        rows: How many rows were compared.
        max_difference: The largest absolute difference; None if it is not finite.
        unequal: Rows that are not equal bit for bit.
        flips: Rows that lead to another decision.
        tolerance: The difference that was allowed; 0 where bits had to be equal.
        passed: The verdict.
        worst: The position of the worst row.
        exempt: How many positions of the array were not compared (see `headway.contracts.ArraySpec.out_of_fold`).
    """

    check: str
    rows_of: str
    array: str
    rows: int
    max_difference: float | None
    unequal: int
    flips: int
    tolerance: float
    passed: bool
    worst: int
    exempt: int = 0


def check(subject: Subject, tolerance: Tolerance) -> dict[str, Any]:
    """Runs all checks.

    Returns:
        The evidence, as JSON types: every result, the batch sizes, what ran the graph.

    Raises:
        ParityError: A check failed; all that did are named, with their worst rows and figures.
        DataError: The data have no rows.
    """
    _require_outputs(subject)
    results = [*_arrays(subject), *_framework(subject, tolerance), *_batches(subject, tolerance), *_outputs(subject)]
    return _evidence(subject, results, tolerance)


def check_mean(subject: Rows, members: Mapping[str, Predictor], weights: Sequence[float], tolerance: Tolerance) -> Any:
    """Runs the checks of a mean of predictors: ``members``, ``batches`` and ``outputs``.

    Args:
        subject: The predictor that gives the mean, and the rows.
        members: What it is the mean of.
        weights: One a member.
        tolerance: For batch sizes and members, if bits may differ there.

    Returns:
        The evidence, as `check` gives it.

    Raises:
        ParityError: As `check` does.
    """
    means = _means(subject, members, weights, tolerance)
    results = [*means, *_batches(subject, tolerance), *_outputs(subject)]
    return _evidence(subject, results, tolerance)


def _means(
    subject: Rows, members: Mapping[str, Predictor], weights: Sequence[float], tolerance: Tolerance
) -> Iterator[Result]:
    """The mean beside that of what each member's own graph gives, one member open at a time."""
    from headway_onnx.averaging import mean

    rows = {**subject.real, GENERATED: subject.generated}
    given: dict[str, list[Arrays]] = {of: [] for of in rows}
    for member in members.values():
        runtime = member.graph.open(subject.lookup)
        for of, feeds in rows.items():
            given[of].append(run_chunked(runtime, feeds))
    for of in rows:
        means = {o.name: mean([arrays[o.name] for arrays in given[of]], weights) for o in subject.outputs}
        for difference in compare_outputs(subject.outputs, subject.answers(of), means):
            yield _exact("members", of, difference, tolerance)


def _evidence(subject: Rows, results: Sequence[Result], tolerance: Tolerance) -> dict[str, Any]:
    """What the checks found; raises `ParityError` if one failed."""
    failed = [result for result in results if not result.passed]
    if failed:
        raise ParityError(
            f"the exported graph failed {len(failed)} of {len(results)} checks: "
            + "; ".join(_told(subject, result) for result in failed[:8]),
            hint="the checks are described in headway_onnx.parity; mend the features or the model, or, for differences "
            "that are rounding, set atol, rtol or require_bit_equal of this stage",
            code="parity",
        )
    return {
        "passed": True,
        "checks": [{k: v for k, v in asdict(result).items() if k != "worst"} for result in results],
        "rows": {split: _rows(subject, split) for split in subject.real},
        "tolerance": asdict(tolerance),
        "batch_sizes": list(_sizes(subject)),
        "runtime": _runtime(subject.predictor),
    }


def _rows(subject: Rows, split: str) -> dict[str, int]:
    return {"checked": count(subject.real[split]), "of": len(subject.features.source(split))}


def require_rows(subject: Rows) -> None:
    """Raises `ParityError` if there is no row to check."""
    if not subject.real:
        raise ParityError("there are no rows to check the graph on", hint="give the dataset rows", code="parity-rows")


def _require_outputs(subject: Subject) -> None:
    require_rows(subject)
    given = set(subject.merged.run(take(subject.fitted, slice(1))))
    lacking = [output.name for output in subject.outputs if output.name not in given]
    if lacking:
        raise ParityError(
            f"the graph gives {', '.join(sorted(given))}, the model promises {', '.join(lacking)} too",
            hint="name the outputs of Model.export() as Model.outputs",
            code="export-outputs",
        )


def metrics(evidence: Mapping[str, Any]) -> dict[str, float]:
    """The figures worth recording: differences from framework or members, flips, and bit-equality over batches."""
    framework = [result for result in evidence["checks"] if result["check"] in ("framework", "members")]
    batches = [result for result in evidence["checks"] if result["check"] == "batches"]
    return {
        "parity.max_difference": max(result["max_difference"] for result in framework),
        "parity.flips": float(sum(result["flips"] for result in framework)),
        "parity.batch_flips": float(sum(result["flips"] for result in batches)),
        "parity.batch_unequal_rows": float(sum(result["unequal"] for result in batches)),
    }


def _runtime(predictor: Predictor) -> dict[str, Any]:
    if "onnx" not in [part.runtime for part in parts_of(predictor.graph)]:
        return {"name": predictor.graph.runtime}
    import onnxruntime  # type: ignore[import-untyped]

    version = onnxruntime.__version__
    return {"name": predictor.graph.runtime, "onnxruntime": version, "providers": ["CPUExecutionProvider"]}


def _arrays(subject: Subject) -> Iterator[Result]:
    for split in subject.real:
        given, trained = subject.given(split), subject.trained(split)
        for spec in subject.features.arrays:
            exempt = subject.exempt(split, spec)
            pair = (_without(arrays[spec.name], exempt) for arrays in (given, trained))
            result = _bitwise("training arrays", split, compare(spec.name, *pair))
            yield replace(result, exempt=len(exempt))


def _without(array: np.ndarray, positions: Sequence[int]) -> np.ndarray:
    """The array without those positions along its last axis."""
    import numpy as np

    return np.delete(array, positions, axis=-1) if positions else array


def _framework(subject: Subject, tolerance: Tolerance) -> Iterator[Result]:
    for split in subject.real:
        # Of rows that were trained on out-of-fold values, the graph's own are what is served.
        own = any(subject.exempt(split, spec) for spec in subject.features.arrays)
        arrays = subject.given(split) if own else subject.trained(split)
        yield from _agreement(subject, tolerance, split, subject.answers(split), arrays)
    rows = subject.ordinary
    if count(rows):
        answers = run_chunked(subject.merged, rows)
        yield from _agreement(subject, tolerance, GENERATED, answers, run_chunked(subject.transform, rows))


def _agreement(subject: Subject, tolerance: Tolerance, of: str, answers: Arrays, arrays: Arrays) -> Iterator[Result]:
    names = [spec.name for spec in subject.model.inputs]
    own = _predicted(subject.model, {name: arrays[name] for name in names})
    for difference in compare_outputs(subject.outputs, answers, own):
        yield _close("framework", of, difference, tolerance)


def _predicted(model: Model, arrays: Arrays) -> Arrays:
    starts = range(0, count(arrays), CHUNK)
    return join([model.predict({n: a[start : start + CHUNK] for n, a in arrays.items()}) for start in starts])


def _batches(subject: Rows, tolerance: Tolerance) -> Iterator[Result]:
    generated = subject.generated if tolerance.require_bit_equal else subject.ordinary
    for of, rows in (("real rows", subject.fitted), (GENERATED, generated)):
        if not count(rows):
            continue
        for size, differences in _by_size(subject, rows):
            for difference in differences:
                name = f"{of} in batches of {size}"
                yield _exact("batches", name, difference, tolerance)


def _by_size(subject: Rows, rows: Feeds) -> Iterator[tuple[int, list[Difference]]]:
    """Each size's answers against those of one batch of the largest size."""
    import numpy as np

    *sizes, largest = _sizes(subject)
    positions = np.resize(np.arange(min(count(rows), largest)), largest)
    reference = subject.merged.run(distinct(take(rows, positions)))
    for size in sizes:
        chosen = _sample(min(count(rows), largest), size)
        given = _in_batches(subject.merged, plain(take(rows, chosen)), size)
        yield size, compare_outputs(subject.outputs, given, take(reference, chosen))
    # The largest batch is compared with itself backwards: every row at another place among others.
    given = subject.merged.run(plain(take(rows, positions[::-1])))
    yield largest, compare_outputs(subject.outputs, given, take(reference, np.arange(largest)[::-1]))


def _sample(rows: int, size: int) -> np.ndarray:
    """Positions spread over all rows; as many as fill batches of `size`."""
    import numpy as np

    wanted = -(-min(rows, SAMPLE) // size) * size
    return np.linspace(0, rows, wanted, endpoint=False).astype(np.int64)


def _in_batches(runtime: Runtime, rows: Arrays, size: int) -> Arrays:
    starts = range(0, count(rows), size)
    return join([runtime.run({n: a[start : start + size] for n, a in rows.items()}) for start in starts])


def _sizes(subject: Rows) -> tuple[int, ...]:
    row = sum(array[:1].nbytes for array in subject.fitted.values())
    return (*SIZES[:-1], max(SIZES[-2] + 1, min(subject.merged.chunk, MEMORY // max(row, 1))))


def _outputs(subject: Rows) -> Iterator[Result]:
    for of in (*subject.real, GENERATED):
        given = subject.answers(of)
        for output in subject.outputs:
            yield _sound(of, output, given[output.name])


def _sound(of: str, output: Output, array: np.ndarray) -> Result:
    """Finite values; probabilities also none below 0, and sums of 1 within float32's rounding, those of labels 1 each
    at most.
    """
    import numpy as np

    far = np.zeros(len(array))
    if array.dtype.kind == "f" and array.size:
        flat = array.reshape(len(array), -1)
        if output.kind == "probability":
            shares = array.reshape(len(array), -1, array.shape[-1]).astype(np.float64)
            far = np.maximum(np.abs(shares.sum(axis=-1) - 1).max(axis=-1), -flat.min(axis=1))
        if output.kind == "marginal":
            far = np.maximum(flat.max(axis=1) - 1, -flat.min(axis=1)).astype(np.float64)
        far = np.where(np.isfinite(flat).all(axis=1), far, np.inf)
    wrong = int(np.count_nonzero(far > PROBABILITY))
    largest, worst = float(far.max(initial=0.0)), int(far.argmax()) if len(far) else 0
    finite = largest if np.isfinite(largest) else None
    return Result("outputs", of, output.name, len(array), finite, wrong, 0, PROBABILITY, not wrong, worst)


def _exact(name: str, of: str, difference: Difference, tolerance: Tolerance) -> Result:
    """Bit for bit, where the tolerance requires it: members may be given other numbers of rows at a time."""
    if tolerance.require_bit_equal:
        return _bitwise(name, of, difference)
    return _close(name, of, difference, tolerance)


def _bitwise(name: str, of: str, difference: Difference) -> Result:
    return _result(name, of, difference, 0.0, passed=not difference.unequal)


def _close(name: str, of: str, difference: Difference, tolerance: Tolerance) -> Result:
    allowed = tolerance.atol + tolerance.rtol * difference.scale
    return _result(name, of, difference, allowed, passed=difference.largest <= allowed)


def _result(name: str, of: str, difference: Difference, allowed: float, *, passed: bool) -> Result:
    largest = difference.largest if difference.largest < float("inf") else None
    return Result(
        name,
        of,
        difference.name,
        difference.rows,
        largest,
        difference.unequal,
        difference.flips,
        allowed,
        passed,
        difference.worst,
    )


def _told(subject: Rows, result: Result) -> str:
    far = "without a bound" if result.max_difference is None else f"by up to {result.max_difference:.3g}"
    if result.check == "outputs":
        what = f"{result.unequal} of {result.rows} rows of '{result.array}' are not finite or no probabilities"
    else:
        what = f"'{result.array}' is different in {result.unequal} of {result.rows} rows, {far}"
        what += f" (allowed: {result.tolerance:.3g}), {result.flips} decisions flip"
    row = int(subject.positions(result.rows_of)[result.worst]) if result.rows_of in subject.real else result.worst
    return f"{result.check}, {result.rows_of}: {what}; worst is row {row}{_shown(subject, result)}"


def _shown(subject: Rows, result: Result) -> str:
    """The raw values of the worst row, where the result's rows are a split or the generated ones."""
    generated = subject.ordinary if result.check == "framework" else subject.generated
    rows = subject.real.get(result.rows_of, generated if result.rows_of == GENERATED else None)
    if rows is None or result.worst >= count(rows):
        return ""
    values = {name: array[result.worst] for name, array in rows.items() if array.ndim == 1}
    return " (" + ", ".join(f"{name}={str(value)[:40]}" for name, value in values.items()) + ")"
