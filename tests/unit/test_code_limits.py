"""The limits of the design: small modules, small functions, few constructor arguments."""

import ast
import statistics
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    path for folder in (ROOT / "framework", *(ROOT / "plugins").glob("*/src")) for path in folder.rglob("*.py")
)
TESTS = sorted(
    path for folder in (ROOT / "tests", *(ROOT / "plugins").glob("*/tests")) for path in folder.rglob("*.py")
)
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> list[FUNCTION]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, FUNCTION)]


def code_lines(function: FUNCTION) -> int:
    """Lines of the body, without the docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_there_are_modules_to_judge():
    assert len(MODULES) > 40


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_are_small(path):
    assert len(path.read_text().splitlines()) <= 400
    long = {f.name: code_lines(f) for f in functions(path) if code_lines(f) > 60}
    assert not long


def test_the_median_function_has_at_most_eight_lines():
    assert statistics.median(code_lines(f) for path in MODULES for f in functions(path)) <= 8


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_constructors_take_at_most_eight_arguments(path):
    def arguments(function):
        return len(function.args.args) + len(function.args.kwonlyargs) - 1

    assert not [f.lineno for f in functions(path) if f.name == "__init__" and arguments(f) > 8]


def test_files_of_tests_are_small_and_tell_themselves_apart_by_name():
    assert [str(path.relative_to(ROOT)) for path in TESTS if len(path.read_text().splitlines()) > 400] == []
    names = Counter(path.name for path in TESTS if path.name.startswith("test_"))
    assert len(names) > 40
    assert [name for name, times in names.items() if times > 1] == []
